//! Any bytes are read without a panic; what comes out is bounded, does not depend on how the bytes were cut, and holds
//! no planted secret.
#![no_main]

use ci_rescue::evidence::{Analyzer, Reading, Report};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";

const MIDDLE: &str = "jK9mN1pQ3sT5";

fn read(parts: &[&[u8]]) -> Reading {
    let mut analyzer = Analyzer::default();
    parts.iter().for_each(|part| analyzer.feed(part));
    analyzer.finish()
}

fuzz_target!(|data: &[u8]| {
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
    assert!(whole.evidence.failing_tests.len() <= 18 * 200);
    assert!(whole.excerpt.lines().count() <= 200);
    let said = serde_json::to_string(&Report::new("x".into(), whole.evidence)).unwrap() + &whole.excerpt;
    assert!(wide || told || !said.contains(MIDDLE), "{said}");
});
