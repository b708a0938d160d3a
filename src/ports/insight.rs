//! What people look at beside incidents: quarantines, subscriptions, people, integrations and the audit.

use super::export::{ExportAsked, Format};
use super::health::Vital;
use super::store::{Counts, DeadLetter, Lines, Query, Spot, StoreError, Trouble};
use crate::domain::actor::{Actor, Place, Platform, Role};
use crate::domain::facts::Hold;
use crate::domain::figures::Figures;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::Incident;
use crate::domain::link::Link;
use crate::domain::mention::Preference;
use crate::domain::quarantined::Quarantined;
use crate::domain::subscription::Subscription;
use crate::domain::time::Time;
use async_trait::async_trait;
use std::collections::BTreeSet;

/// Which quarantines; an absent part is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardAsked {
    /// `owner/name`, in any case.
    pub repo: Option<String>,
    /// An owner as CODEOWNERS writes it or without `@`, in any case; `*` stands for any run.
    pub owner: Option<String>,
    /// Occurs in the test, the reason or the id, in any case.
    pub text: Option<String>,
}

/// A quarantine with what is known beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Boarded {
    pub entry: Quarantined,
    /// Its day has come, and it is still there.
    pub overdue: bool,
    /// Where its pull request is.
    pub pull: Option<String>,
    /// Executions since then that passed or failed, and those that failed; `None` where none is known.
    pub since: Option<(u32, u32)>,
}

/// A page of quarantines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    pub rows: Vec<Boarded>,
    /// How many there are on all pages.
    pub all: usize,
}

/// Where a feed comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedFrom {
    /// The table of this number, from 1, in `[[subscriptions]]`.
    Configuration(usize),
    /// `subscribe`: the person and the time, where that was kept.
    Command(Option<(String, Time)>),
    /// The console's own.
    Console,
}

/// A feed, and how its channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed {
    pub feed: Subscription,
    /// As the command that makes it.
    pub words: String,
    pub from: FeedFrom,
    pub muted_until: Option<Time>,
    /// Why the channel cannot be written to.
    pub trouble: Option<String>,
    /// Whether its platform answers; `None` where it was not called yet.
    pub up: Option<bool>,
}

/// A person as the configuration has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub role: Role,
    pub github: Option<String>,
    /// By platform.
    pub accounts: Vec<(Platform, String)>,
    /// What they sign in to the console with; may be an email address.
    pub sign_in: Option<String>,
    /// They want direct messages unless they say otherwise.
    pub direct: bool,
}

/// A group that mentions people or gives them a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// As CODEOWNERS writes it; may be empty.
    pub owner: String,
    /// Where the group is, and its id there: `slack`, `discord` or `sign_in`.
    pub places: Vec<(&'static str, String)>,
    pub role: Option<Role>,
    /// Accounts that are known to be in the user group of Slack; `None` where that is not known.
    pub members: Option<Vec<String>>,
}

/// Somebody who is known, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    pub listed: Listed,
    /// The table of this number, from 1, in `[[people]]`; `None` for the console's operator and for those who only linked
    /// an account.
    pub table: Option<usize>,
    /// Each role that they have now, and what gives it.
    pub roles: Vec<(Role, String)>,
    pub links: Vec<Link>,
    /// Their own word on how they are told.
    pub preference: Option<Preference>,
    /// It is the person who asks, or an admin asks: accounts and preferences are there.
    pub whole: bool,
}

/// Who is known, and which groups give a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Society {
    pub people: Vec<Acquaintance>,
    pub groups: Vec<Ruled>,
}

/// What was last read of a provider's status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub name: String,
    /// `None` until it was read.
    pub at: Option<Time>,
    /// Outages that are open there.
    pub open: usize,
}

/// How the installation is, without a call to anybody.
#[derive(Clone, Debug, Default)]
pub struct Wellbeing {
    pub vitals: Vec<Vital>,
    /// Why the store takes no writes.
    pub store: Option<String>,
    pub counts: Counts,
    /// Where the asker may know: responders, as for `doctor`.
    pub troubles: Vec<Trouble>,
    /// Channels that are not written to before these times.
    pub pauses: Vec<(Platform, String, Time)>,
    /// When each source was heard last since this start.
    pub heard: Vec<(String, Time)>,
    pub providers: Vec<Watched>,
    /// Whether fixing agents are configured.
    pub agents: bool,
    pub hold: Option<Hold>,
    /// The newest, where the asker is an admin.
    pub letters: Vec<DeadLetter>,
    /// Errors and troubles are there.
    pub whole: bool,
}

/// Which entries; an absent part is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditAsked {
    /// The key of a person, in any case.
    pub by: Option<String>,
    /// What kind of entry: `approved`.
    pub action: Option<String>,
    /// `owner/name`, in any case, by any of its names.
    pub repo: Option<String>,
    /// 0 is the installation's own journal.
    pub incident: Option<IncidentNo>,
    /// Entries from here on.
    pub since: Option<Time>,
    /// And before this.
    pub until: Option<Time>,
    /// Occurs in the entry's sentence, in any case.
    pub text: Option<String>,
    /// The `next` of the page before.
    pub before: Option<Spot>,
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub spot: Spot,
    /// `None` for the installation's own journal.
    pub repo: Option<Repo>,
    /// `None` where nobody did it.
    pub by: Option<String>,
    pub action: String,
    pub text: String,
}

/// Entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    pub rows: Vec<AuditRow>,
    /// Where older ones begin; `None` where there are none.
    pub next: Option<Spot>,
}

/// What a person at the console, or a program, may know of the installation. Whoever asks sees what they may read at the
/// forge and nothing else; programs with a token see everything.
#[async_trait]
pub trait Insight: Send + Sync {
    /// Those of the incidents that they may see. What does not exist is not among them.
    async fn sees(
        &self,
        actor: &Actor,
        place: &Place,
        incidents: &[IncidentNo],
    ) -> Result<BTreeSet<IncidentNo>, StoreError>;
    /// Incidents that they may see, newest first, and where the next page begins. A page may hold fewer than
    /// `query.limit`, and there may still be a next one.
    async fn incidents(
        &self,
        actor: &Actor,
        place: &Place,
        query: Query,
    ) -> Result<(Vec<Incident>, Option<u64>), StoreError>;
    /// Of the repositories that they may see.
    async fn figures(&self, actor: &Actor, place: &Place) -> Result<Figures, StoreError>;
    /// As it was asked for, as far as they may see it.
    async fn export(&self, actor: &Actor, place: &Place, asked: ExportAsked) -> Result<Lines, StoreError>;
    /// What ends first comes first; `skip` rows come before this page.
    async fn board(
        &self,
        actor: &Actor,
        place: &Place,
        asked: &BoardAsked,
        skip: usize,
        limit: usize,
    ) -> Result<Board, StoreError>;
    /// By platform and channel.
    async fn feeds(&self, actor: &Actor, place: &Place) -> Result<Vec<Fed>, StoreError>;
    async fn society(&self, actor: &Actor, place: &Place) -> Result<Society, StoreError>;
    /// `who` is `None` for all that an admin sees.
    async fn wellbeing(&self, who: Option<(&Actor, &Place)>) -> Result<Wellbeing, StoreError>;
    /// `who` is `None` for programs.
    async fn audit(
        &self,
        who: Option<(&Actor, &Place)>,
        asked: &AuditAsked,
        limit: usize,
    ) -> Result<AuditPage, StoreError>;
    /// Everything that is found, line by line.
    async fn audit_lines(
        &self,
        who: Option<(&Actor, &Place)>,
        asked: AuditAsked,
        format: Format,
    ) -> Result<Lines, StoreError>;
}
