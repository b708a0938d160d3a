//! Deployments that wait until a person approves them.

use super::actor::Role;
use super::event::Conclusion;
use super::ids::{Digest, RunId};
use super::incident::ReplyTo;
use super::text::{Untrusted, clean_line, listing};
use super::time::Time;
use serde::{Deserialize, Serialize};

/// An environment that a run waits to deploy to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub id: u64,
    pub name: Untrusted,
    /// Logins of those who may approve it.
    pub users: Vec<String>,
    /// Teams whose members may, by slug.
    pub teams: Vec<String>,
    /// The forge takes a review from our own account.
    pub ours: bool,
}

impl Environment {
    #[must_use]
    pub fn has_user(&self, login: &str) -> bool {
        self.users.iter().any(|user| user.eq_ignore_ascii_case(login))
    }
}

/// A review that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub approved: bool,
    /// A login.
    pub by: Untrusted,
    pub environments: Vec<u64>,
    pub comment: Untrusted,
}

/// What a run would deploy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAt {
    pub sha: String,
    pub attempt: u32,
}

/// What an approval binds to: the run, its commit and attempt, and what it waits to deploy to.
#[must_use]
pub fn digest(run: RunId, at: &RunAt, environments: &[Environment]) -> Digest {
    let run = run.0.to_be_bytes();
    let attempt = at.attempt.to_be_bytes();
    let ids: Vec<[u8; 8]> = environments.iter().map(|one| one.id.to_be_bytes()).collect();
    let parts = [run.as_slice(), at.sha.as_bytes(), attempt.as_slice()];
    Digest::of(parts.into_iter().chain(ids.iter().map(<[u8; 8]>::as_slice)))
}

/// What the forge says of a run's deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFacts {
    /// Those that wait for reviewers.
    pub environments: Vec<Environment>,
    /// How the run ended; `None` while it goes on or waits.
    pub ended: Option<Conclusion>,
    /// Logins of who started the run, and who started it again.
    pub starters: Vec<String>,
    /// Keys of the people who had the bot start it again, or approved that.
    #[serde(default)]
    pub rerun_by: Vec<String>,
    /// The run's commit, and how often it was started.
    #[serde(default)]
    pub at: RunAt,
    /// The oldest first.
    pub reviews: Vec<Review>,
}

/// A review that is being handed in for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewing {
    pub by: Untrusted,
    pub key: String,
    pub approve: bool,
    pub reason: Option<Untrusted>,
    /// Where a command is answered; a button's card says it.
    pub reply: ReplyTo,
    pub by_words: bool,
    /// The environments that it is about.
    #[serde(default)]
    pub environments: Vec<Environment>,
}

/// What an incident about a deployment waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub run: RunId,
    /// The run's page.
    pub url: Option<String>,
    /// As the forge said last; empty before its first answer, and at the end.
    pub environments: Vec<Environment>,
    /// The environments' names, also before that and afterwards.
    pub names: Vec<Untrusted>,
    pub starters: Vec<String>,
    /// Keys of the people who had the bot start the run again, or approved that.
    #[serde(default)]
    pub rerun_by: Vec<String>,
    #[serde(default)]
    pub at: RunAt,
    /// When these environments began to wait.
    pub since: Time,
    pub reminded: bool,
    /// Why the forge could not be asked last.
    pub unknown: Option<String>,
    pub reviewing: Option<Reviewing>,
    /// How it ended, in a few words: `approved by ada`.
    pub outcome: Option<String>,
}

/// Why a person may not review a run's deployment.
pub const STARTED: &str = "you started this run, or had it started again, so someone else must review its deployment";

/// People listed on a card.
const LISTED: usize = 4;
const NAME: usize = 60;

impl Waiting {
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.run, &self.at, &self.environments)
    }

    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.outcome.is_none()
    }

    /// Whether a review can be handed in here.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        !self.environments.is_empty() && self.environments.iter().all(|one| one.ours)
    }

    /// `production, staging`.
    #[must_use]
    pub fn to(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| name.line(NAME)).collect();
        listing(&names, LISTED)
    }

    /// Who may approve, as people read it.
    #[must_use]
    pub fn reviewers(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        for one in &self.environments {
            let users = one.users.iter().map(|user| clean_line(user, NAME));
            let teams = one.teams.iter().map(|team| clean_line(&format!("team {team}"), NAME));
            for who in users.chain(teams) {
                if !all.contains(&who) {
                    all.push(who);
                }
            }
        }
        listing(&all, LISTED)
    }

    /// Whether it waits for this account by name; who is in a team is not known here.
    #[must_use]
    pub fn waits_for(&self, login: Option<&str>, role: Role) -> bool {
        let named = |login: &str| self.environments.iter().any(|one| one.has_user(login)) && !self.is_starter(login);
        self.is_waiting() && role >= Role::Approver && login.is_some_and(named)
    }

    #[must_use]
    pub fn is_starter(&self, login: &str) -> bool {
        self.starters.iter().any(|starter| starter.eq_ignore_ascii_case(login))
    }
}

/// What came of handing in a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    Done,
    /// The person may not, or nothing waits any more.
    Refused(String),
    /// The forge did not take it.
    Failed(String),
    /// It may have been taken.
    Unknown(String),
}
