//! How we print: colour, width, and readers that have seen enough.

use ci_rescue::domain::text::is_invisible;
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
    let mut stdout = std::io::stdout().lock();
    note(stdout.write_fmt(text).and_then(|()| stdout.flush()).map_err(|why| why.kind()));
}

/// Takes note of a pipe that was closed.
pub fn note(wrote: Result<(), ErrorKind>) {
    if wrote == Err(ErrorKind::BrokenPipe) {
        CLOSED.store(true, Ordering::Relaxed);
    }
}

/// Prints to standard error. Where that is closed, there is nobody to tell.
pub fn err(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
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
