//! Integrations: chat platforms, CI, forge, people, time.

use super::insight::{Listed, Ruled};
use super::store::Delivery;
use crate::domain::access::Asked;
use crate::domain::action::{Action, Made};
use crate::domain::actor::{Actor, Place, Platform, Principal};
use crate::domain::agent::Touched;
use crate::domain::barrier::Barrier;
use crate::domain::card::Card;
use crate::domain::change::{Change, Method, Pick};
use crate::domain::commit_check::CheckSeen;
use crate::domain::deployment::PendingFacts;
use crate::domain::edit::{Editing, Source};
use crate::domain::event::Event;
use crate::domain::facts::{JobFacts, PullOf, RunFacts};
use crate::domain::form::Fields;
use crate::domain::ids::{Repo, RunId};
use crate::domain::journal::Mood;
use crate::domain::link::{Account, Link};
use crate::domain::mention::Mention;
use crate::domain::refs::{Branch, OwnBranch};
use crate::domain::runner::Fleet;
use crate::domain::suspect::Landed;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;
use async_trait::async_trait;
use futures::stream::BoxStream;
use secrecy::SecretString;
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

/// Why an integration did not do as asked, by what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortError {
    /// It did not happen; try again, not before `retry_after`.
    Transient { why: String, retry_after: Option<Duration> },
    /// It will not happen.
    Permanent { why: String },
    /// It may have happened: look before repeating.
    Ambiguous { why: String },
    /// It will happen once somebody has fixed what is in the way.
    Fixable { why: String, barrier: Barrier },
    /// What it was about has been deleted there.
    Gone { why: String },
}

impl PortError {
    pub fn transient(why: impl Into<String>) -> Self {
        Self::Transient { why: why.into(), retry_after: None }
    }

    pub fn permanent(why: impl Into<String>) -> Self {
        Self::Permanent { why: why.into() }
    }

    pub fn ambiguous(why: impl Into<String>) -> Self {
        Self::Ambiguous { why: why.into() }
    }

    pub fn fixable(barrier: Barrier, why: impl Into<String>) -> Self {
        Self::Fixable { why: why.into(), barrier }
    }

    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Transient { why, .. }
            | Self::Permanent { why }
            | Self::Ambiguous { why }
            | Self::Fixable { why, .. }
            | Self::Gone { why } => why,
        }
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

impl std::error::Error for PortError {}

/// What an adapter understood of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Event(Box<Event>),
    /// A job waits for a runner: an incident if it still does after [`crate::domain::Rules::stuck_minutes`].
    Queued {
        key: String,
        failure: Box<crate::domain::Failure>,
    },
    /// The job that `key` names has been taken, or has ended.
    Taken {
        key: String,
    },
    /// The end of a run's log, as told by CI that is not the forge's. It follows the failures that it belongs to.
    LogTail {
        repo: Repo,
        run: RunId,
        /// Of the failed jobs.
        names: Vec<Untrusted>,
        text: String,
    },
    /// A repository's id, which stays, with its present name.
    Named {
        id: u64,
        repo: Repo,
        /// It was told because it changed.
        renamed: bool,
    },
    /// Someone typed a command.
    Words {
        actor: Actor,
        place: Place,
        text: String,
    },
    /// Someone pressed a button of ours; `value` is what we sealed.
    Pressed {
        actor: Actor,
        place: Place,
        value: String,
        /// What they typed before, where the button asked for it.
        input: Option<String>,
        /// What they filled in, where the button asked by a form.
        fields: Fields,
    },
    /// Someone looks at the page that the platform keeps for them.
    Visited {
        actor: Actor,
        place: Place,
    },
    /// Someone asked for something else, to be answered by what they may see.
    Asked(Box<Asked>),
    /// Understood, and nothing to do with us.
    Ignored {
        why: String,
    },
}

/// Turns a stored delivery into what it means. Pure: a delivery decodes to the same thing again after a crash.
pub trait Decoder: Send + Sync {
    fn source(&self) -> &'static str;
    /// # Errors
    /// A sentence that says what is wrong with the delivery; it is then set aside, not repeated.
    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String>;
}

/// Where a card or a note stands: the platform's own id of the message.
pub type Message = String;

/// What a platform tells of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// As people there know it.
    pub name: Option<String>,
    /// What keeps us out of it.
    pub barrier: Option<Barrier>,
}

/// A chat platform. Its cards are posted once and edited in place.
#[async_trait]
pub trait Chat: super::pages::Pages {
    fn platform(&self) -> Platform;
    /// How words are escaped for it: the name of a markup of the `card` room.
    fn markup(&self) -> &'static str;
    /// Whether what people press there reaches us. Where it does not, cards have no buttons.
    fn hears(&self) -> bool {
        true
    }
    /// Whether messages outlive this process. A feed that does not is filled again at start.
    fn remembers(&self) -> bool {
        true
    }
    /// The least time between two writes to one channel, in milliseconds.
    fn pace_ms(&self) -> i64;
    /// Edits a minute in all channels together, and how many may come at once; `None` where they count as posts do.
    fn edits_a_minute(&self) -> Option<(NonZeroU32, NonZeroU32)> {
        None
    }
    /// Whether only people who may see everything get there.
    fn is_inside(&self) -> bool {
        false
    }
    /// Whether a channel is a place in one repository, as a pull request is: the repository need not be named there, and
    /// its incidents are few.
    fn is_in_repository(&self) -> bool {
        false
    }
    /// The full members of our own workspace who are in a group of the platform's: no guest, stranger or bot.
    async fn members(&self, group: &str) -> Result<Vec<String>, PortError> {
        Err(PortError::permanent(format!("{} does not tell who is in {group}", self.platform())))
    }
    /// Takes away the card of an incident that was adopted, where its place has room for one card. `false`: it stays.
    async fn retract(&self, _channel: &str, _message: &Message) -> Result<bool, PortError> {
        Ok(false)
    }
    /// `marker` is hidden in the message, so that [`Chat::find`] can look for it.
    async fn post(&self, channel: &str, card: &Card, marker: &str) -> Result<Message, PortError>;
    async fn edit(&self, channel: &str, message: &Message, card: &Card, marker: &str) -> Result<(), PortError>;
    /// The message that carries `marker`: in the channel since `since`, or in `thread`.
    async fn find(
        &self,
        channel: &str,
        thread: Option<&Message>,
        marker: &str,
        since: Time,
    ) -> Result<Option<Message>, PortError>;
    /// A line in the card's thread, in this platform's markup. It alerts those who are to be mentioned, and nobody else.
    async fn tell(
        &self,
        channel: &str,
        thread: &Message,
        text: &str,
        mentions: &[Mention],
        marker: &str,
    ) -> Result<(), PortError>;
    /// A private answer to one person, where the platform has such.
    async fn whisper(&self, place: &Place, actor_id: &str, text: &str, mood: Mood) -> Result<(), PortError>;
    /// A direct message to one person, where the platform has such.
    async fn direct(&self, _actor_id: &str, _text: &str) -> Result<(), PortError> {
        Err(PortError::permanent("this platform has no direct messages"))
    }
    /// Whether a channel, or the platform itself, lets us in now.
    async fn reach(&self, _channel: Option<&str>) -> Result<Reached, PortError> {
        Ok(Reached::default())
    }
    /// Channels that an incident with these pull requests has by itself, without a subscription.
    fn channels(&self, _repo: &Repo, _pulls: &[u64]) -> Vec<String> {
        Vec::new()
    }
    /// Whether what a person may do here has to be asked at that moment: see [`Chat::vouch`].
    fn vouches(&self) -> bool {
        false
    }
    /// Acknowledges what was said, and tells whether its author may change the repository, as of now.
    async fn vouch(&self, _place: &Place, _actor_id: &str) -> Result<bool, PortError> {
        Ok(false)
    }
}

/// A job's log, chunk by chunk, never held whole.
pub type LogStream = BoxStream<'static, Result<Vec<u8>, PortError>>;

/// Which runs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Runs that began earlier are left out, however late they ended.
    pub created: Time,
    /// So are those that have not changed since then.
    pub ended: Time,
}

/// A CI provider.
#[async_trait]
pub trait Ci: super::past::PastRuns + super::clockwork::Timetables {
    async fn run(&self, repo: &Repo, run: RunId) -> Result<RunFacts, PortError>;
    async fn jobs(&self, repo: &Repo, run: RunId, attempt: u32) -> Result<Vec<JobFacts>, PortError>;
    /// The newest run of this workflow and branch before `before` that passed.
    async fn last_green(
        &self,
        repo: &Repo,
        workflow: &Untrusted,
        branch: &Untrusted,
        before: RunId,
    ) -> Result<Option<RunFacts>, PortError>;
    /// The newest runs of this workflow on this branch of the repository's own, whatever they came to.
    async fn runs(&self, repo: &Repo, workflow: &Untrusted, branch: &Untrusted) -> Result<Vec<RunFacts>, PortError>;
    /// The runs at a commit, whatever they came to.
    async fn runs_at(&self, repo: &Repo, sha: &str) -> Result<Vec<RunFacts>, PortError>;
    /// Whether the runs at a commit passed, or later ones of the same workflows on the branch did; `None` while some are
    /// going, or none is known.
    async fn green(&self, repo: &Repo, sha: &str, branch: &Untrusted) -> Result<Option<bool>, PortError>;
    async fn log(&self, repo: &Repo, job_id: u64) -> Result<LogStream, PortError>;
    /// The runners that have all of these labels, of the repository and of its organisation.
    async fn runners(&self, repo: &Repo, labels: &[String]) -> Result<Fleet, PortError>;
    /// The deployments of a run that wait for approval, and the reviews that were given.
    async fn pending(&self, repo: &Repo, run: RunId) -> Result<PendingFacts, PortError>;
    /// Approves or rejects deployments of a run. Not to be asked twice: look at [`Ci::pending`] first.
    async fn review(
        &self,
        repo: &Repo,
        run: RunId,
        environments: &[u64],
        approve: bool,
        comment: &str,
    ) -> Result<(), PortError>;
    /// Whether the account is in a team of the repository's owner, asked at this moment.
    async fn is_member(&self, repo: &Repo, team: &str, login: &str) -> Result<bool, PortError>;
    /// Makes a [`Action::Rerun`] or [`Action::Cancelled`] true. Looks first, so it may be asked twice. Says how where it
    /// did it in another way than was asked.
    async fn ensure(&self, action: &Action) -> Result<Option<String>, PortError>;
    /// Runs that ended lately, the oldest first, as the webhooks would have told them: what a missed delivery is found
    /// by.
    async fn recent(&self, repo: &Repo, since: Since) -> Result<Vec<Delivery>, PortError>;
    /// All repositories that we may see: what wildcards are matched against.
    async fn repositories(&self) -> Result<Vec<Repo>, PortError>;
    /// Asks for lost webhook deliveries to be sent again; answers how many.
    async fn redeliver(&self, since: Time) -> Result<u32, PortError>;
}

/// Where the code lives.
#[async_trait]
pub trait Forge: super::clockwork::Queues {
    async fn head(&self, repo: &Repo, branch: &Untrusted, pull: Option<u64>) -> Result<Option<String>, PortError>;
    /// Names of the repository's branches; of very many, the first by name.
    async fn branches(&self, _repo: &Repo) -> Result<Vec<String>, PortError> {
        Err(PortError::permanent("branches are not told"))
    }
    /// Whether a branch is protected.
    async fn is_protected(&self, repo: &Repo, branch: &Untrusted) -> Result<bool, PortError>;
    async fn commit_message(&self, repo: &Repo, sha: &str) -> Result<Untrusted, PortError>;
    /// The login of a commit's author; `None` where the forge knows no person's account for them.
    async fn author(&self, repo: &Repo, sha: &str) -> Result<Option<String>, PortError>;
    /// A text file of the repository's default branch, whichever that is now; `None` where there is none. One that is
    /// longer than `max` bytes, or is no text, is a permanent error.
    async fn file(&self, repo: &Repo, path: &str, max: usize) -> Result<Option<String>, PortError>;
    /// Where people clone the repository from; without a secret.
    fn clone_url(&self, repo: &Repo) -> String;
    /// A pull request as it stands, and the messages of its own commits, the oldest first, with its merge commit.
    async fn pull(&self, repo: &Repo, number: u64) -> Result<Pulled, PortError>;
    /// The open pull request whose head is at this commit; `head` is the head's label.
    async fn pull_of(&self, repo: &Repo, head: &Untrusted, sha: &str) -> Result<Option<PullOf>, PortError>;
    /// A repository, as it is named and read now; `None` where there is none that we see.
    async fn repository(&self, repo: &Repo) -> Result<Option<KnownRepo>, PortError>;
    /// The logins in a team, as far as the installation on `repo` may tell.
    async fn team(&self, _repo: &Repo, _organization: &str, _team: &str) -> Result<Vec<String>, PortError> {
        Err(PortError::permanent("teams are not told"))
    }
    /// The forge's number of the account that has this login now; `None` where none has. Asked with what reads `repo`.
    async fn account_id(&self, _repo: &Repo, _login: &str) -> Result<Option<u64>, PortError> {
        Err(PortError::permanent("accounts are not told"))
    }
    /// Whether the account may read the repository, asked at this moment.
    async fn may_read(&self, repo: &Repo, login: &str) -> Result<bool, PortError>;
    /// Whether the account may write to the repository, asked at this moment.
    async fn may_write(&self, repo: &Repo, login: &str) -> Result<bool, PortError>;
    /// Published security advisories that affect this version of a package; `ecosystem` is the id of its editor.
    async fn advisories(
        &self,
        repo: &Repo,
        ecosystem: &str,
        package: &str,
        version: &str,
    ) -> Result<Vec<Advisory>, PortError>;
    /// A pull request from our branch is there: looks first, so it may be asked twice.
    async fn open_pull(&self, repo: &Repo, pull: &NewPull<'_>) -> Result<Made, PortError>;
    /// The pull request from our branch is merged, if its head is `sha`: looks first, so it may be asked twice.
    async fn merge(&self, repo: &Repo, branch: &OwnBranch, sha: &str) -> Result<(), PortError>;
    /// An issue of ours with this marker is there: looks first, so it may be asked twice. `None` where the repository
    /// takes no issues.
    async fn open_issue(&self, repo: &Repo, issue: &NewIssue<'_>) -> Result<Option<Made>, PortError>;
    /// Everything that ran or runs at a commit, but our own checks: check runs and statuses.
    async fn checks_at(&self, repo: &Repo, sha: &str) -> Result<Vec<CheckSeen>, PortError>;
    /// Our check run of this name and marker at the commit says this: looks first, so it may be asked twice.
    async fn say_check(&self, repo: &Repo, sha: &str, said: &CheckSaid<'_>) -> Result<(), PortError>;
    /// Makes a [`Action::Label`], [`Action::Comment`], [`Action::Check`], [`Action::PullClosed`] or
    /// [`Action::IssueClosed`] true.
    async fn ensure(&self, action: &Action) -> Result<(), PortError>;
}

/// What a check run of ours says.
#[derive(Clone, Copy, Debug)]
pub struct CheckSaid<'a> {
    pub name: &'a str,
    /// By which it is found again, and told from others of its name.
    pub marker: &'a str,
    /// `None` while it is in progress.
    pub conclusion: Option<&'a str>,
    pub title: &'a str,
    /// Markdown, escaped already.
    pub summary: &'a str,
}

/// A repository that we see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRepo {
    pub name: Repo,
    pub private: bool,
}

/// A security advisory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    pub id: String,
    pub severity: String,
    pub summary: Untrusted,
}

/// A pull request, as the forge tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    pub title: Untrusted,
    /// The branch that it is for.
    pub onto: String,
    /// The repository's.
    pub default_branch: Option<String>,
    /// The commit that it became last, once it is merged.
    pub merge_commit: Option<String>,
    pub merged_at: Option<Time>,
    /// Closed without a merge.
    pub closed: bool,
    pub messages: Vec<String>,
}

/// A pull request to be made.
#[derive(Clone, Debug)]
pub struct NewPull<'a> {
    pub onto: &'a Branch,
    pub branch: &'a OwnBranch,
    pub title: &'a str,
    /// Markdown, escaped already.
    pub body: &'a str,
    pub labels: &'a [String],
    pub draft: bool,
}

/// An issue to be made.
#[derive(Clone, Debug)]
pub struct NewIssue<'a> {
    /// Hidden in its body, and looked for.
    pub marker: &'a str,
    pub title: &'a str,
    /// Markdown, escaped already.
    pub body: &'a str,
    pub labels: &'a [String],
    /// Logins; those that cannot be assigned there are left out.
    pub assignees: &'a [&'a str],
}

/// What is to be computed on a branch.
#[derive(Clone, Copy)]
pub enum ChangeSource<'a> {
    Pick(&'a Pick),
    /// An edit of files, as one commit with this message.
    Edit {
        editing: &'a dyn Editing,
        message: &'a str,
    },
    /// A patch on the commit that it was made on, wherever the branch is by now.
    Patch {
        base: &'a str,
        diff: &'a str,
        message: &'a str,
    },
}

/// Where a repository is fetched from, and with what.
pub struct GitOrigin {
    pub url: String,
    pub token: Option<SecretString>,
}

/// Whoever knows the addresses of repositories: the forge.
#[async_trait]
pub trait Origins: Send + Sync {
    async fn origin(&self, repo: &Repo) -> Result<GitOrigin, PortError>;
}

/// git: contents are computed here, and only branches of ours are ever written.
#[async_trait]
pub trait Git: Send + Sync {
    /// What is wanted, computed on the newest head of `onto`. Writes nothing outside our own rooms.
    async fn change(&self, repo: &Repo, onto: &Branch, wanted: ChangeSource<'_>) -> Result<Change, PortError>;
    /// Writes the files of a commit into an empty directory, which learns nothing else of the repository.
    async fn lay_out(&self, repo: &Repo, commit: &str, place: &Path) -> Result<(), PortError>;
    /// What differs in the directory from the commit that was laid out there.
    async fn collect(&self, repo: &Repo, commit: &str, place: &Path) -> Result<(Change, Vec<Touched>), PortError>;
    /// All paths at a commit, and the texts of those that are wanted.
    async fn files(
        &self,
        repo: &Repo,
        commit: &str,
        wants: for<'p> fn(&'p str) -> bool,
    ) -> Result<(Vec<String>, Vec<Source>), PortError>;
    /// What landed on the way from one commit to another along first parents, newest first, at most
    /// [`COMMITS_MAX`](crate::domain::suspect::COMMITS_MAX); and whether there is more.
    async fn between(&self, repo: &Repo, from: &str, to: &str) -> Result<(Vec<Landed>, bool), PortError>;
    /// The newest commits of others than merges, at most [`AUTHORS_MAX`](crate::domain::mention::AUTHORS_MAX), that changed the first of these paths that has
    /// any, as of this commit.
    async fn changed(&self, repo: &Repo, commit: &str, paths: &[String]) -> Result<Vec<String>, PortError>;
    /// How the pull request that ends in `tip` was merged, and the commits that it became, the oldest first.
    /// `messages` are those of its own commits, the oldest first.
    async fn merged(&self, repo: &Repo, tip: &str, messages: &[String]) -> Result<(Method, Vec<String>), PortError>;
    /// Our branch stands on the head of `onto` with the change, whose tree is `tree`; a change that has become another
    /// is refused. Safe to ask for twice: `at` dates the commits.
    async fn push(
        &self,
        repo: &Repo,
        onto: &Branch,
        wanted: ChangeSource<'_>,
        tree: &str,
        branch: &OwnBranch,
        at: Time,
    ) -> Result<(), PortError>;
    /// The head of our branch, and those of these files that are not resolved: as in `tree`, or with conflict markers.
    async fn markers(
        &self,
        repo: &Repo,
        branch: &OwnBranch,
        paths: &[String],
        tree: &str,
    ) -> Result<(String, Vec<String>), PortError>;
    /// The head of our branch, a commit and its tree; `None` where it is gone.
    async fn standing(&self, repo: &Repo, branch: &OwnBranch) -> Result<Option<(String, String)>, PortError>;
    /// Our branch is not there.
    async fn drop_branch(&self, repo: &Repo, branch: &OwnBranch) -> Result<(), PortError>;
}

/// A person, and where they can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub key: String,
    pub accounts: Vec<(Platform, String)>,
    /// The configuration says that they want direct messages; their own word goes before it.
    pub direct: bool,
}

/// Who people are.
pub trait Directory: Send + Sync {
    /// The person behind an account, with the role they have in this place. Unknown accounts are viewers.
    fn principal(&self, actor: &Actor, place: &Place) -> Principal;
    /// The accounts of each admin: what is amiss is told to them.
    fn admins(&self) -> Vec<Vec<(Platform, String)>>;
    /// What mentions this owner (as CODEOWNERS writes it) on this platform; nothing where that is not configured.
    fn mentions(&self, _platform: &Platform, _owner: &str) -> Vec<Mention> {
        Vec::new()
    }
    /// A person, as somebody on this platform names them: `@ada`, `<@U123>`, a login at the forge.
    fn named(&self, _platform: &Platform, _word: &str) -> Option<Contact> {
        None
    }
    /// The members of a team, as owners, where these stand for it.
    fn members(&self, _owner: &str) -> Vec<String> {
        Vec::new()
    }
    /// Whether an account's person is this owner, or in the team or group that is.
    fn stands_for(&self, _actor: &Actor, _owner: &str) -> bool {
        false
    }
    /// The person with this key.
    fn person(&self, _key: &str) -> Option<Contact> {
        None
    }
    /// The one person who is this owner, as CODEOWNERS writes it; `None` for groups and strangers.
    fn owner(&self, _owner: &str) -> Option<Contact> {
        None
    }
    /// Whether an account may be linked to one at the forge: to this login, or to any.
    ///
    /// # Errors
    /// A sentence on why not.
    fn may_link(&self, _account: &Account, _login: Option<&str>) -> Result<(), String> {
        Err("people are not linked here".into())
    }
    /// Whether the configuration gives the person with this login more than an unknown one has.
    fn is_somebody(&self, _login: &str) -> bool {
        false
    }
    /// All links there are, instead of those of before.
    fn set_links(&self, _links: Vec<Link>) {}
    /// The groups whose members it has to know, by platform.
    fn groups(&self) -> Vec<(Platform, String)> {
        Vec::new()
    }
    /// Whether the members of this team, as CODEOWNERS writes it, stand for it: nothing else does.
    fn wants_team(&self, _owner: &str) -> bool {
        false
    }
    /// Everybody whom the configuration names, in its order.
    fn everybody(&self) -> Vec<Listed> {
        Vec::new()
    }
    /// The console's operator, where a token signs one in.
    fn operator(&self) -> Option<String> {
        None
    }
    /// Every group of the configuration, in its order.
    fn rules(&self) -> Vec<Ruled> {
        Vec::new()
    }
    /// Who is in a group or a team of the forge as of now. It is forgotten by itself.
    fn set_members(&self, _platform: &Platform, _group: &str, _members: Vec<String>) {}
}
