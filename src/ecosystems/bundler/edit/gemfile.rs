//! `Gemfile` and `gems.rb`, line by line and without running Ruby: where gems are named.

use crate::edit::lines::Lines;
use std::ops::Range;

/// A call of `gem`.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Its requirements, from the first to the last; empty behind the name where there are none.
    pub(super) part: Range<usize>,
    /// The quote of the name.
    pub(super) quote: char,
    /// Every requirement without its quotes.
    pub(super) requirements: Vec<String>,
    pub(super) refused: Option<&'static str>,
}

/// Reads one piece of an argument list at a time.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    /// Skips blanks, line breaks and comments, as Ruby does behind a comma.
    fn skip(&mut self, breaks: bool) {
        loop {
            let rest = &self.text[self.at..];
            let blanks: &[char] = if breaks { &[' ', '\t', '\r', '\n'] } else { &[' ', '\t'] };
            self.at = self.text.len() - rest.trim_start_matches(blanks).len();
            let rest = &self.text[self.at..];
            if !breaks || !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.text[self.at..].starts_with(sign);
        self.at += usize::from(found);
        found
    }

    /// A simple string: with its quotes, and its content.
    fn string(&mut self) -> Option<(Range<usize>, &'t str)> {
        let rest = &self.text[self.at..];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let length = rest[1..].find([quote, '\n'])?;
        let said = &rest[1..=length];
        let whole = rest[length + 1..].starts_with(quote) && !said.contains(['\\', '#']);
        let range = self.at..self.at + length + 2;
        whole.then(|| {
            self.at = range.end;
            (range, said)
        })
    }
}

/// Every call of `gem` for this gem, in the order of the file.
pub(super) fn calls(text: &str, gem: &str) -> Vec<Call> {
    let lines = Lines::new(text);
    let mut out = Vec::new();
    let mut foreign: Option<usize> = None;
    let mut comment = false;
    for (range, line) in lines.all() {
        comment = (comment || line.starts_with("=begin")) && !line.starts_with("=end");
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if comment || code.is_empty() || code.starts_with('#') {
            continue;
        }
        if foreign.is_some_and(|outer| indent <= outer) {
            foreign = None;
        }
        let block =
            ["git ", "git(", "path ", "path(", "github ", "github(", "gist "].iter().any(|w| code.starts_with(w));
        if block && code.trim_end().split('#').next().unwrap_or_default().contains(" do") {
            foreign = Some(indent);
        }
        if code.starts_with("__END__") {
            break;
        }
        if let Some(mut call) = call(text, range.start + indent, gem) {
            if foreign.is_some() {
                call.refused = Some("an enclosing block takes it from git or a path");
            }
            out.push(call);
        }
    }
    out
}

/// The call that begins here.
fn call(text: &str, start: usize, gem: &str) -> Option<Call> {
    let rest = text[start..].strip_prefix("gem")?;
    if !rest.starts_with([' ', '\t', '(', '"', '\'']) {
        return None;
    }
    let mut cursor = Cursor { text, at: start + 3 };
    cursor.skip(false);
    cursor.sign('(');
    cursor.skip(false);
    let (name, said) = cursor.string()?;
    if said != gem {
        return None;
    }
    let quote = text[name.start..].chars().next().unwrap_or('"');
    let mut call = Call { part: name.end..name.end, quote, requirements: vec![], refused: None };
    loop {
        cursor.skip(false);
        if !cursor.sign(',') {
            break;
        }
        cursor.skip(true);
        let from = cursor.at;
        let listed = cursor.sign('[');
        if !listed && is_option(&text[from..]) {
            call.refused = options(text, from);
            break;
        }
        let Some(end) = requirements(&mut cursor, listed, &mut call.requirements) else {
            call.refused = Some("its requirement is not a plain string");
            break;
        };
        call.part = if call.part.is_empty() { from..end } else { call.part.start..end };
    }
    Some(call)
}

/// Reads one string, or a list of them up to its bracket.
fn requirements(cursor: &mut Cursor<'_>, listed: bool, into: &mut Vec<String>) -> Option<usize> {
    loop {
        if listed {
            cursor.skip(true);
        }
        let (range, said) = cursor.string()?;
        into.push(said.to_owned());
        if !listed {
            return Some(range.end);
        }
        cursor.skip(true);
        if cursor.sign(']') {
            return Some(cursor.at);
        }
        if !cursor.sign(',') {
            return None;
        }
    }
}

fn is_option(rest: &str) -> bool {
    let bare = rest.trim_start_matches([':', '"', '\'']);
    let end = bare.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(bare.len());
    let behind = bare[end..].trim_start_matches(['"', '\'']);
    end > 0 && (behind.starts_with(':') || behind.trim_start_matches(' ').starts_with("=>")) || rest.starts_with("**")
}

/// Whether the options take the gem from elsewhere. They go on while lines end in a comma.
fn options(text: &str, from: usize) -> Option<&'static str> {
    let mut end = from;
    for line in text[from..].split_inclusive('\n').take(20) {
        end += line.len();
        if !line.split(" #").next().unwrap_or_default().trim_end().ends_with(',') {
            break;
        }
    }
    let said = text[from..end].replace([' ', '\t', '"', '\''], "");
    let foreign = ["git", "github", "path", "gist", "bitbucket"];
    let named = |key: &str| {
        [format!("{key}:"), format!(":{key}=>"), format!("{key}=>")].iter().any(|form| {
            said.match_indices(form.as_str())
                .any(|(at, _)| !said[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    foreign.iter().any(|key| named(key)).then_some("its options take it from git or a path")
}
