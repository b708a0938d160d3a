//! Bytes to clean lines: encodings, carriage returns, ANSI, runner timestamps and runner marks.

use regex::Regex;
use std::sync::LazyLock;

/// A longer line is cut: nobody reads on, and a line of a gigabyte must not fill memory.
pub const LINE_BYTES: usize = 16 << 10;

/// Splits a stream into lines of at most [`LINE_BYTES`].
#[derive(Debug, Default)]
pub struct Splitter {
    line: Vec<u8>,
    cut: bool,
    started: bool,
    wide: Option<Wide>,
    half: Option<u8>,
}

/// UTF-16, told by its byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wide {
    Little,
    Big,
}

impl Splitter {
    /// Hands every whole line to `each`.
    pub fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        if !self.started && !bytes.is_empty() {
            self.started = true;
            match bytes {
                [0xff, 0xfe, rest @ ..] => (self.wide, bytes) = (Some(Wide::Little), rest),
                [0xfe, 0xff, rest @ ..] => (self.wide, bytes) = (Some(Wide::Big), rest),
                [0xef, 0xbb, 0xbf, rest @ ..] => bytes = rest,
                _ => {}
            }
        }
        match self.wide {
            None => self.narrow(bytes, each),
            Some(wide) => {
                let text = self.widen(wide, bytes);
                self.narrow(text.as_bytes(), each);
            }
        }
    }

    fn widen(&mut self, wide: Wide, bytes: &[u8]) -> String {
        let all: Vec<u8> = self.half.take().into_iter().chain(bytes.iter().copied()).collect();
        let pairs = all.chunks_exact(2);
        self.half = pairs.remainder().first().copied();
        let units = pairs.map(|pair| match wide {
            Wide::Little => u16::from_le_bytes([pair[0], pair[1]]),
            Wide::Big => u16::from_be_bytes([pair[0], pair[1]]),
        });
        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
    }

    fn narrow(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            if self.line.is_empty() && !self.cut && line.len() <= LINE_BYTES {
                each(line);
            } else {
                self.keep(line);
                each(&self.line);
                self.line.clear();
                self.cut = false;
            }
            bytes = &rest[1..];
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.cut |= bytes.len() > room;
    }

    /// The last line, where the log does not end with a line break.
    pub fn finish(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !self.line.is_empty() {
            each(&self.line);
            self.line.clear();
        }
    }
}

static ANSI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\^_=>()][0-9A-B]?|\^\[\[[0-9;]*m|�\[[0-9;]*m").expect("a pattern")
});

/// Timestamps that runners put before lines, and the `job<TAB>step<TAB>` prefix of `gh run view --log`.
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:[^\t\n]{1,200}\t([^\t\n]{1,200})\t)?\u{feff}?",
        r"(?:\[[^\]]{0,40}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?\] ?(?:\d\d:\d\d:\d\d +(?:INFO|WARNING|ERROR|CRITICAL|DEBUG) - +)?",
        r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: \d\d[EO][+ ]?)? ?",
        r"|\d\d:\d\d:\d\d(?:[.,]\d{3})? +)?",
    ))
    .expect("a pattern")
});

/// A line ready for reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Clean {
    /// The step that a prefix of the line names.
    pub step: Option<String>,
    pub text: String,
}

/// Decodes, takes what a carriage return left on screen, and drops colours, timestamps and invisible characters.
pub fn clean(raw: &[u8]) -> Clean {
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let seen = match memchr::memrchr(b'\r', raw) {
        Some(at) if at + 1 < raw.len() => &raw[at + 1..],
        _ => raw,
    };
    let text = String::from_utf8_lossy(seen);
    let text = if text.contains('\x1b') || text.contains("^[[") || text.contains('\u{fffd}') {
        ANSI.replace_all(&text, "")
    } else {
        text
    };
    let found = STAMP.captures(&text);
    let step = found.as_ref().and_then(|found| found.get(1)).map(|step| step.as_str().trim().to_owned());
    let rest = &text[found.map_or(0, |found| found.get(0).map_or(0, |all| all.end()))..];
    let text = rest.chars().filter(|c| !crate::domain::text::is_invisible(*c) || *c == '\t').collect::<String>();
    Clean { step, text: text.trim_end().to_owned() }
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
                "TEST-UNEXPECTED-FAIL | a",
            ),
            (b"\x1b[31m1) fails\x1b[0m", "1) fails"),
            (b"10%\r50%\r100% done\r", "100% done"),
            (b"plain 12:30 text", "plain 12:30 text"),
            (b"^[[31mred^[[0m", "red"),
            (b"a\xffb", "a\u{fffd}b"),
        ] {
            assert_eq!(clean(raw).text, want);
        }
        let line = clean(b"build\tRun tests\t2026-01-06T18:54:09.7252899Z FAIL x");
        assert_eq!(line, Clean { step: Some("Run tests".into()), text: "FAIL x".into() });
    }

    proptest! {
        #[test]
        fn splitting_does_not_depend_on_chunks(text in proptest::collection::vec(any::<u8>(), 0..400), at in 0_usize..400) {
            let split = |parts: &[&[u8]]| {
                let (mut splitter, mut lines) = (Splitter { started: true, ..Splitter::default() }, Vec::new());
                for part in parts {
                    splitter.feed(part, &mut |line| lines.push(line.to_vec()));
                }
                splitter.finish(&mut |line| lines.push(line.to_vec()));
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
