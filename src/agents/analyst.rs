//! What an analyst answers, as far as it can be used.

use crate::domain::analysis::{Hypothesis, Sureness};
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Time;
use serde::Deserialize;
use serde_json::Value;

/// The most that is kept, in characters: of the guess, and of what would confirm it.
const WORDS_MAX: usize = 400;
const CHECK_MAX: usize = 200;

/// Its answer, as the prompt asks for it.
#[derive(Deserialize)]
struct Answer {
    /// Null where it has no idea.
    hypothesis: Option<String>,
    #[serde(default)]
    confidence: Value,
    #[serde(default)]
    check: Option<String>,
    /// The number of a section that it was shown, from 1.
    #[serde(default)]
    guide: Option<usize>,
}

/// Reads the final message. `guides`: the names of the sections that it was shown. `None`: it has no idea.
///
/// # Errors
/// What is wrong with it, in a clause that it is told.
pub fn read(message: &str, guides: &[String], at: Time) -> Result<Option<Hypothesis>, String> {
    let object = object(message).ok_or("it has no JSON object")?;
    let answer: Answer = serde_json::from_value(object).map_err(|why| clean_line(&why.to_string(), 200))?;
    let Some(words) = answer.hypothesis else { return Ok(None) };
    let count = words.chars().count();
    if clean_line(&words, WORDS_MAX).is_empty() || count > WORDS_MAX {
        return Err(format!("\"hypothesis\" has {count} characters; it must have 1 to {WORDS_MAX}, or be null"));
    }
    let sureness = answer.confidence.as_str().map(str::to_lowercase);
    let sureness = sureness.and_then(|word| serde_json::from_value::<Sureness>(word.into()).ok());
    let sureness = sureness.ok_or("\"confidence\" must be low, medium or high")?;
    let check = answer.check.filter(|check| !clean_line(check, CHECK_MAX).is_empty());
    if check.as_ref().is_some_and(|check| check.chars().count() > CHECK_MAX) {
        return Err(format!("\"check\" has more than {CHECK_MAX} characters"));
    }
    let guide = match answer.guide {
        None => None,
        Some(n) => {
            let named = n.checked_sub(1).and_then(|n| guides.get(n));
            Some(named.ok_or_else(|| format!("\"guide\" is {n}; there are {} sections", guides.len()))?)
        }
    };
    let line = |text: &str, max| Untrusted::from(clean_line(text, max));
    Ok(Some(Hypothesis {
        words: line(&words, WORDS_MAX),
        sureness,
        check: check.map(|check| line(&check, CHECK_MAX)),
        guide: guide.map(|guide| line(guide, CHECK_MAX)),
        at,
    }))
}

/// The last JSON object of a message that has the key, in a fence or bare.
fn object(message: &str) -> Option<Value> {
    let starts = message.match_indices('{').map(|(at, _)| at).rev().take(STARTS_MAX);
    let first = |at: usize| serde_json::Deserializer::from_str(&message[at..]).into_iter::<Value>().next();
    starts.filter_map(|at| first(at)?.ok()).find(|value| value.get("hypothesis").is_some())
}

/// Braces that are tried.
const STARTS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_validated() {
        let guides = vec!["Docker: limits".to_owned()];
        let read = |text: &str| read(text, &guides, Time(7));
        let good = r#"{"hypothesis": "The registry limits pulls.", "confidence": "high", "check": "docker login", "guide": 1}"#;
        for message in
            [good.to_owned(), format!("Here it is:\n```json\n{good}\n```\n"), format!("{{}} {good} {{\"a\": 1}}")]
        {
            let found = read(&message).unwrap().unwrap();
            assert_eq!((found.words.raw(), found.sureness), ("The registry limits pulls.", Sureness::High));
            assert_eq!(found.guide.unwrap().raw(), "Docker: limits");
        }
        assert_eq!(read(r#"{"hypothesis": null}"#), Ok(None));
        assert_eq!(read(r#"{"hypothesis": null, "confidence": "none"}"#), Ok(None));
        assert!(read(r#"{"hypothesis": "x", "confidence": "High"}"#).is_ok());
        for empty in ["null", r#""""#, r#""  ""#, r#""\u200b""#, r#"" \u202e\u0000 ""#] {
            let message = format!(r#"{{"hypothesis": "x", "confidence": "low", "check": {empty}}}"#);
            assert_eq!(read(&message).unwrap().unwrap().check, None, "{empty}");
        }
        let long = "x".repeat(401);
        for (message, why) in [
            ("no idea".to_owned(), "no JSON object"),
            (r#"{"hypothesis": "x"}"#.into(), "\"confidence\" must be low"),
            (r#"{"hypothesis": "x", "confidence": "certain"}"#.into(), "must be low, medium or high"),
            (r#"{"hypothesis": "x", "confidence": "low", "guide": 2}"#.into(), "there are 1 sections"),
            (r#"{"hypothesis": "x", "confidence": "low", "guide": 0}"#.into(), "there are 1 sections"),
            (r#"{"hypothesis": "  ", "confidence": "low"}"#.into(), "1 to 400"),
            (r#"{"hypothesis": "\u200b", "confidence": "low"}"#.into(), "1 to 400"),
            (format!(r#"{{"hypothesis": "{long}", "confidence": "low"}}"#), "401 characters"),
            (r#"{"hypothesis": ["x"], "confidence": "low"}"#.into(), "invalid type"),
        ] {
            let found = read(&message).unwrap_err();
            assert!(found.contains(why), "{message}: {found}");
        }
    }

    proptest! {
        #[test]
        fn any_message_is_read_or_refused(message in r#"(\{|\}|"hypothesis"|:|"|low|[a-z\[\]\\u ]){0,60}"#) {
            if let Ok(Some(found)) = read(&message, &[], Time(0)) {
                prop_assert!(found.words.raw().chars().count() <= WORDS_MAX);
            }
        }
    }
}
