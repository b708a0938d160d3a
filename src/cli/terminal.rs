//! How we print: colour, width, and readers that have seen enough.

use ci_rescue::domain::text::is_invisible;
use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Columns where nobody tells.
const WIDTH: usize = 80;
/// Narrower or wider than this is no terminal that people read on.
const WIDTHS: std::ops::RangeInclusive<usize> = 20..=1_000;

/// Whoever reads standard output closed it.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether the reader of standard output is gone.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Prints to standard output. A closed pipe is no error: the command ends quietly.
pub fn out(text: Arguments<'_>) {
    let _ = write(&escaped(&text.to_string(), false));
}

/// The same for text that we coloured ourselves, and whose words are [`escaped`].
///
/// # Errors
/// Standard output cannot be written to.
pub fn coloured(text: &str) -> std::io::Result<()> {
    write(&escaped(text, true))
}

fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let wrote = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    note(wrote.as_ref().map(|&()| ()).map_err(std::io::Error::kind));
    if is_closed() { Ok(()) } else { wrote }
}

/// Takes note of a pipe that was closed.
pub fn note(wrote: Result<(), ErrorKind>) {
    if wrote == Err(ErrorKind::BrokenPipe) {
        CLOSED.store(true, Ordering::Relaxed);
    }
}

/// Prints to standard error. Where that is closed, there is nobody to tell.
pub fn err(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_all(escaped(&text.to_string(), false).as_bytes());
}

/// The log's way out.
pub struct Log {
    pub colours: bool,
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().lock().write_all(escaped(&String::from_utf8_lossy(bytes), self.colours).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// What a terminal would obey, or a reader not see, as an escape that JSON has too: there it means the same. Our own
/// `colours` stay.
pub fn escaped(text: &str, colours: bool) -> Cow<'_, str> {
    let harmless = |c: char| matches!(c, '\n' | '\t') || !is_invisible(c);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = if colours { colour(rest) } else { 0 };
        let end = colour.max(c.len_utf8());
        if colour > 0 || harmless(c) {
            out.push_str(&rest[..end]);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
        rest = &rest[end..];
    }
    Cow::Owned(out)
}

/// Bytes of the colour that a text begins with.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\x1b[") else { return 0 };
    let end = rest.bytes().position(|b| !b.is_ascii_digit() && b != b';');
    end.filter(|end| rest.as_bytes()[*end] == b'm').map_or(0, |end| end + 3)
}

/// Whether colours are welcome: on a terminal, unless `NO_COLOR` is set (no-color.org).
pub fn has_colour(stream: &impl IsTerminal) -> bool {
    let set = |key: &str| std::env::var_os(key).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns to write in: `COLUMNS`, else the terminal's.
pub fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let seen = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    told.filter(|columns| WIDTHS.contains(columns))
        .or_else(seen)
        .filter(|columns| WIDTHS.contains(columns))
        .unwrap_or(WIDTH)
}

/// A line of somebody's file or log as it may be shown: nothing in it steers the terminal, and it keeps its indentation.
pub fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.trim_end().chars() {
        match c {
            '\t' => out.push_str("    "),
            c if is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_and_json_means_the_same() {
        let hostile = "a\u{9b}31m \u{202e}b\x1b]8;;http://evil\x07 \x1b[31mred\x1b[0m \u{e0041}\r\n\tc";
        let want =
            "a\\u009b31m \\u202eb\\u001b]8;;http://evil\\u0007 \\u001b[31mred\\u001b[0m \\udb40\\udc41\\u000d\n\tc";
        assert_eq!(escaped(hostile, false), want);
        let ours = escaped("\x1b[1;31mred\x1b[0m \x1b[2J \x1b[9", true);
        assert_eq!(ours, "\x1b[1;31mred\x1b[0m \\u001b[2J \\u001b[9");
        let value = serde_json::json!({ "name": hostile });
        let shown = serde_json::to_string(&value).unwrap();
        let text = escaped(&shown, false);
        assert!(!text.chars().any(is_invisible), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        assert_eq!(escaped("plain — ünïcode ✓\n", false), "plain — ünïcode ✓\n");
    }
}
