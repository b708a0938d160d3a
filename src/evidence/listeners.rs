//! Who listens to the lines of a log: every rule and every reader, by the words that they gave.

use super::exit::Exit;
use super::frames::Frames;
use super::known::ISSUES;
use super::marks::Marks;
use super::redact;
use super::signs::SIGNS;
use super::vocabulary::{Bits, Vocabulary, Words};
use crate::{ecosystems, frameworks};
use std::ops::Range;
use std::sync::LazyLock;

/// Who listens to the lines of a log, by place in [`Bits`].
pub struct Listeners {
    pub vocabulary: Vocabulary,
    pub redaction: Range<usize>,
    pub signs: Range<usize>,
    pub issues: Range<usize>,
    pub frameworks: Range<usize>,
    pub ecosystems: Range<usize>,
    pub marks: usize,
    pub exit: usize,
    pub frames: usize,
}

pub static LISTENERS: LazyLock<Listeners> = LazyLock::new(|| {
    let mut words = Words::default();
    let redaction = redact::speak(0, &mut words);
    let signs = SIGNS.speak(redaction.end, &mut words);
    let issues = ISSUES.speak(signs.end, &mut words);
    let mut next = issues.end;
    let mut shelf = |all: Vec<&'static [&'static str]>| {
        let from = next;
        for list in all {
            for word in list {
                words.add(next, word);
            }
            next += 1;
        }
        from..next
    };
    let frameworks = shelf(frameworks::all().iter().map(|framework| framework.words()).collect());
    let ecosystems = shelf(ecosystems::all().iter().map(|ecosystem| ecosystem.words()).collect());
    let singles = shelf(vec![&Marks::WORDS, &Exit::WORDS]);
    let frames = singles.end;
    Frames::speak(frames, &mut words);
    Listeners {
        vocabulary: words.build(),
        redaction,
        signs,
        issues,
        frameworks,
        ecosystems,
        marks: singles.start,
        exit: singles.start + 1,
        frames,
    }
});

/// Whether anybody listens for a word of this clean line: most lines nobody does.
#[must_use]
pub fn is_heard(text: &str) -> bool {
    !LISTENERS.vocabulary.look(text.as_bytes()).is_empty()
}

/// The kinds of a line, and of its body where a tool prints something before it.
pub fn kinds(text: &str, body: Option<&str>, bits: &Bits) -> Vec<usize> {
    let listeners = &*LISTENERS;
    if bits.within(listeners.signs.clone()).next().is_none() {
        return Vec::new();
    }
    let mut kinds: Vec<usize> = SIGNS.of(text.as_bytes(), bits, &listeners.signs).collect();
    if let Some(body) = body {
        let more: Vec<usize> = SIGNS.of(body.as_bytes(), bits, &listeners.signs).collect();
        kinds.extend(more.into_iter().filter(|kind| !kinds.contains(kind)).collect::<Vec<_>>());
    }
    kinds
}
