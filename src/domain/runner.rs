//! Runners, as jobs ask for them: by labels.

use super::facts::Known;
use super::text::{Untrusted, clean_line};
use super::time::Time;
use serde::{Deserialize, Serialize};

/// On every machine of one's own: alone it says nothing.
const OWN: &str = "self-hosted";
/// Longer names are cut.
const NAME: usize = 60;

/// The labels that a job asks for, in one spelling: lower case, sorted, each once.
#[must_use]
pub fn labels(asked: &[Untrusted]) -> Vec<String> {
    let mut all: Vec<String> = asked.iter().map(|label| label.line(NAME).trim().to_lowercase()).collect();
    all.retain(|label| !label.is_empty());
    all.sort();
    all.dedup();
    all
}

/// As people call a runner with these labels: `windows-cuda`, `cuda + windows`.
#[must_use]
pub fn name(labels: &[String]) -> String {
    let telling: Vec<&str> = labels.iter().map(String::as_str).filter(|label| *label != OWN).collect();
    if telling.is_empty() { OWN.to_owned() } else { clean_line(&telling.join(" + "), NAME) }
}

/// Runners that have all of some labels, as the forge counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    pub online: u32,
    pub offline: u32,
}

/// What an incident about a runner waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// As [`labels`] spells them.
    pub labels: Vec<String>,
    /// The forge's last answer; `None` before the first.
    pub fleet: Option<Known<Fleet>>,
    pub asked_at: Time,
}

impl Awaited {
    /// The forge says that none is online.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.fleet, Some(Known::Is(Fleet { online: 0, .. })))
    }

    /// `runner windows-cuda offline`, as the card's title says it.
    #[must_use]
    pub fn words(&self) -> String {
        let name = name(&self.labels);
        match &self.fleet {
            Some(Known::Is(Fleet { online: 0, .. })) => format!("runner {name} offline"),
            Some(Known::Is(_)) => format!("runner {name} busy"),
            _ => format!("no runner takes {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_one_spelling_and_a_name() {
        for (asked, spelt, called) in [
            (&["self-hosted", "windows-cuda"][..], &["self-hosted", "windows-cuda"][..], "windows-cuda"),
            (&["Windows-CUDA", "self-hosted", "windows-cuda "], &["self-hosted", "windows-cuda"], "windows-cuda"),
            (&["windows", "self-hosted", "cuda"], &["cuda", "self-hosted", "windows"], "cuda + windows"),
            (&["self-hosted"], &["self-hosted"], "self-hosted"),
            (&["a\nb", "", " "], &["a b"], "a b"),
        ] {
            let asked: Vec<Untrusted> = asked.iter().map(|label| (*label).into()).collect();
            assert_eq!(labels(&asked), spelt);
            assert_eq!(name(&labels(&asked)), called);
        }
    }
}
