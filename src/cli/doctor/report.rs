//! What the doctor found, for a terminal of 80 columns.

use crate::cli::terminal::{coloured, escaped};
use anstyle::{AnsiColor, Style};
use textwrap::{Options, fill};

const WIDTH: usize = 80;
/// The words of a finding stand behind its state.
const INDENT: &str = "         ";
const PROBLEMS: u8 = 1;
const UNREACHABLE: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ready,
    /// Not configured.
    Off,
    /// It works now, and will not for long.
    Warning,
    /// It may be right, and does not answer.
    Down,
    /// The operator has to fix it.
    Problem,
}

/// A finding: its state, what it is about, and a sentence.
pub type Finding = (State, &'static str, String);

impl State {
    fn label(self) -> (&'static str, Style) {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Ready => ("ok", colour(AnsiColor::Green)),
            Self::Off => ("off", Style::new().dimmed()),
            Self::Warning => ("warning", colour(AnsiColor::Yellow)),
            Self::Problem => ("problem", colour(AnsiColor::Red).bold()),
            Self::Down => ("down", colour(AnsiColor::Yellow).bold()),
        }
    }
}

/// Prints the findings and the verdict.
pub fn told(findings: &[Finding]) -> u8 {
    for finding in findings {
        print(&line(finding));
    }
    let count = |wanted: State| findings.iter().filter(|(state, ..)| *state == wanted).count();
    let (verdict, code) = verdict(count(State::Problem), count(State::Down));
    print(&format!("\n{verdict}"));
    code
}

/// With colours where the output takes them.
fn print(text: &str) {
    let plain = anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never;
    let text = if plain { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() };
    // Nobody reads on: the verdict is the exit status.
    let _ = coloured(&format!("{text}\n"));
}

fn line((state, about, words): &Finding) -> String {
    let options = Options::new(WIDTH).initial_indent(INDENT).subsequent_indent(INDENT).break_words(false);
    let text = fill(
        &format!("{about}: {}", escaped(words, false)),
        options.word_splitter(textwrap::WordSplitter::NoHyphenation),
    );
    let (label, style) = state.label();
    let gap = " ".repeat(INDENT.len() - label.len());
    format!("{style}{label}{style:#}{gap}{}", text.trim_start())
}

fn verdict(problems: usize, down: usize) -> (String, u8) {
    let many = |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let to_fix = many(problems, "problem to fix", "problems to fix");
    let unreachable = many(down, "integration cannot be reached", "integrations cannot be reached");
    match (problems, down) {
        (0, 0) => ("Ready: nothing to fix".into(), 0),
        (0, _) => (unreachable, UNREACHABLE),
        (_, 0) => (to_fix, PROBLEMS),
        _ => (format!("{to_fix}; {unreachable}"), PROBLEMS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_fit_80_columns_and_keep_what_people_copy_whole() {
        let url = format!("https://example.org/{}", "x".repeat(90));
        let text = line(&(State::Problem, "slack", format!("{} {url} and more", "several words of help ".repeat(8))));
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(plain.contains(&url));
        assert!(plain.lines().all(|line| line.chars().count() <= WIDTH || line.trim() == url), "{plain}");
        assert!(plain.starts_with("problem  slack: "), "{plain}");
    }

    #[test]
    fn the_verdict_counts_in_english() {
        assert_eq!(verdict(0, 0).1, 0);
        assert_eq!(verdict(1, 0), ("1 problem to fix".into(), 1));
        assert_eq!(verdict(3, 0), ("3 problems to fix".into(), 1));
        assert_eq!(verdict(0, 1), ("1 integration cannot be reached".into(), 3));
        assert_eq!(verdict(2, 2), ("2 problems to fix; 2 integrations cannot be reached".into(), 1));
    }
}
