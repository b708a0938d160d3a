//! Whatever the bytes: no panic, bounded output, independent of how they arrive, and no planted secret.

use super::{read_in, text};
use ci_rescue::evidence::Report;
use proptest::prelude::*;

const SECRET: &str = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";

/// Pieces that readers and runners' marks are made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("##[group]Run "),
        Just("##[endgroup]"),
        Just("##[error]"),
        Just("\n"),
        Just("\r"),
        Just("\x1b[31m"),
        Just("^[["),
        Just("FAILED "),
        Just("tests/a.py::t"),
        Just("____ "),
        Just("  1 failing\n\n  1) a\n b:"),
        Just("[junit] Testcase: "),
        Just(" > "),
        Just(" FAILED\n"),
        Just("--- FAIL: "),
        Just("● "),
        Just("error[E0001]: "),
        Just("-----BEGIN PRIVATE KEY-----"),
        Just("-----END"),
        Just("token="),
        Just("https://a:b@"),
        Just("section_start:1:x\r"),
        Just("travis_fold:start:"),
        Just("The command \""),
        Just("2026-01-01T00:00:00.0000000Z "),
        Just("a\tb\t2026-01-01T"),
        Just("\u{feff}"),
        Just("é"),
        Just("Successfully installed a-1"),
        Just("[xUnit.net 00:00:00.1] x [FAIL]"),
        Just("<<< ERROR!"),
        Just("Time elapsed: "),
        Just("Exit code 137 SIGKILL"),
        Just("{{ 7 }}"),
        Just("Z2hwX"),
        Just("6768705f"),
        Just("%3A%2F%2F"),
        Just(".eyJ.eyJ."),
    ];
    let raw = proptest::collection::vec(any::<u8>(), 0..6);
    let any = prop_oneof![8 => piece.prop_map(|piece| piece.as_bytes().to_vec()), 1 => raw];
    proptest::collection::vec(any, 0..60).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_log_is_read_within_bounds(before in pieces(), after in pieces(), chunk in 1_usize..200) {
        let wide = before.starts_with(&[0xff, 0xfe]) || before.starts_with(&[0xfe, 0xff]);
        let log = [before, format!("\nerror: token {SECRET} is bad\n").into_bytes(), after].concat();
        let (whole, parts) = (read_in(&log, log.len()), read_in(&log, chunk));
        prop_assert_eq!(&whole.evidence, &parts.evidence);
        prop_assert_eq!(&whole.excerpt, &parts.excerpt);
        let evidence = &whole.evidence;
        prop_assert!(evidence.errors.len() <= 10 && evidence.frames.len() <= 10);
        prop_assert!(evidence.errors.iter().all(|error| error.text.raw().chars().count() <= 500));
        prop_assert!(evidence.failing_tests.iter().all(|test| test.name.raw().chars().count() <= 500));
        prop_assert!(whole.excerpt.lines().count() <= 200 && whole.excerpt.len() <= 200 * 2_100);
        let said = serde_json::to_string(&Report::new("x".into(), whole.evidence)).unwrap() + &whole.excerpt;
        prop_assert!(wide || !said.contains("jK9mN1pQ3sT5"), "{}", said);
    }
}

#[test]
fn long_lines_and_carriage_returns_do_not_depend_on_chunks() {
    for log in [
        format!("{}\nTypeError: x\n", "10 %\r".repeat(9_000)),
        format!("start\n{}\nTypeError: x\n", "10 %\r".repeat(9_000)),
        format!("{}\r{}\rerror: x", "a b ".repeat(9_000), "c\r".repeat(9_000)),
        "error: x\r".repeat(5_000),
        "y ".repeat(30_000),
    ] {
        let whole = read_in(log.as_bytes(), log.len());
        for chunk in [777, 5_000, 16_384, 16_385, 30_000] {
            let parts = read_in(log.as_bytes(), chunk);
            assert_eq!(
                (&parts.evidence, &parts.excerpt),
                (&whole.evidence, &whole.excerpt),
                "{chunk} {:?}",
                &log[..20]
            );
        }
    }
}

#[test]
fn a_real_log_cut_anywhere_is_read() {
    let Some(dir) = super::logs() else { return };
    for row in super::rows(&dir).iter().step_by(30) {
        let log = text(&dir, &row.file);
        let log = &log[..log.len().min(60_000)];
        for part in 1..8 {
            let cut = &log[log.len() * part / 16..log.len() * part / 8];
            assert!(read_in(cut, 1_000).evidence.errors.len() <= 10);
        }
    }
}
