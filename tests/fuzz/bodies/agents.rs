//! What agents print and change, and the scripts that reproduce what a repository holds.

use super::input::{check_line, cut, files, text};
use ci_rescue::agents::{analyst, answer, guard as guards};
use ci_rescue::domain::agent::{Touched, Usd};
use ci_rescue::domain::analysis::Hypothesis;
use ci_rescue::domain::edit::Source;
use ci_rescue::domain::text::clean_line;
use ci_rescue::domain::{Time, Untrusted};
use ci_rescue::repro::{Framework, RepositoryFile, ScriptInput, Selector, quote, script};
use serde_json::json;

/// The sections that an analyst was shown.
const GUIDES: [&str; 2] = ["Docker: limits", "Cache: keys"];

fn read(message: &str) -> Result<Option<Hypothesis>, String> {
    analyst::read(message, &GUIDES.map(str::to_owned), Time(7))
}

/// A guess is short and clean, and is read again from what would say the same.
fn check_guess(guess: &Hypothesis) {
    const BRACES_MAX: usize = 64;
    check_line(guess.words.raw(), 400);
    let check = guess.check.as_ref().map(Untrusted::raw);
    if let Some(check) = &check {
        check_line(check, 200);
    }
    let guide = guess.guide.as_ref().and_then(|own| GUIDES.iter().position(|known| own.raw() == *known));
    assert_eq!(guide.is_some(), guess.guide.is_some());
    let printed = json!({"hypothesis": guess.words.raw(), "confidence": guess.sureness.to_string(), "check": check,
        "guide": guide.map(|at| at + 1)});
    let printed = printed.to_string();
    let is_clean = |text: &str| !text.is_empty() && clean_line(text, 400) == text;
    if printed.matches('{').count() <= BRACES_MAX && is_clean(guess.words.raw()) && check.is_none_or(is_clean) {
        assert_eq!(read(&printed).as_ref(), Ok(&Some(guess.clone())), "{printed}");
    }
}

/// What an agent printed: its last words are short, its cost is a sum of money, and one that stands in its text alone does
/// not count as nothing. What an analyst said is a guess, or is refused in a clause.
pub fn answers(data: &[u8]) {
    const RESERVE: Usd = Usd::cents(500);
    let output = text(data);
    let found = answer::read(&output);
    check_line(&found.said, 300);
    found.escalates.iter().for_each(|why| check_line(why, 300));
    assert!(found.cost.is_none_or(|cost| cost <= Usd::cents(100_000_000)), "{:?}", found.cost);
    assert!(!found.in_words || found.counted(RESERVE).is_some_and(|cost| cost >= Usd(RESERVE.0 / 10)));
    match read(&answer::message(&output)) {
        Ok(guess) => guess.iter().for_each(check_guess),
        Err(why) => assert!(!why.is_empty() && why.len() <= 1_000, "{why}"),
    }
}

/// `PATH OLD_MODE NEW_MODE`, then the text before and after with a line `----` between; without it the file is gone.
fn touched(name: &str, texts: &str) -> Touched {
    let mut words = name.split(' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (path, old_mode, new_mode) = (word(), word(), word());
    let (old, new) = texts.split_once("----\n").map_or((texts, None), |(old, new)| (old, Some(new.to_owned())));
    let lines = old.lines().count() + new.as_ref().map_or(0, |new| new.lines().count());
    Touched { path, old_mode, new_mode, lines, old: Some(old.to_owned()), new }
}

/// A change by an agent: files, each behind `==== PATH OLD_MODE NEW_MODE`. Reasons are few and short, whatever the order of
/// the files; a secret is always one; and what changes nothing is never refused.
pub fn guard(data: &[u8]) {
    const REASONS_MAX: usize = 8;
    let all: Vec<Touched> = files(&text(data)).iter().map(|file| touched(&file.path, &file.text)).collect();
    let mut reasons = guards::refuses(&all, 0);
    assert!(reasons.len() <= REASONS_MAX);
    for why in &reasons {
        check_line(why, 700);
    }
    assert!(!guards::refuses(&all, 1).is_empty());
    let turned: Vec<Touched> = all.iter().rev().cloned().collect();
    let mut others = guards::refuses(&turned, 0);
    assert_eq!(others.len(), reasons.len());
    if reasons.len() < REASONS_MAX {
        reasons.sort_unstable();
        others.sort_unstable();
        assert_eq!(reasons, others);
    }
    for text in all.into_iter().filter_map(|file| file.old) {
        let mode = || "100644".to_owned();
        let (path, old) = ("src/plain.rs".to_owned(), Some(text));
        let same = Touched { path, old_mode: mode(), new_mode: mode(), lines: 0, new: old.clone(), old };
        assert_eq!(guards::refuses(&[same], 0), [""; 0]);
    }
}

/// A word in quotes is that word, and hides nothing.
fn check_quoted(word: &str) {
    let Ok(quoted) = quote(word) else { return };
    let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).expect("quotes");
    assert_eq!(inner.replace(r"'\''", "'"), word);
    assert!(!quoted.contains(char::is_control));
}

/// Lines for the framework, a failing test and the command that failed, then files of the repository, each behind
/// `==== path`. A script is one that people can read, and the same again.
pub fn repro(data: &[u8]) {
    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    const LENGTH_MAX: usize = 100_000;
    let text = text(data);
    let (framework, rest) = cut(&text);
    let (test, rest) = cut(rest);
    let (command, rest) = cut(rest);
    check_quoted(test);
    let framework = Framework::from_name(framework.trim()).unwrap_or(Framework::Pytest);
    let mut wanted = ScriptInput::new("https://github.com/acme/shop.git", SHA, framework);
    wanted.selectors = vec![Selector::from_text(test)];
    wanted.command = Some(command.to_owned()).filter(|command| !command.is_empty());
    let file = |file: Source| RepositoryFile { path: file.path, text: Some(file.text) };
    wanted.files = files(rest).into_iter().map(file).collect();
    let written = script(&wanted);
    assert_eq!(script(&wanted), written);
    match written {
        Ok(script) => {
            assert!(script.starts_with("#!") && script.len() <= LENGTH_MAX + 4 * data.len());
            assert!(!script.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{script}");
        }
        Err(reasons) => assert!(!reasons.is_empty() && reasons.iter().all(|why| !why.is_empty())),
    }
}
