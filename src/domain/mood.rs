//! How a private reply feels: done, an answer, or refused.

use super::journal::Note;

/// The mood of a private reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// The request succeeded.
    Done,
    /// An answer to a question.
    Told,
    /// The request failed.
    Refused,
}

impl Note {
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self {
            Self::Mistake { .. }
            | Self::NotForYou
            | Self::Denied { .. }
            | Self::Refused { .. }
            | Self::Failed { .. } => Mood::Refused,
            Self::Help { .. }
            | Self::List { .. }
            | Self::Quarantined { .. }
            | Self::Shown { .. }
            | Self::Why { .. }
            | Self::Doctor { .. }
            | Self::Stats { .. }
            | Self::Loops { .. }
            | Self::Routing { .. }
            | Self::Budget { .. }
            | Self::Planned { .. }
            | Self::Feeds { .. }
            | Self::Digests { changed: false, .. } => Mood::Told,
            _ => Mood::Done,
        }
    }
}
