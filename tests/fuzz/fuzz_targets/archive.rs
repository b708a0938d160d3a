//! Any bytes taken for an archive, a compressed log or a report end within the limits, without a panic.
#![no_main]

use ci_rescue::evidence::archive::{self, Kind, Limits};
use libfuzzer_sys::fuzz_target;
use std::io::{BufReader, Cursor, Read};

const LIMITS: Limits = Limits { expanded: 1 << 20, entries: 100, nesting: 1 };

fuzz_target!(|data: &[u8]| {
    let mut total = 0;
    let mut each = |_: &str, kind: Kind, source: &mut dyn Read| {
        if matches!(kind, Kind::Report | Kind::Lines) {
            return archive::report(BufReader::new(source)).map(|_| ());
        }
        total += std::io::copy(source, &mut std::io::sink()).map_err(|why| why.to_string())?;
        Ok(())
    };
    let _ = archive::zip(Cursor::new(data), LIMITS, &mut each);
    let _ = archive::stream(data, LIMITS, &mut each);
    assert!(total <= 2 * LIMITS.expanded + data.len() as u64);
});
