//! Edits by byte position, gathered first and made at once: everything outside of them stays as it was.

use std::ops::Range;

/// What is to stand at these bytes instead.
pub type Splice = (Range<usize>, String);

/// Replacements of ranges that do not overlap.
#[derive(Debug, Default)]
pub struct Splices {
    list: Vec<Splice>,
}

impl Splices {
    pub fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.list.push((range, with.into()));
    }

    pub fn insert(&mut self, at: usize, what: impl Into<String>) {
        self.replace(at..at, what);
    }

    pub fn remove(&mut self, range: Range<usize>) {
        self.replace(range, "");
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text with every replacement made.
    pub fn apply(self, text: &str) -> String {
        splice(text, self.list)
    }
}

/// The text with all splices made. One that overlaps an earlier one, or is no range of characters, is left out.
pub fn splice(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len() + 128);
    let mut done = 0;
    for (range, with) in splices {
        let (Some(before), Some(_)) = (text.get(done..range.start), text.get(range.clone())) else { continue };
        out.push_str(before);
        out.push_str(&with);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_overlaps_or_fits_nowhere_is_left_out() {
        let mut splices = Splices::default();
        splices.replace(0..1, "A");
        splices.replace(0..2, "never");
        splices.insert(2, "-");
        splices.remove(3..4);
        splices.replace(5..9, "é has two bytes");
        assert_eq!(splices.apply("abcdé"), "Ab-cé");
    }

    proptest! {
        #[test]
        fn nothing_outside_changes(text in "[a-zé]{0,12}", ranges in prop::collection::vec((0_usize..16, 0_usize..16), 0..6)) {
            let splices = ranges.into_iter().map(|(start, end)| (start..end, String::new())).collect();
            let kept = splice(&text, splices);
            let mut rest = text.chars();
            prop_assert!(kept.chars().all(|c| rest.any(|other| other == c)));
        }
    }
}
