//! Outcomes as newline-delimited JSON, as `ci-rescue history import` reads them.

use crate::domain::outcome::{Ended, Outcome, number};
use crate::domain::text::Untrusted;
use crate::domain::time::Time;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::time::Duration;

/// A longer line is refused unread.
pub const BYTES_MAX: usize = 64 * 1024;
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    repo: Cow<'a, str>,
    #[serde(borrow, default)]
    branch: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    default_branch: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sha: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "id")]
    run_id: u64,
    #[serde(default)]
    attempt: Option<u32>,
    #[serde(borrow, default)]
    workflow: Option<Cow<'a, str>>,
    #[serde(borrow)]
    job: Cow<'a, str>,
    #[serde(borrow, default)]
    test: Option<Cow<'a, str>>,
    outcome: Ended,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(default)]
    duration_ms: Option<f64>,
    #[serde(borrow, default)]
    fingerprint: Option<Cow<'a, str>>,
}

/// Reads one line.
///
/// # Errors
/// What is wrong with it, in a sentence without its text.
pub fn read(line: &[u8]) -> Result<Outcome, String> {
    if line.len() > BYTES_MAX {
        return Err(format!("the line has {} bytes; at most {BYTES_MAX} are read", line.len()));
    }
    let line: Line<'_> = serde_json::from_slice(line).map_err(|why| told(&why))?;
    let at = chrono::DateTime::parse_from_rfc3339(&line.at).map_err(|why| format!("at: {why}"))?;
    if line.repo.is_empty() || line.job.is_empty() {
        return Err("repo and job must not be empty".into());
    }
    let some = |text: Option<Cow<'_, str>>| text.filter(|text| !text.is_empty()).map(|text| Untrusted::from(&*text));
    Ok(Outcome {
        repo: (&*line.repo).into(),
        branch: some(line.branch).unwrap_or_default(),
        default_branch: some(line.default_branch),
        sha: line.sha.map(Cow::into_owned).unwrap_or_default(),
        run: line.run_id,
        attempt: line.attempt.unwrap_or(1).max(1),
        workflow: some(line.workflow).unwrap_or_default(),
        job: (&*line.job).into(),
        test: some(line.test),
        ended: line.outcome,
        at: Time(at.timestamp_millis()),
        duration_ms: line.duration_ms.and_then(whole_ms),
        fingerprint: some(line.fingerprint).map(|print| print.raw().to_owned()),
        harmless: None,
    })
}

/// What is wrong, without the value that serde quotes before what it expected.
fn told(why: &serde_json::Error) -> String {
    let said = why.to_string();
    let Some((found, expected)) = said.rsplit_once(", expected ") else { return said };
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!("{}, expected {expected}", kind.trim_end())
}

/// What is no length of time is not known.
fn whole_ms(ms: f64) -> Option<u64> {
    let length = Duration::try_from_secs_f64(ms / 1000.0).ok()?;
    u64::try_from(length.as_millis()).ok()
}

/// A run is named by a number, or by a text that stands for one.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id<'a> {
        Number(u64),
        Text(#[serde(borrow)] Cow<'a, str>),
    }
    Ok(match Id::deserialize(from)? {
        Id::Number(n) => n,
        Id::Text(text) => text.parse().unwrap_or_else(|_| number(&text)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_read_with_what_is_missing() {
        let line = br#"{"repo":"a/b","branch":"main","default_branch":null,"sha":"0123456789abcdef0123","run_id":"77",
            "attempt":null,"workflow":"CI","job":"test (windows-latest, 3.12)","test":null,"outcome":"timeout",
            "at":"2026-01-02T03:04:05.006Z","duration_ms":1200.5,"fingerprint":null}"#;
        let outcome = read(line).unwrap();
        assert_eq!((outcome.run, outcome.attempt, outcome.ended), (77, 1, Ended::Timeout));
        assert_eq!((outcome.at, outcome.duration_ms), (Time(1_767_323_045_006), Some(1200)));
        for (line, why) in [
            ("{}", "missing field"),
            (
                r#"{"repo":"a/b","run_id":1,"job":"j","outcome":"passed","at":"2026-01-02T03:04:05Z"}"#,
                "unknown variant",
            ),
            (r#"{"repo":"a/b","run_id":1,"job":"j","outcome":"pass","at":"yesterday"}"#, "at: "),
            (r#"{"repo":"","run_id":1,"job":"j","outcome":"pass","at":"2026-01-02T03:04:05Z"}"#, "must not be empty"),
        ] {
            let told = read(line.as_bytes()).unwrap_err();
            assert!(told.contains(why), "{line}: {told}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let line = |key: &str, value: &str| {
            let keys = [
                ("repo", r#""a/b""#),
                ("run_id", "1"),
                ("job", r#""j""#),
                ("outcome", r#""pass""#),
                ("at", r#""2026-01-02T03:04:05Z""#),
            ];
            let others = keys.iter().filter(|(own, _)| *own != key).map(|(own, value)| format!("\"{own}\":{value}"));
            let all: Vec<String> = others.chain([format!("\"{key}\":{value}")]).collect();
            format!("{{{}}}", all.join(","))
        };
        for (key, value, why) in [
            ("outcome", r#""hunter22""#, "unknown variant, expected one of `pass`"),
            ("outcome", r#""hunter22`, expected hunter22""#, "unknown variant, expected one of `pass`"),
            ("outcome", r#"{"hunter22":1}"#, "unknown variant, expected one of `pass`"),
            ("attempt", r#""hunter22""#, "invalid type: string, expected u32"),
            ("attempt", "-220022", "invalid value: integer, expected u32"),
            ("duration_ms", r#""\"hunter22\", expected""#, "invalid type: string, expected f64"),
            ("repo", "220022", "invalid type: integer, expected"),
            ("branch", r#"["hunter22"]"#, "invalid type: sequence, expected"),
            ("run_id", r#"["hunter22"]"#, "did not match"),
            ("at", r#""hunter22""#, "at: "),
            ("job", r#""hunter22"#, "EOF while parsing a string"),
        ] {
            let told = read(line(key, value).as_bytes()).unwrap_err();
            assert!(told.contains(why) && !told.contains("hunter22") && !told.contains("220022"), "{value}: {told}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&line);
        }
    }
}
