//! How far long work is.

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// How far we are: a bar on a terminal, a line for each tenth elsewhere, and nothing where it takes no time.
pub struct Progress {
    what: String,
    /// What is shorter takes no time.
    small: u64,
    bar: Option<ProgressBar>,
    tenth: u64,
}

/// Rows that are read in no time.
const SMALL: u64 = 20_000;

impl Progress {
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), small: SMALL, bar: None, tenth: 0 }
    }

    /// Of steps that take long each.
    pub fn of_any_length(what: impl Into<String>) -> Self {
        Self { what: what.into(), small: 1, bar: None, tenth: 0 }
    }

    pub fn at(&mut self, done: u64, of: u64) {
        if of < self.small {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(of).with_style(style).with_message(self.what.clone())
            });
            bar.set_position(done);
        } else if done * 10 / of > self.tenth {
            self.tenth = done * 10 / of;
            eprintln!("{}: {} of {}", self.what, HumanCount(done), HumanCount(of));
        }
    }

    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
