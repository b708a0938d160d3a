//! Questions on the terminal, one line each.
//!
//! The terminal stays in its line mode, where the kernel keeps what is typed before its question, and Ctrl-C is a signal
//! at any moment. Raw mode, switched per question, lost both.

use super::cancel::Silence;
use crate::cli::terminal;
use std::fmt::Display;

pub type Asked<T> = Result<T, String>;

fn unread(why: &dyn Display) -> String {
    format!("the terminal cannot be read: {why}. Pass --answers FILE instead")
}

/// What was typed before the line's end.
fn typed() -> Asked<String> {
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(0) => Err(unread(&"it ended")),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(why) => Err(unread(&why)),
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
    let silence = Silence::begin().map_err(|why| unread(&why))?;
    terminal::err(format_args!("{prompt} "));
    let text = typed();
    drop(silence);
    terminal::err(format_args!("\n"));
    text
}

pub fn refuse(why: &str) {
    terminal::err(format_args!("{}\n", textwrap::fill(&format!("  {why}"), 80)));
}

/// Asks for yes or no; Enter takes the default.
///
/// # Errors
/// The terminal is gone.
pub fn yes(question: &str, default: bool) -> Asked<bool> {
    let prompt = format!("{question} [{}]", if default { "Y/n" } else { "y/N" });
    loop {
        match ask(&prompt)?.to_ascii_lowercase().as_str() {
            "" => return Ok(default),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => refuse("y or n, please"),
        }
    }
}

/// The index of what is chosen; Enter takes the first.
pub fn choice(question: &str, ways: &[&str]) -> Asked<usize> {
    for (at, way) in (1..).zip(ways) {
        terminal::err(format_args!("  {at}. {way}\n"));
    }
    until_good(&format!("{question} [1]"), |text| {
        let number = if text.is_empty() { Ok(1) } else { text.parse() };
        let index = number.ok().and_then(|number: usize| number.checked_sub(1)).filter(|at| *at < ways.len());
        index.ok_or_else(|| format!("a number from 1 to {}", ways.len()))
    })
}

/// Asks until the answer can be one.
fn until_good<T>(prompt: &str, read: impl Fn(&str) -> Result<T, String>) -> Asked<T> {
    loop {
        match read(&ask(prompt)?) {
            Ok(answer) => return Ok(answer),
            Err(why) => refuse(&why),
        }
    }
}

/// A line, which may stay empty.
pub fn line(question: &str, default: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<String> {
    let prompt = if default.is_empty() { format!("{question}:") } else { format!("{question} [{default}]") };
    until_good(&prompt, |text| {
        let text = if text.is_empty() { default } else { text };
        // Such as those of an arrow key.
        if text.chars().any(char::is_control) {
            return Err("this has invisible characters in it".into());
        }
        check(text).map(|()| text.to_owned())
    })
}

pub fn needed(question: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<String> {
    line(question, "", |text| if text.is_empty() { Err("this is needed".into()) } else { check(text) })
}

/// A line that may stay empty: then there is none.
pub fn optional(question: &str, check: impl Fn(&str) -> Result<(), String>) -> Asked<Option<String>> {
    let text = line(question, "", |text| if text.is_empty() { Ok(()) } else { check(text) })?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}
