//! Bugs that are planted: each switches off one thing that the bot relies on, and the simulation has to notice.

use ci_rescue::domain::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Every so many-th row of a table is not written.
    ForgetsInbox,
    ForgetsSeen,
    ForgetsOutbox,
    ForgetsTimers,
    ForgetsJournal,
    ForgetsIncidents,
    ForgetsDirty,
    ForgetsSurfaces,
    ForgetsSettings,
    /// The emergency stop is not read.
    IgnoresHold,
    /// Posts are repeated without a look.
    NeverLooks,
    /// Edits of cards go nowhere, and are said to have been made.
    LosesEdits,
    /// Notes in threads are told twice.
    TellsTwice,
    /// Answers to people are dropped.
    SwallowsAnswers,
    /// Everybody is an approver.
    EverybodyApproves,
    /// Accounts of one person count as two people.
    TwoFaces,
    /// Policy asks for one approval less.
    LowersQuorum,
    /// A re-run is asked for again when its answer was lost, without a look.
    RerunsBlindly,
    /// A pull request is opened again when its answer was lost, without a look.
    OpensBlindly,
    /// Undos are said to be done, and are not.
    UndoesNothing,
}

impl Plant {
    pub const ALL: [Self; 20] = [
        Self::ForgetsInbox,
        Self::ForgetsSeen,
        Self::ForgetsOutbox,
        Self::ForgetsTimers,
        Self::ForgetsJournal,
        Self::ForgetsIncidents,
        Self::ForgetsDirty,
        Self::ForgetsSurfaces,
        Self::ForgetsSettings,
        Self::IgnoresHold,
        Self::NeverLooks,
        Self::LosesEdits,
        Self::TellsTwice,
        Self::SwallowsAnswers,
        Self::EverybodyApproves,
        Self::TwoFaces,
        Self::LowersQuorum,
        Self::RerunsBlindly,
        Self::OpensBlindly,
        Self::UndoesNothing,
    ];

    /// The table whose rows are lost, and one in how many.
    pub fn forgets(self) -> Option<(u8, u64)> {
        Some(match self {
            Self::ForgetsInbox => (b'i', 7),
            Self::ForgetsSeen => (b'd', 2),
            Self::ForgetsOutbox => (b'o', 7),
            Self::ForgetsTimers => (b'T', 3),
            Self::ForgetsJournal => (b'j', 5),
            Self::ForgetsIncidents => (b'n', 9),
            Self::ForgetsDirty => (b'C', 5),
            Self::ForgetsSurfaces => (b'c', 3),
            Self::ForgetsSettings => (b's', 3),
            _ => return None,
        })
    }

    /// The role that somebody has whose role is `role`.
    pub fn role(plant: Option<Self>, role: Role) -> Role {
        if plant == Some(Self::EverybodyApproves) { Role::Approver } else { role }
    }
}
