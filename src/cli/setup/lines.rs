//! Questions on the terminal, one line each.
//!
//! The terminal stays in its line mode, where the kernel keeps what is typed before its question, and Ctrl-C is a signal
//! at any moment. Raw mode, switched per question, lost both.

use super::cancel::Silence;
use crate::cli::terminal;
use std::io::Error;

pub type Asked<T> = Result<T, String>;

fn unread(why: impl std::fmt::Display) -> String {
    format!("the terminal cannot be read: {why}. Pass --answers FILE instead")
}

/// What was typed before the line's end.
fn typed() -> Asked<String> {
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(0) => Err(unread("it ended")),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(why) => Err(unread(why)),
    }
}

/// Asks; what is typed is shown.
///
/// # Errors
/// The terminal is gone.
pub fn ask(prompt: &str) -> Asked<String> {
    terminal::err(format_args!("{prompt} "));
    typed()
}

/// Asks for what must not be seen.
///
/// # Errors
/// The terminal is gone, or cannot hide it.
pub fn ask_hidden(prompt: &str) -> Asked<String> {
    // Before the question, whose reader may be faster than we are.
    let silence = Silence::begin().map_err(|why: Error| unread(why))?;
    terminal::err(format_args!("{prompt} "));
    let text = typed();
    drop(silence);
    terminal::err(format_args!("\n"));
    text
}
