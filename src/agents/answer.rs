//! What an agent's output says: its cost, and whether it wants a person.

use crate::domain::agent::Usd;
use crate::domain::text::clean_line;
use serde_json::Value;

/// What was read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub cost: Option<Usd>,
    /// The cost stands in its text, where a model may have written it.
    pub in_words: bool,
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

/// Lines at its end that may report something: what stands before them is its work, such as the output of tests.
const LAST_LINES: usize = 4;

impl Answer {
    /// What counts as its cost, where so much was set aside. What only its text says counts as a tenth of that at least: a log
    /// could have a model write that it cost nothing.
    #[must_use]
    pub fn counted(&self, reserve: Usd) -> Option<Usd> {
        let least = if self.in_words { Usd(reserve.0 / 10) } else { Usd(0) };
        self.cost.map(|cost| cost.max(least))
    }
}

/// Reads what it printed to standard output: the end of plain text, or its last JSON object. A line `cost_usd=0.12` reports
/// the cost; what JSON reports counts before that.
#[must_use]
pub fn read(output: &str) -> Answer {
    let mut found = Answer { said: last(output), ..Answer::default() };
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let whole = serde_json::from_str::<Value>(output.trim()).ok().filter(Value::is_object);
    let json = whole.or_else(|| lines.iter().rev().take(LAST_LINES).find_map(|line| json(line)));
    tail(&lines, &mut found);
    if let Some(value) = json {
        object(&value, &mut found);
    }
    found
}

/// The whole final message: what JSON holds under a key for words, or all of the output.
#[must_use]
pub fn message(output: &str) -> String {
    let whole = serde_json::from_str::<Value>(output.trim()).ok();
    // An analyst's endpoint answers with the object itself.
    let is_wrapped = |value: &&Value| value.get("hypothesis").is_none();
    let words = whole.as_ref().filter(is_wrapped).and_then(|value| WORDS.iter().find_map(|key| value[*key].as_str()));
    words.unwrap_or(output).to_owned()
}

/// The last line that says something.
#[must_use]
pub fn last(output: &str) -> String {
    let says = |line: &String| !line.is_empty() && !line.starts_with("cost_usd=") && !line.starts_with('{');
    output.lines().rev().map(|line| clean_line(line, SAID_MAX)).find(says).unwrap_or_default()
}

fn json(line: &str) -> Option<Value> {
    line.starts_with('{').then(|| serde_json::from_str::<Value>(line).ok()).flatten()
}

fn tail(lines: &[&str], found: &mut Answer) {
    for line in lines.iter().skip(lines.len().saturating_sub(LAST_LINES)) {
        if let Some(cost) = line.strip_prefix("cost_usd=") {
            found.cost = cost.trim().parse().ok().and_then(Usd::of).or(found.cost);
            found.in_words = found.cost.is_some();
        } else if let Some(why) = line.strip_prefix("ESCALATE:") {
            found.escalates = Some(clean_line(why, SAID_MAX));
        }
    }
}

fn object(value: &Value, found: &mut Answer) {
    if let Some(words) = WORDS.iter().find_map(|key| value[*key].as_str()) {
        found.said = last(words);
        let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        tail(&lines, found);
    }
    // A model does not know what it cost; the program that asked it does.
    let cost = COSTS.iter().find_map(|key| value[*key].as_f64()).and_then(Usd::of);
    found.in_words &= cost.is_none();
    found.cost = cost.or(found.cost);
    let why = value["escalate"].as_str().map(|why| clean_line(why, SAID_MAX));
    found.escalates = why.filter(|why| !why.is_empty()).or(found.escalates.take());
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
            ("thinking\nESCALATE: needs a secret\n", None, Some("needs a secret"), "ESCALATE: needs a secret"),
            ("ESCALATE: a test's output\ncost_usd=9\na\nb\nc\nd\n", None, None, "d"),
            (r#"{"result":"Done.\ncost_usd=0.01","total_cost_usd":0.5}"#, Some(500_000), None, "Done."),
            ("{\"a\":1}\n{\"cost_usd\":0.5,\"message\":\"bye\",\"escalate\":\"no\"}", Some(500_000), Some("no"), "bye"),
            (r#"{"message":"bye\n\u200b\n","escalate":" \u200b"}"#, None, None, "bye"),
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
