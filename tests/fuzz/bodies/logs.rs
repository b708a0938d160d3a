//! What CI printed and left behind: logs, archives, reports.

use super::input::check_line;
use ci_rescue::evidence::archive::{self, Kind, Limits};
use ci_rescue::evidence::{Analyzer, Reading, Report};
use ci_rescue::frameworks::NAMES_KEPT;
use ci_rescue::frameworks::reports::{Cleaner, FORMATS, Item};
use std::io::{BufReader, Cursor, Read};

const SECRET: &str = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";

const MIDDLE: &str = "jK9mN1pQ3sT5";

fn read(parts: &[&[u8]]) -> Reading {
    let mut analyzer = Analyzer::default();
    for part in parts {
        analyzer.feed(part);
    }
    analyzer.finish()
}

/// Any bytes are read without a panic; what comes out is bounded, does not depend on how the bytes were cut, and holds
/// no planted secret.
pub fn analyze(data: &[u8]) {
    // The secret stands on a line of its own in the middle, after and before whatever there is.
    let middle = data.len() / 2;
    let planted = [&data[..middle], b"\nerror: token ", SECRET.as_bytes(), b" is bad\n", &data[middle..]].concat();
    // What the input says by itself was no token, or not whole.
    let told = data.windows(MIDDLE.len()).any(|part| part == MIDDLE.as_bytes());
    // Wide text is decoded by its mark: there the secret is no secret.
    let wide = planted.starts_with(&[0xff, 0xfe]) || planted.starts_with(&[0xfe, 0xff]);
    let whole = read(&[&planted]);
    let cut = planted.len() / 3;
    let parts = read(&[&planted[..cut], &planted[cut..]]);
    assert_eq!(whole.evidence, parts.evidence);
    assert_eq!(whole.excerpt, parts.excerpt);
    assert!(whole.evidence.errors.len() <= 10 && whole.evidence.frames.len() <= 10);
    assert!(whole.evidence.failing_tests.len() <= 18 * NAMES_KEPT);
    assert!(whole.excerpt.lines().count() <= 200);
    let said = serde_json::to_string(&Report::new("x".into(), whole.evidence)).unwrap() + &whole.excerpt;
    assert!(wide || told || !said.contains(MIDDLE), "{said}");
}

const LIMITS: Limits = Limits { expanded: 1 << 20, entries: 100, nesting: 1 };

/// Any bytes taken for an archive, a compressed log or a report end within the limits, without a panic.
pub fn archive(data: &[u8]) {
    let mut total = 0;
    let mut each = |name: &str, kind: Kind, source: &mut dyn Read| {
        check_line(name, 300);
        if matches!(kind, Kind::Report | Kind::Lines) {
            return archive::report(BufReader::new(source)).map(|_| ());
        }
        total += std::io::copy(source, &mut std::io::sink()).map_err(|why| why.to_string())?;
        Ok(())
    };
    let _ = archive::zip(Cursor::new(data), LIMITS, &mut each);
    let _ = archive::stream(data, LIMITS, &mut each);
    assert!(total <= 2 * LIMITS.expanded + data.len() as u64);
}

fn check_item(item: &Item) {
    const CHARS_MAX: usize = 500;
    let texts = match item {
        Item::Test(case) => vec![Some(&case.name), case.selector.as_ref(), case.file.as_ref(), case.message.as_ref()],
        Item::Finding(found) => vec![Some(&found.file), Some(&found.text)],
    };
    texts.into_iter().flatten().for_each(|text| check_line(text, CHARS_MAX));
}

/// A report is told item by item and as a whole, in clean short lines; what is beyond the limits is counted. Any reader
/// takes any bytes.
pub fn reports(data: &[u8]) {
    let mut items = Vec::new();
    let read = archive::items(data, &mut |item| items.push(item));
    items.iter().for_each(check_item);
    let report = archive::report(data);
    assert_eq!(read.is_ok(), report.is_ok());
    if let Ok(report) = report {
        let tests = items.iter().filter(|item| matches!(item, Item::Test(_))).count();
        assert_eq!((report.tests, report.tests + report.findings_total), (tests as u64, items.len() as u64));
        assert!(report.names.tests.len() <= NAMES_KEPT && report.names.tests.len() as u64 <= report.names.total);
        assert!(report.findings.len() <= NAMES_KEPT && report.names.total <= report.tests);
    }
    let plain = Cleaner { name: &str::to_owned, text: &str::to_owned };
    for format in &FORMATS {
        let _ = format.read(data, plain, &mut |item| check_item(&item));
    }
}
