//! What a planning has asked for, and a bound on it.

use super::effect::Lookup;
use serde::{Deserialize, Serialize};

/// Rounds in which a remedy may ask for more facts.
pub const ROUNDS_MAX: u32 = 3;

/// The lookups of one planning: each round repeats all of them, so that facts are of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathering {
    pub lookups: Vec<Lookup>,
    pub rounds: u32,
}

impl Gathering {
    /// A new planning.
    #[must_use]
    pub fn begin(lookups: Vec<Lookup>) -> Self {
        Self { lookups, rounds: 0 }
    }

    /// Adds what a remedy needs. `false` when it had its rounds, or asks for nothing that was not asked for already.
    pub fn more(&mut self, lookups: Vec<Lookup>) -> bool {
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return false;
        }
        let before = self.lookups.len();
        for lookup in lookups {
            if !self.lookups.contains(&lookup) {
                self.lookups.push(lookup);
            }
        }
        self.lookups.len() > before
    }

    /// Whether an answer to these is the last that is awaited: one to fewer is late, and a fuller one on its way.
    #[must_use]
    pub fn is_answered_by(&self, asked: &[Lookup]) -> bool {
        self.lookups.iter().all(|lookup| asked.contains(lookup))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(number: u64) -> Lookup {
        Lookup::Pull { repo: "acme/shop".parse().unwrap(), number }
    }

    #[test]
    fn rounds_repeat_what_was_asked_and_end() {
        let mut gathering = Gathering::begin(vec![pull(1)]);
        assert!(gathering.more(vec![pull(2), pull(1)]));
        assert_eq!(gathering.lookups, [pull(1), pull(2)], "each once, the earlier ones again");
        assert!(!gathering.more(vec![pull(2)]), "nothing new is no progress");
        assert!(gathering.more(vec![pull(3)]));
        assert!(!gathering.more(vec![pull(4)]), "no fourth round");
        assert!(gathering.is_answered_by(&[pull(3), pull(2), pull(1)]), "what was refused is not awaited");
        assert!(!gathering.is_answered_by(&[pull(1), pull(2)]), "an answer to an earlier round");
        let fresh = Gathering::begin(vec![pull(5)]);
        assert_eq!((fresh.lookups.len(), fresh.rounds), (1, 0));
    }
}
