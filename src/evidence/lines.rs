//! Bytes to clean lines: encodings, carriage returns, ANSI, runner timestamps and runner marks.

use super::vocabulary::LANES;
use encoding_rs::{Decoder, Encoding, UTF_8};
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// A longer line is cut: nobody reads on, and a line of a gigabyte must not fill memory.
pub const LINE_BYTES: usize = 16 << 10;

/// Takes up to four lines.
pub type Each<'e> = dyn FnMut(&[&[u8]]) + 'e;

/// Splits a stream into lines of at most [`LINE_BYTES`].
#[derive(Default)]
pub struct Splitter {
    line: Vec<u8>,
    cut: bool,
    /// A line break was seen.
    ended: bool,
    /// Carriage returns end lines.
    returns: bool,
    /// The first bytes, until they tell the encoding.
    head: Option<Vec<u8>>,
    started: bool,
    /// Decodes UTF-16, told by its byte order mark.
    wide: Option<Decoder>,
}

/// The longest byte order mark, in bytes.
const MARK: usize = 3;
/// No secret is longer, in bytes: so much is dropped at most where a line is cut.
const WORD_MAX: usize = 1_024;

impl Splitter {
    /// Hands every whole line to `each`.
    pub fn feed(&mut self, bytes: &[u8], each: &mut Each<'_>) {
        if self.started {
            return self.decode(bytes, false, each);
        }
        let mut head = self.head.take().unwrap_or_default();
        head.extend_from_slice(bytes);
        if head.len() < MARK {
            self.head = Some(head);
        } else {
            self.start(&head, each);
        }
    }

    fn start(&mut self, head: &[u8], each: &mut Each<'_>) {
        self.started = true;
        let (encoding, mark) = Encoding::for_bom(head).unwrap_or((UTF_8, 0));
        if encoding != UTF_8 {
            self.wide = Some(encoding.new_decoder_without_bom_handling());
        }
        self.decode(&head[mark..], false, each);
    }

    fn decode(&mut self, bytes: &[u8], last: bool, each: &mut Each<'_>) {
        let Some(decoder) = &mut self.wide else { return self.narrow(bytes, each) };
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
        let _ = decoder.decode_to_string(bytes, &mut text, last);
        self.narrow(text.as_bytes(), each);
    }

    fn narrow(&mut self, mut bytes: &[u8], each: &mut Each<'_>) {
        let (mut lines, mut held) = ([&bytes[..0]; LANES], 0);
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.line.is_empty() && !self.cut && !self.returns && line.len() <= LINE_BYTES {
                self.ended = true;
                lines[held] = line;
                held += 1;
                if held == LANES {
                    each(&lines);
                    held = 0;
                }
                continue;
            }
            each(&lines[..std::mem::take(&mut held)]);
            self.more(line, each);
            self.hand_over(each);
            self.ended = true;
            self.returns = false;
        }
        each(&lines[..held]);
        self.more(bytes, each);
    }

    /// Takes in more of a line. Where more came than a line holds before the first line break, carriage returns end
    /// lines until that comes; elsewhere they go back to the beginning of the line.
    fn more(&mut self, bytes: &[u8], each: &mut Each<'_>) {
        let long = self.line.len() + bytes.len() > LINE_BYTES;
        if !self.returns && !self.ended && long && [&self.line, bytes].iter().any(|part| part.contains(&b'\r')) {
            self.returns = true;
            let (line, cut) = (std::mem::take(&mut self.line), std::mem::take(&mut self.cut));
            self.more(&line, each);
            self.cut = cut;
        }
        if !self.returns {
            return self.keep(bytes);
        }
        let mut pieces = bytes.split(|b| *b == b'\r').peekable();
        while let Some(piece) = pieces.next() {
            self.keep(piece);
            if pieces.peek().is_some() {
                self.hand_over(each);
            }
        }
    }

    /// What follows a carriage return writes over what was there.
    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.line.len());
        if bytes.len() <= room {
            self.line.extend_from_slice(bytes);
            return;
        }
        let seen = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if self.ended
            && let Some(at) = memchr::memrchr(b'\r', seen)
        {
            self.line.clear();
            self.cut = false;
            return self.keep(&seen[at + 1..]);
        }
        self.line.extend_from_slice(&bytes[..room]);
        self.cut = true;
    }

    fn hand_over(&mut self, each: &mut Each<'_>) {
        if std::mem::take(&mut self.cut) {
            // Half a word may be half a secret.
            let whole = self.line.iter().rposition(|b| !(b.is_ascii_alphanumeric() || b"_-./+=".contains(b)));
            let end = whole.map_or(0, |at| at + 1).max(self.line.len().saturating_sub(WORD_MAX));
            self.line.truncate(end);
        }
        each(&[&self.line]);
        self.line.clear();
    }

    /// The last line, where the log does not end with a line break.
    pub fn finish(&mut self, each: &mut Each<'_>) {
        if let Some(head) = self.head.take() {
            self.start(&head, each);
        }
        if self.wide.is_some() {
            self.decode(&[], true, each);
        }
        if !self.ended && !self.returns {
            self.returns = true;
            let line = std::mem::take(&mut self.line);
            self.more(&line, each);
        }
        if !self.line.is_empty() {
            self.hand_over(each);
        }
    }
}

/// An escape sequence (ECMA-48).
static ANSI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|[\]_P^][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>()][0-9A-B]?)")
        .expect("a pattern")
});
/// What is left of them where a tool wrote the escape character in another way.
static ANSI_SPELT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\^\[\[[0-9;]*[mK]|�\[[0-9;]*m").expect("a pattern"));

/// Timestamps that runners put before lines.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:\[[^\]]{0,40}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?\] ?",
        r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: \d\d[EO][+ ]?)? ?",
        // TeamCity's, with the severity and the step.
        r"|\[\d\d:\d\d:\d\d\] ?[A-Za-z]?:\t ?(?:\[Step \d+/\d+\] ?)?",
        r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{3})?\]? +)",
    ))
    .expect("a pattern")
});

/// A line ready for reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Clean<'a> {
    /// The step that a prefix of the line names (`gh run view --log` writes `job<TAB>step<TAB>`).
    pub step: Option<&'a str>,
    pub text: Cow<'a, str>,
    /// The runner prints a script's own text, not what it says.
    pub echo: bool,
}

/// GitHub prints the lines of a step's script in this colour.
const ECHO: &str = "\x1b[36;1m";

/// Decodes, takes what a carriage return left on screen, and drops colours, timestamps and invisible characters.
pub fn clean(raw: &[u8]) -> Clean<'_> {
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let seen = match memchr::memrchr(b'\r', raw) {
        Some(at) if at + 1 < raw.len() => &raw[at + 1..],
        _ => raw,
    };
    // Most lines are valid, and this check is the quicker one.
    let text = std::str::from_utf8(seen).map_or_else(|_| String::from_utf8_lossy(seen), Cow::Borrowed);
    match text {
        Cow::Borrowed(text) => {
            let (step, rest) = prefix(text);
            let rest = after_stamp(rest);
            Clean { step, echo: rest.starts_with(ECHO), text: visible(rest) }
        }
        Cow::Owned(text) => {
            let line = visible(after_stamp(prefix(&text).1)).into_owned();
            Clean { step: None, echo: false, text: line.into() }
        }
    }
}

/// `job<TAB>step<TAB>` before a timestamp.
fn prefix(text: &str) -> (Option<&str>, &str) {
    const NAME_MAX: usize = 200;
    let bytes = text.as_bytes();
    let head = &bytes[..bytes.len().min(2 * NAME_MAX)];
    let Some(first) = memchr::memchr(b'\t', head).filter(|at| (1..=NAME_MAX).contains(at)) else { return (None, text) };
    let Some(second) = memchr::memchr(b'\t', &bytes[first + 1..]) else { return (None, text) };
    let (step, rest) = (&text[first + 1..first + 1 + second], &text[first + second + 2..]);
    let rest = rest.trim_start_matches('\u{feff}');
    // Other tables have tabs too: only a timestamp after the second one tells.
    let stamped = rest.as_bytes().get(..11).is_some_and(|b| b[..4].iter().all(u8::is_ascii_digit) && b[10] == b'T');
    if !stamped || step.len() > NAME_MAX {
        return (None, text);
    }
    // What gh writes where it does not know: the runner's own marks tell.
    (Some(step.trim()).filter(|step| *step != "UNKNOWN STEP"), rest)
}

/// What follows the runner's timestamp.
fn after_stamp(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let bytes = text.as_bytes();
    // GitHub's own: `2025-10-12T01:29:13.2658435Z `.
    if bytes.len() >= 28
        && bytes[0] == b'2'
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[19] == b'.'
        && bytes[27] == b'Z'
        && bytes[..28].is_ascii()
    {
        return text[28..].strip_prefix(' ').unwrap_or(&text[28..]);
    }
    let may = match bytes.first() {
        Some(b'[') => bytes.iter().take(48).any(|b| *b == b':'),
        Some(b) => b.is_ascii_digit() && bytes.get(2).is_some_and(|b| *b == b':' || b.is_ascii_digit()),
        None => false,
    };
    if !may {
        return text;
    }
    STAMP.find(text).map_or(text, |found| &text[found.end()..])
}

/// Without colours and what cannot be seen, and without trailing white space.
fn visible(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    let plain = |b: u8| (b' '..0x7f).contains(&b) && b != b'^' || b == b'\t';
    if !text.bytes().fold(false, |any, b| any | !plain(b)) {
        return Cow::Borrowed(text);
    }
    let mut text = without_escapes(text);
    if (text.contains("^[[") || text.contains('\u{fffd}'))
        && let Cow::Owned(clean) = ANSI_SPELT.replace_all(&text, "")
    {
        text = Cow::Owned(clean);
    }
    if text.is_ascii() && !text.bytes().fold(false, |any, b| any | is_control(b)) {
        return trimmed(text);
    }
    if text.chars().any(|c| crate::domain::text::is_invisible(c) && c != '\t') {
        let kept: String = text.chars().filter(|c| !crate::domain::text::is_invisible(*c) || *c == '\t').collect();
        return Cow::Owned(kept.trim_end().to_owned());
    }
    trimmed(text)
}

fn without_escapes(text: &str) -> Cow<'_, str> {
    let Some(mut at) = memchr::memchr(0x1b, text.as_bytes()) else { return Cow::Borrowed(text) };
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    loop {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = colour(rest.as_bytes()).or_else(|| ANSI.find(rest).map(|found| found.end()));
        rest = &rest[end.unwrap_or(1)..];
        let Some(next) = memchr::memchr(0x1b, rest.as_bytes()) else { break };
        at = next;
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// Where a colour ends that begins here: nearly all escape sequences are colours.
fn colour(text: &[u8]) -> Option<usize> {
    let codes = text.strip_prefix(b"\x1b[")?;
    let end = codes.iter().position(|b| !(b.is_ascii_digit() || *b == b';'))?;
    (codes[end] == b'm').then_some(end + 3)
}

fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end().len());
            Cow::Owned(text)
        }
    }
}

/// What follows `##[error]`, a harness's `12:00:01     INFO - `, Docker's `#12 3.45 `, Compose's `web_1 | `, Ant's `[junit] `,
/// a task runner's `app:test: `, Yarn's `➤ YN0000: `, Nix's `name> `, Drone's `[name:7] `, the `[0-0] ` of parallel workers,
/// and the stamp of a program behind the runner's own.
pub fn body(text: &str) -> Option<&str> {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^(?:\d{4}[/-]\d\d[/-]\d\d \d\d:\d\d:\d\d(?:[.,]\d+)? |\d+s |\d\d:\d\d |➤ YN\d{4}: (?:│ )?|[a-z][\w.+-]*> | {7}> |",
            r"\[(?:[\w-]+:)?\d+\] |\[(?:[^\]]{1,60} #)?\d+-\d+\] |##\[error\]|\d\d:\d\d:\d\d +(?:INFO|WARNING|ERROR|CRITICAL) - +|#\d+ (?:\d+\.\d+ )?|\d+\.\d{2,3} |[\w.-]+[_-]\d+ +\| |",
            r"\s*\[(?:junit|exec|javac|java|error|testng|scalatest)\] |[\w@/.-]+[:#][a-z][\w:-]*: |[a-z@.][\w@/.-]* (?:test|lint|build|check|typecheck)\w*: |\s*│ ?)"
        ))
        .expect("a pattern")
    });
    if !may_have_prefix(text.as_bytes()) {
        return None;
    }
    PREFIX.find(text).map(|found| &text[found.end()..])
}

/// Most lines do not look as if something stood before them.
fn may_have_prefix(text: &[u8]) -> bool {
    const LOOKED_AT: usize = 120;
    let head = &text[..text.len().min(LOOKED_AT)];
    match head.first() {
        Some(b'#' | b'[' | b' ' | b'\t' | b'@' | 0xe2 | b'0'..=b'9') => true,
        Some(_) => {
            let task = memchr::memmem::find(head, b": ").map(|at| &head[..at]);
            let quoted = head.iter().position(|b| !(b.is_ascii_alphanumeric() || b"_.+-".contains(b)));
            quoted.is_some_and(|at| head[at..].starts_with(b"> "))
                || task.is_some_and(|task| task.iter().any(|b| matches!(b, b':' | b'#' | b' ')))
                || memchr::memmem::find(head, b" | ").is_some()
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cleans_what_runners_add() {
        for (raw, want) in [
            (&b"2025-10-12T01:29:13.2658435Z Type error: x"[..], "Type error: x"),
            (
                b"[task 2025-02-13T11:00:27.837Z] 11:00:27     INFO - TEST-UNEXPECTED-FAIL | a",
                "11:00:27     INFO - TEST-UNEXPECTED-FAIL | a",
            ),
            (b"\x1b[31m1) fails\x1b[0m", "1) fails"),
            (b"10%\r50%\r100% done\r", "100% done"),
            (b"plain 12:30 text", "plain 12:30 text"),
            (b"[11:00:09]E:\t [Step 1/2] 2 tests failed", "2 tests failed"),
            (b"[14:01:59] :\t [Step 2/2] PayTest > pays() FAILED", "PayTest > pays() FAILED"),
            (b"^[[31mred^[[0m", "red"),
            (b"a\xffb", "a\u{fffd}b"),
        ] {
            assert_eq!(clean(raw).text, want);
        }
        let line = clean(b"build\tRun tests\t2026-01-06T18:54:09.7252899Z FAIL x");
        assert_eq!(line, Clean { step: Some("Run tests"), text: "FAIL x".into(), echo: false });
    }

    proptest! {
        #[test]
        fn splitting_does_not_depend_on_chunks(text in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..400) {
            let split = |parts: &[&[u8]]| {
                let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
                let mut each = |more: &[&[u8]]| lines.extend(more.iter().map(|line| line.to_vec()));
                for part in parts {
                    splitter.feed(part, &mut each);
                }
                splitter.finish(&mut each);
                lines
            };
            let at = at.min(text.len());
            prop_assert_eq!(split(&[&text]), split(&[&text[..at], &text[at..]]));
            for line in split(&[&text]) {
                clean(&line);
            }
        }
    }
}
