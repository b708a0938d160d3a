//! `[repro]`.

use super::{Check, path};
use crate::config::shape::Config;
use crate::config::tree::Step;
use std::path::Path;

const PROGRAMS: [&str; 2] = ["podman", "docker"];
/// An effect is claimed for half an hour: what takes longer would be begun twice.
const MINUTES_MAX: u32 = 25;
/// Less is not enough for a package manager.
const MEMORY_MB_MIN: u32 = 64;
const AT_ONCE_MAX: u32 = 8;

pub(super) fn check(check: &mut Check<'_>, config: &Config) {
    let repro = &config.repro;
    if let Some(runner) = &repro.runner {
        let named = Path::new(runner).file_name().and_then(|name| name.to_str());
        let is_path = runner.contains('/') && Path::new(runner).is_absolute();
        if !(is_path && named.is_some_and(|name| PROGRAMS.contains(&name))) {
            check.one_of(&path("repro.runner"), runner, &PROGRAMS);
        }
    }
    for (label, image) in &repro.runners {
        let at = [path("repro.runners"), vec![Step::Key(label.clone())]].concat();
        check.image(&at, image, "docker.io/library/debian:12", false);
    }
    for (nth, pattern) in repro.images.iter().enumerate() {
        let at = [path("repro.images"), vec![Step::Index(nth)]].concat();
        check.image(&at, pattern, "docker.io/library/*", true);
    }
    for (key, value, least, most) in [
        ("repro.cpus", repro.cpus, 1, u32::MAX),
        ("repro.memory_mb", repro.memory_mb, MEMORY_MB_MIN, u32::MAX),
        ("repro.minutes", repro.minutes, 1, MINUTES_MAX),
        ("repro.at_once", repro.at_once, 1, AT_ONCE_MAX),
    ] {
        if value < least {
            check.say(&path(key), &format!("must be at least {least}"));
        } else if value > most {
            check.say(&path(key), &format!("must be at most {most}"));
        }
    }
}

impl Check<'_> {
    fn image(&mut self, at: &[Step], text: &str, example: &str, is_pattern: bool) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c) || (is_pattern && c == '*');
        if text.starts_with('-') || text.is_empty() || !text.chars().all(plain) {
            let what = if is_pattern { "a pattern of images" } else { "the name of an image" };
            self.say(at, &format!("must be {what}, such as {example}"));
        }
    }
}
