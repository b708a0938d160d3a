//! The neutral card: structure and words already escaped for one platform's markup.

use super::cause::Cause;
use super::form::Form;
use super::ids::{Digest, IncidentNo, ProposalId};
use super::incident::Stage;
use super::time::HOUR_MS;
use serde::{Deserialize, Serialize};

/// The one thing a button says. Its wire form is sealed by the engine and means nothing to anybody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ButtonRef {
    pub verb: Verb,
    pub incident: IncidentNo,
    pub proposal: Option<ProposalId>,
    /// What the card showed when the button was made.
    pub digest: Digest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Retry,
    Approve,
    Reject,
    /// The same, with a reason that the person types.
    RejectReason,
    Cancel,
    Undo,
    Quarantine,
    Pin,
    Revert,
    Backport,
    Bisect,
    /// By the template that the known issue names.
    Fix,
    /// Lets the specialist's agent try.
    Agent,
    Issue,
    /// Puts the pull request back into its merge queue.
    Requeue,
    /// The person has it.
    Ack,
    Why,
    /// The cause that the card shows is wrong; the person says which is right.
    Wrong,
    /// No new cards in the channel for [`MUTE_MS`].
    Mute,
    /// How the last weeks went.
    Stats,
}

/// How long a press on *Mute* lasts, in milliseconds: over a burst, not over a shift.
pub const MUTE_MS: i64 = 2 * HOUR_MS;

impl Verb {
    pub const ALL: [Self; 20] = [
        Self::Retry,
        Self::Approve,
        Self::Reject,
        Self::RejectReason,
        Self::Cancel,
        Self::Undo,
        Self::Quarantine,
        Self::Pin,
        Self::Revert,
        Self::Backport,
        Self::Bisect,
        Self::Fix,
        Self::Agent,
        Self::Issue,
        Self::Requeue,
        Self::Ack,
        Self::Why,
        Self::Wrong,
        Self::Mute,
        Self::Stats,
    ];

    /// The verb of a remedy that a card may offer.
    #[must_use]
    pub fn of(remedy: &str) -> Option<Self> {
        Self::REMEDIES.into_iter().find(|verb| verb.as_str() == remedy)
    }

    /// Those that ask for a remedy which a card offers.
    const REMEDIES: [Self; 10] = [
        Self::Retry,
        Self::Quarantine,
        Self::Pin,
        Self::Revert,
        Self::Backport,
        Self::Bisect,
        Self::Fix,
        Self::Agent,
        Self::Issue,
        Self::Requeue,
    ];

    /// Whether its remedy is planned once it is asked for, as an offer says.
    #[must_use]
    pub fn is_planned_later(self) -> bool {
        self != Self::Retry && Self::REMEDIES.contains(&self)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::RejectReason => "reject_reason",
            Self::Cancel => "cancel",
            Self::Undo => "undo",
            Self::Quarantine => "quarantine",
            Self::Pin => "pin",
            Self::Revert => "revert",
            Self::Backport => "backport",
            Self::Bisect => "bisect",
            Self::Fix => "fix",
            Self::Agent => "agent",
            Self::Issue => "issue",
            Self::Requeue => "requeue",
            Self::Ack => "ack",
            Self::Why => "why",
            Self::Wrong => "wrong",
            Self::Mute => "mute",
            Self::Stats => "stats",
        }
    }

    /// What a person is asked for before it acts, whatever it is about.
    #[must_use]
    pub fn asks(self) -> Option<Asks> {
        match self {
            Self::RejectReason => Some(Asks::Reason),
            Self::Wrong => Some(Asks::Cause),
            _ => None,
        }
    }
}

/// What a button has a person add, each in a form of the platform's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// A line of text, which may stay empty.
    Reason,
    /// One of [`causes`].
    Cause,
    /// What the button's [`Form`] has fields for.
    Form,
}

/// What stands for "not the one that is shown, and I do not know which" among the causes.
pub const ANOTHER: &str = "another";

/// The causes that a form offers: the value that comes back, and its words.
#[must_use]
pub fn causes() -> Vec<(&'static str, &'static str)> {
    let named = Cause::WEIGHED.iter().map(|cause| (cause.as_str(), cause.spoken()));
    named.chain([(ANOTHER, "another cause than the one shown")]).collect()
}

impl Asks {
    /// What a wire value begins with that has to be asked about first.
    fn sign(self) -> char {
        match self {
            Self::Reason => '?',
            Self::Cause => '=',
            Self::Form => '+',
        }
    }

    /// A sealed value as a platform carries it: one that asks says so.
    #[must_use]
    pub fn wire(asks: Option<Self>, sealed: &str) -> String {
        asks.map_or_else(|| sealed.to_owned(), |asks| format!("{}{sealed}", asks.sign()))
    }

    /// What a wire value asks for, and the sealed value in it; `None` where it asks for nothing.
    #[must_use]
    pub fn of(wire: &str) -> Option<(Self, &str)> {
        let all = [Self::Reason, Self::Cause, Self::Form];
        all.into_iter().find_map(|asks| Some((asks, wire.strip_prefix(asks.sign())?)))
    }
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    Primary,
    Danger,
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub label: String,
    /// For screen readers: what it acts on.
    pub hint: String,
    pub look: Look,
    pub verb: Verb,
    /// The sealed reference.
    pub value: String,
    /// What does the same where there are no buttons.
    pub words: String,
    /// What is to be added before it acts.
    pub asks: Option<Asks>,
    /// The fields, where it asks for a form.
    pub form: Option<Form>,
}

/// A place to go. Only addresses at configured hosts get here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub label: String,
    pub url: String,
}

/// A line of a file, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    pub file: String,
    pub line: u32,
    /// The failing test, or the job.
    pub title: String,
    pub text: String,
}

/// Colour of the bar; never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Failing,
    Waiting,
    Running,
    Resolved,
}

impl Tone {
    /// As red, green and blue, a byte each.
    #[must_use]
    pub fn colour(self) -> u32 {
        match self {
            Self::Failing => 0x00d9_2d20,
            Self::Waiting => 0x00e0_a100,
            Self::Running => 0x0015_70ef,
            Self::Resolved => 0x0012_8a4a,
        }
    }
}

/// What people see of an incident. Every string is escaped for the markup it was rendered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub incident: IncidentNo,
    pub version: u64,
    pub stage: Stage,
    pub tone: Tone,
    pub title: String,
    /// One to four paragraphs, most important first.
    pub lines: Vec<String>,
    pub links: Vec<Link>,
    /// At most three; the rest is in `more`.
    pub buttons: Vec<Button>,
    pub more: Vec<Button>,
    /// It went green, rather than away.
    pub green: bool,
    /// The commit that failed, or nothing.
    pub sha: String,
    /// Places in the repository that the failure points at. Their texts are plain, not escaped.
    pub annotations: Vec<Annotation>,
    /// Where the whole record can be downloaded, in a browser.
    #[serde(default)]
    pub record: Option<String>,
    /// A whole sentence in plain text, for notifications and screen readers.
    pub fallback: String,
    /// The other incidents of the place, where one message tells of all of them.
    pub beside: Vec<Card>,
}
