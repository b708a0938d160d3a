//! The operator's own known issues: a file like `rules/known_issues.toml`, checked before any log is read.

use super::{File, Issue};
use crate::domain::evidence::{Category, Severity};
use crate::evidence::signs::Pattern;
use std::collections::HashSet;

/// Bytes of the file.
pub const FILE_MAX: u64 = 1 << 20;
const ROWS_MAX: usize = 1_000;
const ID_MAX: usize = 64;
const WORDS_MAX: usize = 20;
/// A shorter word stands in every other line, and each of those would be matched.
const WORD_MIN: usize = 3;
/// It stands on the card.
const SOLUTION_MAX: usize = 160;

/// The rows of such a file. `is_fix` says whether a template of this name exists.
///
/// # Errors
/// Everything that is wrong, a sentence each.
pub fn read(text: &str, is_fix: impl Fn(&str) -> bool) -> Result<Vec<Issue>, Vec<String>> {
    let file: File = toml::from_str(text).map_err(|why| vec![place(text, &why)])?;
    let mut wrong = Vec::new();
    if file.issue.len() > ROWS_MAX {
        wrong.push(format!("{} issues; at most {ROWS_MAX} are allowed", file.issue.len()));
    }
    let mut ids = HashSet::new();
    for row in file.issue.iter().take(ROWS_MAX) {
        let id = shown(&row.id);
        if !ids.insert(&row.id) {
            wrong.push(format!("issue {id}: another issue has the same id"));
        }
        wrong.extend(faults(row, &is_fix).into_iter().map(|what| format!("issue {id}: {what}")));
    }
    if wrong.is_empty() { Ok(file.issue) } else { Err(wrong) }
}

/// TOML's complaint with its line.
fn place(text: &str, why: &toml::de::Error) -> String {
    let what = why.message().lines().next().unwrap_or_default().replace(char::is_control, " ");
    match why.span() {
        Some(span) => format!("line {}: {what}", text[..span.start.min(text.len())].matches('\n').count() + 1),
        None => what,
    }
}

fn shown(id: &str) -> String {
    format!("\"{}\"", crate::domain::text::clean_line(id, ID_MAX))
}

fn faults(row: &Issue, is_fix: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |bad: bool, what: &str| {
        if bad {
            wrong.push(what.to_owned());
        }
    };
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let well_named = (1..=ID_MAX).contains(&row.id.len()) && row.id.chars().all(named);
    say(!well_named, "the id must be 1 to 64 of the characters a-z, 0-9, -, _ and .");
    say(!(1..=WORDS_MAX).contains(&row.words.len()), "words must list 1 to 20 texts");
    let short = row.words.iter().any(|word| word.trim().chars().count() < WORD_MIN);
    say(short, "each word needs at least 3 characters");
    say(!(0.0..=1.0).contains(&row.confidence), "confidence must be between 0 and 1");
    say(row.category == Category::None, "the category cannot be \"none\"");
    let own = matches!(row.severity, Severity::Transient | Severity::Normal | Severity::Blocker);
    say(!own, "severity must be \"transient\", \"normal\" or \"blocker\"");
    let solution = row.solution.trim();
    say(solution.is_empty(), "solution must say what to do");
    let long = solution.chars().count() > SOLUTION_MAX || solution.contains(char::is_control);
    say(long, "solution must be one line of at most 160 characters");
    say(
        !row.fix_type.is_empty() && !is_fix(&row.fix_type),
        "fix_type is not a known template; leave it out if none applies",
    );
    match Pattern::check(&row.pattern) {
        Err(why) => wrong.push(format!("the pattern is not valid: {why}")),
        Ok(pattern) => wrong.extend(mismatch(row, &pattern)),
    }
    wrong
}

fn mismatch(row: &Issue, pattern: &Pattern) -> Option<String> {
    if pattern.is_match(b"") {
        return Some("the pattern matches every line".into());
    }
    let example = row.example.to_ascii_lowercase();
    if !row.words.iter().any(|word| example.contains(&word.to_ascii_lowercase())) {
        return Some("the example contains none of the words".into());
    }
    (!pattern.is_match(row.example.as_bytes())).then(|| "the pattern does not match the example".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[issue]]\nid = \"own-registry\"\nwords = [\"registry.acme\"]\npattern = 'registry\\.acme: \\d+'\n\
        category = \"network\"\nseverity = \"transient\"\nsolution = \"Our registry restarts nightly: retry.\"\n\
        example = \"registry.acme: 502\"\n";

    fn is_fix(name: &str) -> bool {
        name == "action_major_back"
    }

    #[test]
    fn a_good_file_is_taken_and_what_is_left_out_has_a_default() {
        let rows = read(GOOD, is_fix).unwrap();
        assert_eq!((rows[0].id.as_str(), rows[0].fix_type(), rows[0].confidence), ("own-registry", "", 0.7));
        assert!(read("", is_fix).unwrap().is_empty());
    }

    #[test]
    fn each_fault_is_told() {
        for (what, with, told) in [
            ("own-registry", "Own Registry", "issue \"Own Registry\": the id must be"),
            ("[\"registry.acme\"]", "[]", "words must list"),
            ("[\"registry.acme\"]", "[\"re\"]", "at least 3 characters"),
            ("[\"registry.acme\"]", "[\"timeout\"]", "the example contains none of the words"),
            ("\\d+", "\\d{9}", "the pattern does not match the example"),
            ("registry\\.acme: \\d+", "x*", "the pattern matches every line"),
            ("registry\\.acme: \\d+", "(", "the pattern is not valid: "),
            ("registry\\.acme: \\d+", "\\\\w{500}{500}{500}", "the pattern is not valid: "),
            ("network", "none", "the category cannot be"),
            ("network", "netwrok", "line 5: "),
            ("transient", "security", "severity must be"),
            ("Our registry restarts nightly: retry.", " ", "solution must say"),
            ("solution", "fix_type = \"rm\"\nsolution", "fix_type is not a known template"),
            ("solution", "colour = 1\nsolution", "unknown field"),
            ("solution", "confidence = 1.5\nsolution", "confidence must be"),
            ("solution", "confidence = nan\nsolution", "confidence must be"),
            ("id = \"own", "id = own", "line 2: "),
        ] {
            let text = GOOD.replacen(what, with, 1);
            let wrong = read(&text, is_fix).map(|_| ()).unwrap_err().join("\n");
            assert!(wrong.contains(told), "{with}: {wrong}");
        }
        let twice = read(&format!("{GOOD}{GOOD}"), is_fix).map(|_| ()).unwrap_err();
        assert_eq!(twice, ["issue \"own-registry\": another issue has the same id"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}", row in "[a-z\"'=\\[\\]. \n]{0,80}") {
            let _ = read(&text, is_fix);
            let _ = read(&format!("{GOOD}{row}"), is_fix);
        }
    }
}
