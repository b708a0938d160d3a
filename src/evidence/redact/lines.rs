//! Secrets that span lines: keys between `BEGIN … PRIVATE KEY` and its end, and tokens that a line break cuts in two.

use super::rules::{Counts, MASK, RULES};
use super::{encoded, heard, text};
use crate::evidence::lines::body;
use crate::evidence::vocabulary::Bits;
use std::borrow::Cow;
use std::ops::Range;

/// A token that a line break may cut: so many bytes at the end of a line are tried with the next.
const TAIL_MAX: usize = 300;
/// After so many lines that are none of a key's, it is over.
const STRANGE_MAX: u32 = 2;
/// Shorter ends of lines are no beginnings of tokens.
const TAIL_MIN: usize = 4;

/// The rule that counts keys.
const KEY: &str = "private-key";

/// Reads lines in order.
#[derive(Debug, Default)]
pub struct Lines {
    inside: bool,
    /// Lines inside that are none of a key's.
    strange: u32,
    /// Whether the key of several lines is counted yet.
    counted: bool,
    pub counts: Counts,
}

impl Lines {
    /// The line, masked. `bits` say whose words it holds.
    pub(in crate::evidence) fn line<'a>(&mut self, line: &'a str, bits: &Bits, range: &Range<usize>) -> Cow<'a, str> {
        if self.inside {
            let part = body(line).unwrap_or(line).trim();
            if part.contains("-----END") || part.starts_with("Private-MAC: ") {
                self.inside = false;
                return Cow::Borrowed(MASK);
            }
            if is_of_key(part) {
                self.strange = 0;
                self.count();
                return Cow::Borrowed(MASK);
            }
            // A key that never ends is over after some lines that cannot belong to one.
            self.strange += 1;
            self.inside = self.strange < STRANGE_MAX;
        }
        let heard_any = bits.within(range.clone()).next().is_some();
        if heard_any && begins_key(line) {
            self.inside = true;
            self.strange = 0;
            let before = self.counts.values().sum::<u64>();
            let masked = heard(line, bits, range, &mut self.counts);
            self.counted = self.counts.values().sum::<u64>() > before;
            return masked;
        }
        heard(line, bits, range, &mut self.counts)
    }

    /// Counts the key that these lines are of, once.
    fn count(&mut self) {
        if !std::mem::replace(&mut self.counted, true) {
            *self.counts.entry(KEY.into()).or_default() += 1;
        }
    }

    /// Whether a secret may begin at the end of this line and go on in the next.
    pub(in crate::evidence) fn may_go_on(line: &str, bits: &Bits, range: &Range<usize>) -> bool {
        bits.within(range.clone()).next().is_some() && begins_secret(tail(line))
    }

    /// Masks a secret that begins at the end of `first` and ends at the beginning of `second`, where there is one.
    /// Answers both parts.
    pub(in crate::evidence) fn joined(&mut self, first: &str, second: &str) -> Option<(String, String)> {
        let (end, start) = (tail(first), head(second));
        if !begins_secret(end) || start.is_empty() {
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

/// Whether a key begins here and goes on in the next line: in PEM, in PEM in base64, or in a `.ppk` file.
fn begins_key(line: &str) -> bool {
    let pem = line.contains("PRIVATE KEY") && line.contains("-----BEGIN") && !line.contains("-----END");
    pem || line.contains("Private-Lines: ") || encoded::begins_key(tail(line))
}

/// Whether a secret that is known by its first letters may begin here. Others, a line break cuts beyond recognition.
fn begins_secret(tail: &str) -> bool {
    tail.len() >= TAIL_MIN && RULES.prefixes.iter().any(|prefix| tail.contains(prefix.as_str()))
}

/// Base64, a header such as `Proc-Type: 4,ENCRYPTED`, or a line with a long run of base64 in it.
fn is_of_key(line: &str) -> bool {
    const RUN: usize = 24;
    const HEADERS: [&str; 5] = ["Proc-Type: ", "DEK-Info: ", "Comment: ", "Version: ", "Hash: "];
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=-".contains(&b);
    let long = line.as_bytes().split(|b| !base64(*b)).any(|run| run.len() >= RUN);
    long || line.bytes().all(base64) || HEADERS.iter().any(|header| line.starts_with(header))
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
