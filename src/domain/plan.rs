//! What a remedy wants to do, before anyone has approved it.

use super::action::Action;
use super::facts::Preview;
use super::ids::Digest;
use super::suspect::Suspect;
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedAction {
    pub action: Action,
    pub undo: Option<Action>,
}

/// A short list of acts with their undos. An approval binds to the digest, never to the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub remedy: String,
    /// One line for people: what will happen.
    pub summary: Untrusted,
    /// Side effects and warnings.
    pub notes: Vec<Untrusted>,
    /// Why this and not something smaller or larger.
    pub because: Vec<String>,
    pub steps: Vec<PlannedAction>,
    /// What becomes true when its pull request is merged.
    #[serde(default)]
    pub on_merge: Vec<Action>,
    /// It can be undone completely: no code changes.
    pub reversible: bool,
    /// What will change in which branch.
    #[serde(default)]
    pub previews: Vec<(String, Preview)>,
    /// Why it needs one more approval than usual.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// The run has to finish first.
    pub waits: bool,
    pub digest: Digest,
}

impl Plan {
    /// What its undos change, each in two or three words.
    #[must_use]
    pub fn undoes(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for undo in self.steps.iter().rev().filter_map(|step| step.undo.as_ref()) {
            let words = match undo {
                Action::Cancelled { .. } => "re-run cancelled",
                Action::PullClosed { .. } => "PR closed",
                Action::BranchGone { .. } => "branch deleted",
                Action::IssueClosed { .. } => "issue closed",
                Action::Unlisted { .. } => "quarantine removed from the ledger",
                Action::Listed { .. } => "quarantine restored in the ledger",
                _ => continue,
            };
            if all.iter().all(|have| have != words) {
                all.push(words.to_owned());
            }
        }
        all
    }
}

/// What policy has to know of the remedy that a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// It ends what was approved together with its end: a quarantine, a pin.
    pub lets_go: bool,
    /// It makes sense only where the failure may not recur.
    pub bets_on_chance: bool,
    /// What it changes can be taken back to the byte.
    pub exact: bool,
    /// It hides what fails, so it needs a failure that is none of the code's.
    pub hides: bool,
    /// Once a step is done it plans the next by itself, so that the emergency stop and the day's limit hold for it.
    pub goes_on: bool,
    /// However often it goes on, all of it is one act; the first step of the first plan counts.
    pub one_act: bool,
    /// It tells people and mends nothing: no attempt.
    pub tells: bool,
    /// What it does waits in a pull request until people merge it.
    pub proposes: bool,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub summary: String,
    pub because: Vec<String>,
    /// The one commit that is to blame.
    pub culprit: Option<Suspect>,
    /// No commit is.
    pub clears: bool,
}

/// A remedy's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planning {
    Needs(Vec<super::effect::Lookup>),
    Ready(Box<Plan>),
    Refused(Vec<String>),
    /// It can be planned later: what it waits for.
    Later(String),
    /// It can be planned after so many milliseconds: what it waits for.
    Soon(String, i64),
    /// It ends without an outcome, and why.
    GaveUp(String),
    /// Nothing is left to do, and this is what it came to.
    Found(Box<Found>),
}
