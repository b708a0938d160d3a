//! F: no planted secret comes out of the engine (threats 97 to 103, 105, 106).

use super::{logs, read_in, text};
use ci_rescue::evidence::{Analyzer, Report, redact};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;

#[derive(Deserialize)]
struct Rules {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
pub struct Rule {
    pub id: String,
    sample: [String; 3],
}

pub fn rules() -> Vec<Rule> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/redaction.toml");
    toml::from_str::<Rules>(&std::fs::read_to_string(file).unwrap()).unwrap().rule
}

impl Rule {
    /// Lines that hold secrets of this kind, with the secrets.
    pub fn planted(&self, many: usize) -> Vec<(String, String)> {
        let [before, secret, after] = &self.sample;
        let secrets = proptest::string::string_regex(secret).unwrap();
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        (0..many)
            .map(|_| secrets.new_tree(&mut runner).unwrap().current())
            .map(|secret| (format!("{before}{secret}{after}"), secret))
            .collect()
    }
}

/// Everything that the engine says of a log.
fn said(log: &[u8]) -> String {
    let reading = read_in(log, 8_192);
    let debug = format!("{:?}", reading.evidence);
    let report = serde_json::to_string(&Report::new("x".into(), reading.evidence)).unwrap();
    format!("{debug}\n{report}\n{}", reading.excerpt)
}

/// What there is of real logs, or a small one of our own.
fn ground() -> Vec<u8> {
    let own = "2026-01-01T00:00:00.0000000Z ##[group]Run make\n2026-01-01T00:00:00.0000000Z ##[endgroup]\nbuilding\n";
    let Some(dir) = logs() else { return own.as_bytes().to_vec() };
    let rows = super::rows(&dir);
    rows.iter()
        .step_by(40)
        .map(|row| text(&dir, &row.file))
        .filter(|log| log.len() < 200_000)
        .take(4)
        .flatten()
        .collect()
}

#[test]
fn threats_097_to_102_a_thousand_secrets_of_each_kind_are_nowhere() {
    let ground = ground();
    let lines: Vec<&[u8]> = ground.split_inclusive(|b| *b == b'\n').collect();
    for rule in rules() {
        let planted = rule.planted(1_000);
        let mut log = Vec::new();
        let mut real = lines.iter().cycle();
        for (at, (line, _)) in planted.iter().enumerate() {
            log.extend_from_slice(real.next().unwrap_or(&&b""[..]));
            log.extend_from_slice(b"\n");
            // In errors, plain lines, names of tests and steps.
            let line = match at % 4 {
                0 => format!("error: cannot log in: {line}"),
                1 => line.clone(),
                2 => format!("FAILED tests/test_a.py::test_x - {line}"),
                _ => format!("2026-01-01T00:00:00.0000000Z ##[error]{line}"),
            };
            log.extend_from_slice(line.as_bytes());
            log.push(b'\n');
        }
        let said = said(&log);
        let shown: Vec<&String> =
            planted.iter().map(|(_, secret)| secret).filter(|secret| said.contains(*secret)).collect();
        assert!(shown.is_empty(), "{}: {} of 1,000 are shown, e.g. {}", rule.id, shown.len(), shown[0]);
    }
}

#[test]
fn threat_101_keys_of_several_lines_are_masked_whole() {
    let body: Vec<String> =
        (0..20).map(|n| format!("MIIEpAIBAAKCAQEA{n:02}q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM+/Az")).collect();
    for (begin, end) in [
        ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "-----END PGP PRIVATE KEY BLOCK-----"),
        ("-----BEGIN PRIVATE KEY-----", "and then something else failed: error"),
        ("Private-Lines: 14", "Private-MAC: 6730c52e494d4aba1191485053ca6f47bb619d2b"),
    ] {
        for stamp in ["", "2026-01-01T00:00:00.0000000Z ", "    ", "#12 0.345 ", "web_1  | "] {
            let mut log = format!("{stamp}error: here it comes\n{stamp}{begin}\n");
            for line in &body {
                log.push_str(&format!("{stamp}{line}\n"));
            }
            log.push_str(&format!("{stamp}{end}\n{stamp}error: after it\n"));
            assert_eq!(super::read(log.as_bytes()).redactions.get("private-key"), Some(&1), "{begin} {stamp:?}");
            let said = said(log.as_bytes());
            assert!(!said.contains("q1w2e3"), "{begin} {stamp:?}");
            assert!(said.contains("after it"));
        }
    }
    let long = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\nerror: after it\n", body.join(""));
    assert!(!said(long.as_bytes()).contains("q1w2e3") && said(long.as_bytes()).contains("after it"));
    let one_line =
        format!("key: \"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\\n\" end", body.join("\\n"));
    let masked = redact::text(&one_line, &mut redact::Counts::new()).into_owned();
    assert!(!masked.contains("q1w2e3") && masked.ends_with("end"), "{masked}");
}

#[test]
fn threat_103_neither_colours_nor_stamps_nor_line_breaks_nor_encodings_hide_one() {
    use base64::Engine;
    let token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let (head, tail) = token.split_at(20);
    let stamp = "2026-01-01T00:00:00.0000000Z ";
    for (hidden, never) in [
        (format!("error: {}\x1b[31m{}\x1b[0m", &token[..10], &token[10..]), "jK9mN1pQ3s".to_owned()),
        (format!("{stamp}error: token {head}\n{stamp}{tail} is bad"), tail[..10].to_owned()),
        (format!("error: token {head}\n{tail} is bad"), head[8..].to_owned()),
        (format!("error: {}", base64(token)), base64(token)[..20].to_owned()),
        (format!("error: {}", base64(&base64(token))), base64(&base64(token))[..24].to_owned()),
        (
            format!("error: {}", base64(&format!("{{\"token\":\"{token}\"}}"))),
            base64(&format!("{{\"token\":\"{token}\"}}"))[20..40].to_owned(),
        ),
        (
            format!("error: {}", token.bytes().map(|b| format!("{b:02x}")).collect::<String>()),
            "6768705f6142".to_owned(),
        ),
        (
            format!("error: {}", token.bytes().map(|b| format!("%{b:02X}")).collect::<String>()),
            "%67%68%70%5F%61".to_owned(),
        ),
    ] {
        let said = said(format!("begin\n{hidden}\nend of it\n").as_bytes());
        assert!(!said.contains(&never) && said.contains("end of it"), "{hidden:?}: {said}");
    }
    // Two lines that only look so stay as they are.
    let said = said(b"error: see docs/ghp_notes\nnext line is fine\n");
    assert!(said.contains("docs/ghp_notes") && said.contains("next line is fine"));
}

#[test]
fn threat_104_names_of_steps_jobs_entries_and_tests_are_masked() {
    use ci_rescue::evidence::archive;
    let token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
    let stamp = "2026-01-01T00:00:00.0000000Z";
    let ends = "##[error]Process completed with exit code 1.";
    for log in [
        format!("build\tdeploy {token}\t{stamp} {ends}\n"),
        format!("section_start:1:deploy_{token}\r\x1b[0KExecuting\nERROR: Job failed: exit code 1\n"),
        format!("##[group]Run deploy --token {token}\n##[endgroup]\n{ends}\n"),
        format!("The command \"deploy {token}\" exited with 1.\n"),
        format!("src/{token}.rs:3:1: error: no\n"),
        format!("Successfully installed {token}-1.0\n"),
        // Cut at the longest line, with a carriage return before it.
        format!("{}\rerror: token {token}\n", "x".repeat(16_340)),
        format!("error: {}{token}\n", "y ".repeat(8_180)),
    ] {
        assert!(!said(log.as_bytes()).contains("jK9mN1pQ3s"), "{}", &log[..60]);
    }
    let mut analyzer = Analyzer::new(&[&format!("test {token}")]);
    analyzer.feed(b"FAILED tests/test_a.py::test_b - x\n");
    assert!(!format!("{:?}", analyzer.finish().evidence).contains("jK9mN1pQ3s"));
    let xml = format!(
        "<testsuite><testcase classname=\"A\" name=\"x[{token}]\" file=\"{token}.py\"><failure message=\"{}{token}\"/></testcase></testsuite>",
        "y".repeat(480)
    );
    let report = archive::report(xml.as_bytes()).unwrap();
    let reading = Analyzer::default().finish().with_report(&report);
    assert!(!format!("{:?}", reading.evidence).contains("jK9mN1pQ3s"));
}

#[test]
fn what_follows_a_line_that_looks_secret_is_read() {
    for (log, kept) in [
        ("TOKEN=test1\nFAILED tests/test_a.py::test_b - x\n", "tests/test_a.py::test_b"),
        ("NPM_TOKEN=\nNODE_VERSION=20.11.1\nerror: x\n", "NODE_VERSION=20.11.1"),
        ("Enter password:\nerror: after it\n", "error: after it"),
        (
            "-----BEGIN PRIVATE KEY----- is how a key begins\nTypeError: cannot read a key\nerror: more\n",
            "TypeError: cannot read",
        ),
    ] {
        assert!(said(log.as_bytes()).contains(kept), "{log}");
    }
}

#[test]
fn threat_105_what_the_platform_masked_stays() {
    let said = said(b"error: password: ***\nerror: https://x-access-token:***@github.com/a/b failed\n");
    assert!(said.contains("password: ***") && said.contains("x-access-token:***@github.com"));
}

#[test]
fn threat_106_digests_stay_readable() {
    for line in [
        "error: digest sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945 differs",
        "error: commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is gone",
        "error: request id 123e4567-e89b-12d3-a456-426614174000",
        "error: integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "error: node@sha256:aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffff0000000011111111 not found",
        "error: cannot fetch https://registry.example.org:8443/acme/x/-/x-1.2.3.tgz",
        "error: no token found in auth_token_from_environment",
        "error: password must be longer than 12 characters",
    ] {
        let said = said(format!("{line}\n").as_bytes());
        assert!(said.contains(line), "{line}: {said}");
    }
    let Some(dir) = logs() else { return };
    // Real logs hold few secrets: what is masked there is counted, and is little.
    let (mut masked, mut lines) = (0, 0);
    for row in super::rows(&dir).iter().step_by(7) {
        let mut analyzer = Analyzer::default();
        analyzer.feed(&text(&dir, &row.file));
        let evidence = analyzer.finish().evidence;
        masked += evidence.redactions.values().sum::<u64>();
        lines += evidence.lines;
    }
    println!("{masked} masked in {lines} lines");
    assert!(masked * 500 < lines, "{masked} of {lines}");
}

/// What the process traces, kept.
#[derive(Clone, Default)]
struct Traced(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn threats_097_to_102_one_of_each_kind_is_in_no_card_store_page_or_trace() {
    use crate::world::{Setup, World, spec};
    let traced = Traced::default();
    let writer = traced.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let guard = crate::world::trace(subscriber);
    let planted: Vec<(String, String)> = rules().iter().flat_map(|rule| rule.planted(1)).collect();
    let world = World::with(Setup { disk: true, ..Setup::default() }).await;
    let mut log = String::from("##[group]Run make\n##[endgroup]\n");
    for (line, _) in &planted {
        log.push_str(&format!("error: cannot log in: {line}\n{line}\n"));
    }
    log.push_str("##[error]Process completed with exit code 1.\n");
    let id = world.forge.start(spec(&log, "failure"));
    world.forge.finish(id);
    world.deliver().await;
    world.settle().await;
    let mut seen = serde_json::to_string(&world.incidents().await).unwrap();
    seen += &world.slack.messages().iter().map(|m| format!("{}{}", m.text, m.blocks)).collect::<String>();
    seen += &world.sit("ben").await.page("/incidents/1").await;
    assert!(seen.contains("[redacted]"));
    drop(guard);
    let traced = String::from_utf8_lossy(&traced.0.lock().unwrap()).into_owned();
    assert!(!traced.is_empty(), "nothing was traced");
    println!("{} bytes traced", traced.len());
    seen += &traced;
    let shown: Vec<&String> =
        planted.iter().map(|(_, secret)| secret).filter(|secret| seen.contains(*secret)).collect();
    assert!(shown.is_empty(), "{shown:?}");
    for path in crate::threats::walk(&world.dir.path().join("store")) {
        let bytes = std::fs::read(&path).unwrap();
        let kept: Vec<&String> =
            planted.iter().map(|(_, s)| s).filter(|s| memchr::memmem::find(&bytes, s.as_bytes()).is_some()).collect();
        assert!(kept.is_empty(), "{}: {kept:?}", path.display());
    }
    world.end().await;
}
