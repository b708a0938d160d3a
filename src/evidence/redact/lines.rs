//! Secrets that span lines: keys between `BEGIN … PRIVATE KEY` and its end, and tokens that a line break cuts in two.

use super::rules::{Counts, MASK};
use super::{heard, text};
use crate::evidence::vocabulary::Bits;
use std::borrow::Cow;
use std::ops::Range;

/// A token that a line break may cut: so many bytes at the end of a line are tried with the next.
const TAIL_MAX: usize = 300;
/// Shorter ends of lines are no beginnings of tokens.
const TAIL_MIN: usize = 4;

/// Reads lines in order.
#[derive(Debug, Default)]
pub struct Lines {
    inside: bool,
    pub counts: Counts,
}

impl Lines {
    /// The line, masked. `bits` say whose words it holds.
    pub(in crate::evidence) fn line<'a>(&mut self, line: &'a str, bits: &Bits, range: &Range<usize>) -> Cow<'a, str> {
        if self.inside {
            // A key that never ends is cut by the next line that cannot belong to one.
            let of_key = is_of_key(line.trim());
            let ends = line.contains("-----END");
            self.inside = of_key && !ends;
            if of_key || ends {
                return Cow::Borrowed(MASK);
            }
        }
        let heard_any = bits.within(range.clone()).next().is_some();
        if heard_any && line.contains("PRIVATE KEY") && line.contains("-----BEGIN") && !line.contains("-----END") {
            self.inside = true;
        }
        heard(line, bits, range, &mut self.counts)
    }

    /// Whether a secret may begin at the end of this line and go on in the next.
    pub(in crate::evidence) fn may_go_on(line: &str, bits: &Bits, range: &Range<usize>) -> bool {
        bits.within(range.clone()).next().is_some() && tail(line).len() >= TAIL_MIN && !line.ends_with(MASK)
    }

    /// Masks a secret that begins at the end of `first` and ends at the beginning of `second`, where there is one.
    /// Answers both parts.
    pub(in crate::evidence) fn joined(&mut self, first: &str, second: &str) -> Option<(String, String)> {
        let (end, start) = (tail(first), head(second));
        if end.len() < TAIL_MIN || start.is_empty() {
            return None;
        }
        // What is masked by itself needs no second half, and would swallow the next line's first word.
        if matches!(text(end, &mut Counts::new()), Cow::Owned(_)) {
            return None;
        }
        let whole = format!("{end}{start}");
        let mut counts = Counts::new();
        // Each part by itself was looked at: only what needs both counts.
        let masked = text(&whole, &mut counts);
        if matches!(masked, Cow::Borrowed(_)) || spares_border(&masked, end, start) {
            return None;
        }
        for (rule, found) in counts {
            *self.counts.entry(rule).or_default() += found;
        }
        let first = format!("{}{MASK}", &first[..first.len() - end.len()]);
        Some((first, format!("{MASK}{}", &second[start.len()..])))
    }
}

/// Base64, or a header such as `Proc-Type: 4,ENCRYPTED`, in lines of at most 100 bytes.
fn is_of_key(line: &str) -> bool {
    const LINE_MAX: usize = 100;
    let base64 = line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-".contains(&b));
    let header = line.split_once(": ").is_some_and(|(name, value)| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
            && !value.contains("rror")
    });
    line.len() <= LINE_MAX && (base64 || header)
}

/// Whether both sides of the border are still readable in the masked text: then the secret was in one part alone.
fn spares_border(masked: &str, end: &str, start: &str) -> bool {
    let last: String = end.chars().rev().take(TAIL_MIN).collect::<Vec<_>>().into_iter().rev().collect();
    let first: String = start.chars().take(TAIL_MIN).collect();
    masked.contains(&format!("{last}{first}"))
}

fn of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./+=:@".contains(c)
}

fn tail(line: &str) -> &str {
    let run = line.chars().rev().take(TAIL_MAX).take_while(|c| of_token(*c)).count();
    &line[line.len() - run..]
}

fn head(line: &str) -> &str {
    let run = line.chars().take(TAIL_MAX).take_while(|c| of_token(*c)).count();
    &line[..run]
}
