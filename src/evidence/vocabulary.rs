//! One automaton over every word that anything listens for: one look at a line tells who wants to see more of it.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

const CELLS: usize = 9;
/// Listeners that a vocabulary has room for.
pub const LISTENERS: usize = CELLS * 64;

/// Texts looked at side by side.
pub const LANES: usize = 4;

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
        let mut lanes = [self.lane(text)];
        self.advance(&mut lanes, 0, text.len());
        lanes[0].heard
    }

    /// The same for texts side by side: a processor waits for memory at each step, and can wait for all of them at once.
    pub fn look_at(&self, texts: [&[u8]; LANES]) -> [Bits; LANES] {
        let mut order: [usize; LANES] = std::array::from_fn(|at| at);
        order.sort_unstable_by_key(|at| texts[*at].len());
        let mut lanes = order.map(|at| self.lane(texts[at]));
        let [a, b, c, d] = order.map(|at| texts[at].len());
        self.advance(&mut lanes, 0, a);
        self.advance::<3>((&mut lanes[1..]).try_into().expect("three"), a, b);
        self.advance::<2>((&mut lanes[2..]).try_into().expect("two"), b, c);
        self.advance::<1>((&mut lanes[3..]).try_into().expect("one"), c, d);
        let mut heard = [Bits::default(); LANES];
        order.into_iter().zip(lanes).for_each(|(at, lane)| heard[at] = lane.heard);
        heard
    }

    fn lane<'t>(&self, text: &'t [u8]) -> Lane<'t> {
        let state = self.dfa.start_state(Anchored::No).expect("the automaton starts unanchored");
        Lane { text, state, heard: Bits::default() }
    }

    /// Reads the bytes from `start` to `end` of all lanes, in step.
    #[inline]
    fn advance<const N: usize>(&self, lanes: &mut [Lane<'_>; N], start: usize, end: usize) {
        let texts: [&[u8]; N] = std::array::from_fn(|at| &lanes[at].text[start..end]);
        let mut states: [StateID; N] = std::array::from_fn(|at| lanes[at].state);
        #[expect(clippy::needless_range_loop, reason = "all lanes take the same step")]
        for at in 0..end - start {
            for lane in 0..N {
                states[lane] = self.dfa.next_state(Anchored::No, states[lane], texts[lane][at]);
                if self.dfa.is_special(states[lane]) {
                    self.hear(states[lane], &mut lanes[lane].heard);
                }
            }
        }
        lanes.iter_mut().zip(states).for_each(|(lane, state)| lane.state = state);
    }

    #[cold]
    fn hear(&self, state: StateID, heard: &mut Bits) {
        if self.dfa.is_match(state) {
            for at in 0..self.dfa.match_len(state) {
                heard.join(&self.owners[self.dfa.match_pattern(state, at).as_usize()]);
            }
        }
    }
}

/// Where a look at a text stands.
struct Lane<'t> {
    text: &'t [u8],
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
        let none = Bits::default();
        let texts: [&[u8]; LANES] = [b"an Error TS2307", b"none", b"", b"an Error TS2307 and more"];
        assert_eq!(vocabulary.look_at(texts), [bits, none, none, bits]);
    }
}
