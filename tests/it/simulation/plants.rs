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
    /// Whoever comments on a pull request counts as somebody who may write.
    VouchesForAll,
    /// The first answer to a review of a deployment is lost, and it is handed in again without a look.
    ReviewsBlindly,
    /// Anybody counts as a reviewer of a deployment.
    AnybodyReviews,
    /// The first answer of a merge queue is lost, and the pull request is put there again without a look.
    EnqueuesBlindly,
    /// What ends a wait is not heard: a schedule that ran, a job that a runner took.
    HearsNoEnd,
}

impl Plant {
    pub const ALL: [Self; 25] = [
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
        Self::VouchesForAll,
        Self::ReviewsBlindly,
        Self::AnybodyReviews,
        Self::EnqueuesBlindly,
        Self::HearsNoEnd,
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

    /// What the operator has written where the bug can show, of `world::POLICIES`: a bug that needs one policy of six, a
    /// person and a moment would be met by luck alone.
    pub fn policy(self) -> Option<usize> {
        match self {
            Self::LowersQuorum | Self::TwoFaces => Some(1),
            Self::IgnoresHold => Some(2),
            Self::EverybodyApproves => Some(0),
            _ => None,
        }
    }

    /// The role that somebody has whose role is `role`.
    pub fn role(plant: Option<Self>, role: Role) -> Role {
        if plant == Some(Self::EverybodyApproves) { Role::Approver } else { role }
    }
}
