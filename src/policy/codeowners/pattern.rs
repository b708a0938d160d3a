//! Does a pattern match a path?
//!
//! The set of all places in the path that the pattern can have reached is kept as bits, one for each character of the
//! path. Each token of the pattern moves the whole set at once, so nothing is tried twice: the time is the length of the
//! pattern times the length of the path over 64, whatever the pattern holds.

use std::collections::HashMap;

/// One bit for each place before, between and after the characters of a path.
#[derive(Clone, PartialEq, Eq)]
struct Places(Vec<u64>);

impl Places {
    fn none(length: usize) -> Self {
        Self(vec![0; length / 64 + 1])
    }

    fn insert(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(left, right)| left & right != 0)
    }

    /// Keeps the places whose next character is in `allowed` and moves behind that character.
    fn step(&mut self, allowed: &Self) {
        let mut carry = 0;
        for (word, mask) in self.0.iter_mut().zip(&allowed.0) {
            let kept = *word & mask;
            *word = kept << 1 | carry;
            carry = kept >> 63;
        }
    }

    /// Adds every place that is reached over characters of `allowed` only. Adding the mask as one long number carries
    /// each start to the end of its run of allowed characters.
    fn spread(&mut self, allowed: &Self) {
        let mut carry = false;
        for (word, mask) in self.0.iter_mut().zip(&allowed.0) {
            let (sum, over) = (*word & mask).overflowing_add(*mask);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word |= sum ^ mask;
            carry = over || over_again;
        }
    }

    /// Adds every place of `others` behind the first place of the set.
    fn add_behind_first(&mut self, others: &Self) {
        let mut found = false;
        for (word, other) in self.0.iter_mut().zip(&others.0) {
            if found {
                *word |= other;
            } else if *word != 0 {
                found = true;
                let first = *word & word.wrapping_neg();
                *word |= other & !(first | (first - 1));
            }
        }
    }
}

/// A path made ready for many patterns.
pub(super) struct Subject {
    length: usize,
    characters: HashMap<char, Places>,
    within_segment: Places,
    behind_slash: Places,
    end: Places,
    end_or_slash: Places,
}

impl Subject {
    pub(super) fn new(path: &str) -> Self {
        let length = path.chars().count();
        let empty = Places::none(length);
        let mut subject = Self {
            length,
            characters: HashMap::new(),
            within_segment: empty.clone(),
            behind_slash: empty.clone(),
            end: empty.clone(),
            end_or_slash: empty.clone(),
        };
        for (place, character) in path.chars().enumerate() {
            subject.characters.entry(character).or_insert_with(|| empty.clone()).insert(place);
            if character == '/' {
                subject.behind_slash.insert(place + 1);
                subject.end_or_slash.insert(place);
            } else {
                subject.within_segment.insert(place);
            }
        }
        subject.end.insert(length);
        subject.end_or_slash.insert(length);
        subject
    }
}

/// What must be left of the path where the pattern ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing: `docs/*` takes direct children only.
    Nothing,
    /// Nothing, or whatever lies below: a name is a file or a directory.
    NothingOrBelow,
    /// Anything: the pattern ended in `/` or `/**`.
    Anything,
}

/// A pattern cut at its slashes.
pub(super) struct Pattern<'pattern> {
    anchored: bool,
    segments: Vec<&'pattern str>,
    ending: Ending,
}

impl<'pattern> Pattern<'pattern> {
    /// Takes a pattern that has been checked; three asterisks in a row are out.
    pub(super) fn new(pattern: &'pattern str) -> Self {
        let below = pattern.strip_suffix('/');
        let body = below.unwrap_or(pattern);
        let rooted = body.strip_prefix('/');
        let mut segments: Vec<&str> = rooted.unwrap_or(body).split('/').collect();
        let anchored = rooted.is_some() || segments.len() > 1;
        let mut ending = match segments.last() {
            _ if below.is_some() => Ending::Anything,
            Some(&"*") => Ending::Nothing,
            _ => Ending::NothingOrBelow,
        };
        if below.is_none() && segments.last() == Some(&"**") {
            segments.pop();
            ending = Ending::Anything;
        }
        Self { anchored, segments, ending }
    }

    /// Whether the pattern matches the path as a whole.
    pub(super) fn matches(&self, subject: &Subject) -> bool {
        let mut places = Places::none(subject.length);
        places.insert(0);
        if !self.anchored {
            places.add_behind_first(&subject.behind_slash);
        }
        let last = self.segments.len().saturating_sub(1);
        let mut was_deep = false;
        for (index, segment) in self.segments.iter().enumerate() {
            if *segment == "**" {
                // A second `**` in a row adds nothing.
                if !was_deep {
                    places.add_behind_first(&subject.behind_slash);
                }
                was_deep = true;
                if index == last && self.ending == Ending::Anything {
                    return places.meets(&subject.behind_slash);
                }
                continue;
            }
            was_deep = false;
            move_over_segment(segment, &mut places, subject);
            if index < last || self.ending == Ending::Anything {
                move_over(&mut places, '/', subject);
            }
            if places.is_empty() {
                return false;
            }
        }
        match self.ending {
            Ending::Nothing => places.meets(&subject.end),
            Ending::NothingOrBelow => places.meets(&subject.end_or_slash),
            Ending::Anything => true,
        }
    }
}

fn move_over(places: &mut Places, character: char, subject: &Subject) {
    match subject.characters.get(&character) {
        Some(allowed) => places.step(allowed),
        None => places.clear(),
    }
}

fn move_over_segment(segment: &str, places: &mut Places, subject: &Subject) {
    if segment == "*" {
        // A segment of its own holds one character at least.
        places.step(&subject.within_segment);
        places.spread(&subject.within_segment);
        return;
    }
    let mut characters = segment.chars();
    let mut was_asterisk = false;
    while let Some(character) = characters.next() {
        match character {
            '*' if was_asterisk => {}
            '*' => places.spread(&subject.within_segment),
            '?' => places.step(&subject.within_segment),
            '\\' => move_over(places, characters.next().unwrap_or('\\'), subject),
            plain => move_over(places, plain, subject),
        }
        was_asterisk = character == '*';
        if places.is_empty() {
            return;
        }
    }
}
