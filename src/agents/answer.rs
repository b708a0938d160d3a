//! What an agent's output says: its cost, and whether it wants a person.

use crate::domain::agent::Usd;
use crate::domain::text::clean_line;
use serde_json::Value;

/// What was read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub cost: Option<Usd>,
    /// Why a person is wanted: the rest of the last line that begins with `ESCALATE:`.
    pub escalates: Option<String>,
    /// The last that it said, one clean line.
    pub said: String,
}

/// Keys under which agents report dollars in JSON: `claude --output-format json` has the first.
const COSTS: &[&str] = &["total_cost_usd", "cost_usd", "cost"];
/// Keys of their last words.
const WORDS: &[&str] = &["result", "message", "text", "output"];
/// Characters of them that are kept.
const SAID_MAX: usize = 300;

/// Reads plain text, JSON, or JSON lines. A line `cost_usd=0.12` reports the cost; the last one counts.
#[must_use]
pub fn read(output: &str) -> Answer {
    let mut found = Answer::default();
    match serde_json::from_str::<Value>(output.trim()) {
        Ok(value) if value.is_object() => object(&value, &mut found),
        _ => output.lines().for_each(|line| one(line.trim(), &mut found)),
    }
    found
}

fn one(line: &str, found: &mut Answer) {
    if line.starts_with('{')
        && let Ok(value) = serde_json::from_str::<Value>(line)
    {
        return object(&value, found);
    }
    if let Some(cost) = line.strip_prefix("cost_usd=") {
        found.cost = cost.trim().parse().ok().and_then(Usd::of).or(found.cost);
    } else if let Some(why) = line.strip_prefix("ESCALATE:") {
        found.escalates = Some(clean_line(why, SAID_MAX));
    } else if !line.is_empty() {
        found.said = clean_line(line, SAID_MAX);
    }
}

fn object(value: &Value, found: &mut Answer) {
    let cost = COSTS.iter().find_map(|key| value[*key].as_f64()).and_then(Usd::of);
    found.cost = cost.or(found.cost);
    if let Some(words) = WORDS.iter().find_map(|key| value[*key].as_str()) {
        words.lines().for_each(|line| one(line.trim(), found));
    }
    if let Some(why) = value["escalate"].as_str().filter(|why| !why.is_empty()) {
        found.escalates = Some(clean_line(why, SAID_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn costs_and_escalations_are_read() {
        let claude = r#"{"type":"result","is_error":false,"result":"Renamed it.\nAll green.","total_cost_usd":0.0421}"#;
        for (output, cost, escalates, said) in [
            ("done\ncost_usd=0.12\n", Some(120_000), None, "done"),
            ("cost_usd=0.1\ncost_usd=0.3", Some(300_000), None, ""),
            ("cost_usd=free", None, None, ""),
            ("cost_usd=-3", None, None, ""),
            (claude, Some(42_100), None, "All green."),
            ("{\"cost_usd\": 1e99}", None, None, ""),
            ("thinking\nESCALATE: needs a secret\n", None, Some("needs a secret"), "thinking"),
            ("{\"escalate\":\"no\"}\n{\"cost_usd\":0.5,\"message\":\"bye\"}", Some(500_000), Some("no"), "bye"),
            ("I would not ESCALATE: this", None, None, "I would not ESCALATE: this"),
            ("", None, None, ""),
        ] {
            let found = read(output);
            let want = (cost.map(Usd), escalates, said);
            assert_eq!((found.cost, found.escalates.as_deref(), found.said.as_str()), want, "{output}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(output in any::<String>()) {
            let found = read(&output);
            prop_assert!(found.said.chars().count() <= SAID_MAX + 1);
        }
    }
}
