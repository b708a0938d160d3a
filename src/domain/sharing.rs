//! Links by which an incident is read without signing in.

use super::time::Time;
use serde::{Deserialize, Serialize};

/// What a link has to agree with to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// Goes up when all links are ended: those of before count no more.
    pub generation: u32,
    /// When the last of them ends.
    pub until: Time,
}
