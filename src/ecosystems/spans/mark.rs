//! The mark of a pin: a comment that says what stood there before.

use std::ops::Range;

/// The words every mark begins with.
pub(crate) const SIGN: &str = "ci-rescue pin was ";
/// What a mark says where nothing stood before.
pub(crate) const ABSENT: &str = "absent";
/// What stands behind a key or table that only our pin needs.
pub(crate) const MADE: &str = "  # ci-rescue pin made this";
/// What comes before the version that the lock had.
const LOCKED: &str = "; locked ";
/// Longer requirements are not kept in comments.
const OLD_MAX: usize = 400;

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Was {
    pub(crate) old: String,
    /// The version that the lock had, where the lock was edited too.
    pub(crate) locked: Option<String>,
}

impl Was {
    pub(crate) fn new(old: &str, locked: Option<&str>) -> Self {
        Self { old: old.to_owned(), locked: locked.map(str::to_owned) }
    }

    /// The words of the mark, without the comment's own signs. `None`, when what stood there cannot be kept in a
    /// comment of any of our languages and read back.
    pub(crate) fn words(&self) -> Option<String> {
        let old = &self.old;
        let safe = old.len() <= OLD_MAX
            && !old.chars().any(char::is_control)
            && !["ci-rescue", "--", "*/", LOCKED].iter().any(|bad| old.contains(bad))
            && !old.ends_with('-')
            && old.trim() == old;
        let locked = self.locked.as_ref().map(|locked| format!("{LOCKED}{locked}")).unwrap_or_default();
        safe.then(|| format!("{SIGN}{old}{locked}"))
    }

    /// Reads what follows [`SIGN`].
    pub(crate) fn read(words: &str) -> Self {
        let words = words.split(MADE).next().unwrap_or_default();
        match words.rsplit_once(LOCKED) {
            Some((old, locked)) => Self::new(old, Some(locked.trim())),
            None => Self::new(words, None),
        }
    }
}

/// A mark in a line comment.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// With the spaces and the comment sign before it, to its end: what to take out.
    pub(crate) range: Range<usize>,
    pub(crate) was: Was,
}

/// The marks of one line, in their order. `lead` is what we put before [`SIGN`], such as `"  # "`; offsets are
/// counted from `base`, the line's own place.
pub(crate) fn in_line(line: &str, base: usize, leads: &[&str]) -> Vec<Found> {
    let mut starts = Vec::new();
    for (at, _) in line.match_indices(SIGN) {
        let before = &line[..at];
        if let Some(lead) = leads.iter().find(|lead| before.ends_with(**lead)) {
            starts.push((at - lead.len(), at + SIGN.len()));
        }
    }
    let mut found = Vec::new();
    for (index, (start, words)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(line.len(), |next| next.0);
        if let Some(said) = line.get(*words..end) {
            found.push(Found { range: base + start..base + end, was: Was::read(said) });
        }
    }
    found
}

/// At most 100 characters of something from outside, for a message.
pub(crate) fn short(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut out = clean.take(100).collect::<String>();
    if text.chars().nth(100).is_some() {
        out.push('…');
    }
    out
}
