//! One automaton over every word that anything listens for: one look at a line tells who wants to see more of it.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

const CELLS: usize = 7;
/// Listeners that a vocabulary has room for.
pub const LISTENERS: usize = CELLS * 64;

/// A set of listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits([u64; CELLS]);

impl Bits {
    pub fn of(listener: usize) -> Self {
        let mut bits = Self::default();
        bits.0[listener / 64] |= 1 << (listener % 64);
        bits
    }

    pub fn has(&self, listener: usize) -> bool {
        self.0[listener / 64] & (1 << (listener % 64)) != 0
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|cell| *cell == 0)
    }

    pub fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    /// The listeners of `range` that are in the set, in order.
    pub fn within(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = usize> + '_ {
        let cells = range.start / 64..CELLS.min(range.end.div_ceil(64));
        let (start, end) = (range.start, range.end);
        cells.flat_map(move |cell| Ones(self.0[cell]).map(move |bit| cell * 64 + bit)).filter(move |at| {
            let at = *at;
            (start..end).contains(&at)
        })
    }
}

/// The positions of the set bits of a word.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(at)
    }
}

/// Words by listener.
#[derive(Default)]
pub struct Words {
    words: Vec<String>,
    owners: Vec<Bits>,
}

impl Words {
    pub fn add(&mut self, listener: usize, word: &str) {
        assert!(listener < LISTENERS, "no room for listener {listener}: raise CELLS");
        let word = word.to_ascii_lowercase();
        if let Some(at) = self.words.iter().position(|known| *known == word) {
            self.owners[at].join(&Bits::of(listener));
        } else {
            self.words.push(word);
            self.owners.push(Bits::of(listener));
        }
    }

    pub fn build(self) -> Vocabulary {
        let dfa = DFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .start_kind(aho_corasick::StartKind::Unanchored)
            .prefilter(false)
            .build(&self.words)
            .expect("the words are valid");
        Vocabulary { dfa, owners: self.owners }
    }
}

/// Who listens for which word. Case does not count.
pub struct Vocabulary {
    dfa: DFA,
    owners: Vec<Bits>,
}

impl Vocabulary {
    /// Who listens for a word of this text.
    pub fn look(&self, text: &[u8]) -> Bits {
        let mut cursor = self.cursor();
        for byte in text {
            self.step(&mut cursor, *byte);
        }
        cursor.heard
    }

    /// The same for two texts side by side: a processor waits for memory at each step, and can wait for both at once.
    pub fn look_at_both(&self, one: &[u8], other: &[u8]) -> (Bits, Bits) {
        let (mut first, mut second) = (self.cursor(), self.cursor());
        let common = one.len().min(other.len());
        for (a, b) in one.iter().zip(other) {
            self.step(&mut first, *a);
            self.step(&mut second, *b);
        }
        for byte in &one[common..] {
            self.step(&mut first, *byte);
        }
        for byte in &other[common..] {
            self.step(&mut second, *byte);
        }
        (first.heard, second.heard)
    }

    fn cursor(&self) -> Cursor {
        let state = self.dfa.start_state(Anchored::No).expect("the automaton starts unanchored");
        Cursor { state, heard: Bits::default() }
    }

    #[inline]
    fn step(&self, cursor: &mut Cursor, byte: u8) {
        cursor.state = self.dfa.next_state(Anchored::No, cursor.state, byte);
        if self.dfa.is_special(cursor.state) {
            self.hear(cursor);
        }
    }

    #[cold]
    fn hear(&self, cursor: &mut Cursor) {
        if self.dfa.is_match(cursor.state) {
            for at in 0..self.dfa.match_len(cursor.state) {
                cursor.heard.join(&self.owners[self.dfa.match_pattern(cursor.state, at).as_usize()]);
            }
        }
    }
}

/// Where a look at a text stands.
struct Cursor {
    state: StateID,
    heard: Bits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_their_words_inside_others_too() {
        let mut words = Words::default();
        for (listener, word) in [(0, "error"), (70, "error"), (3, "or ts"), (200, "ERROR TS")] {
            words.add(listener, word);
        }
        let vocabulary = words.build();
        let bits = vocabulary.look(b"an Error TS2307");
        assert_eq!(bits.within(0..LISTENERS).collect::<Vec<_>>(), [0, 3, 70, 200]);
        assert_eq!(bits.within(1..71).collect::<Vec<_>>(), [3, 70]);
        assert!(bits.has(70) && !bits.has(71));
        assert_eq!(vocabulary.look_at_both(b"an Error TS2307", b"none"), (bits, Bits::default()));
        assert_eq!(vocabulary.look_at_both(b"", b"an Error TS2307"), (Bits::default(), bits));
    }
}
