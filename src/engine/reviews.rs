//! Reviews of deployments, handed in for a person who may give them: asked of the forge right before.

use super::Engine;
use crate::domain::action::Action;
use crate::domain::deployment::{Environment, PendingFacts, ReviewOutcome, STARTED, digest};
use crate::domain::effect::Effect;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::text::clean_line;
use crate::ports::{PortError, StoreError};
use std::collections::BTreeSet;

/// Whether it started the run again, or may have.
fn reran(proposal: &Proposal, run: RunId) -> bool {
    let begun = matches!(
        proposal.state,
        ProposalState::Running { .. }
            | ProposalState::Undoing { .. }
            | ProposalState::Done
            | ProposalState::Undone { .. }
            | ProposalState::Failed { .. }
    );
    let of_run = |action: &Action| matches!(action, Action::Rerun { run: again, .. } if *again == run);
    begun && proposal.plan.iter().flat_map(|plan| &plan.steps).any(|step| of_run(&step.action))
}

impl Engine {
    /// What the forge says of a run's deployments, and who had us start the run again: to the forge that was the bot.
    pub(super) async fn pending(&self, repo: &Repo, run: RunId) -> Result<PendingFacts, PortError> {
        let mut pending = self.ci()?.pending(repo, run).await?;
        let told = self.incidents_of(repo, run).await.map_err(|why| PortError::transient(why.to_string()))?;
        for proposal in told.iter().flat_map(|one| &one.proposals).filter(|proposal| reran(proposal, run)) {
            let by = proposal.by.key.as_ref().map(|key| (key, &proposal.by.github));
            for (key, login) in by.into_iter().chain(proposal.approvals.iter().map(|one| (&one.key, &one.github))) {
                pending.rerun_by.push(key.clone());
                pending.starters.extend(login.clone());
            }
        }
        pending.rerun_by.sort_unstable();
        pending.rerun_by.dedup();
        let mut seen = BTreeSet::new();
        pending.starters.retain(|login| seen.insert(login.to_ascii_lowercase()));
        Ok(pending)
    }

    /// The incident of a run, and those that it was handed over between.
    async fn incidents_of(&self, repo: &Repo, run: RunId) -> Result<Vec<Incident>, StoreError> {
        let first = self.state.lock().await.index.run(repo, run).and_then(|seen| seen.incident);
        let (mut all, mut known) = (Vec::new(), BTreeSet::new());
        let mut open: Vec<IncidentNo> = first.into_iter().collect();
        while let Some(no) = open.pop() {
            if known.insert(no)
                && let Some(incident) = self.store.incident(no).await?
            {
                open.extend(incident.adopted.iter().copied().chain(incident.adopted_by));
                all.push(incident);
            }
        }
        Ok(all)
    }

    /// Looks first, so that it may be asked twice: a review of ours carries the request's mark in its comment.
    pub(super) async fn hand_in(&self, effect: &Effect) -> Result<ReviewOutcome, PortError> {
        let Effect::HandIn { incident, repo, run, environments, approve, login, key, digest: decided, said, id } =
            effect
        else {
            return Err(PortError::permanent("not a review"));
        };
        let marker = format!("ci-rescue/{}/{}/{:.12}", self.installation, incident.0, id.as_str());
        let pending = self.pending(repo, *run).await?;
        if pending.reviews.iter().any(|review| review.comment.raw().contains(&marker)) {
            return Ok(ReviewOutcome::Done);
        }
        if pending.starters.iter().any(|starter| starter.eq_ignore_ascii_case(login)) || pending.rerun_by.contains(key)
        {
            return Ok(ReviewOutcome::Refused(STARTED.into()));
        }
        for id in environments {
            let Some(one) = pending.environments.iter().find(|one| one.id == *id) else {
                return Ok(ReviewOutcome::Refused("it is no longer waiting: somebody was faster".into()));
            };
            if let Err(why) = self.is_reviewer(repo, one, login).await? {
                return Ok(ReviewOutcome::Refused(why));
            }
        }
        if decided.as_ref().is_some_and(|decided| *decided != digest(*run, &pending.at, &pending.environments)) {
            let why = "what waits is not what you decided on: its commit, attempt or environments changed; check the updated card";
            return Ok(ReviewOutcome::Refused(why.into()));
        }
        let comment = format!("{} [{marker}]", clean_line(said, 500));
        self.ci()?.review(repo, *run, environments, *approve, &comment).await.map(|()| ReviewOutcome::Done)
    }

    /// By name, or in one of the teams. What cannot be read means no.
    async fn is_reviewer(&self, repo: &Repo, one: &Environment, login: &str) -> Result<Result<(), String>, PortError> {
        if one.has_user(login) {
            return Ok(Ok(()));
        }
        let name = one.name.line(60);
        for team in &one.teams {
            match self.ci()?.is_member(repo, team, login).await {
                Ok(true) => return Ok(Ok(())),
                Ok(false) => {}
                Err(PortError::Permanent { why } | PortError::Fixable { why, .. }) => {
                    let team = clean_line(team, 60);
                    return Ok(Err(format!("who is in the team {team} cannot be read: {why}")));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(Err(format!("{login} is not a required reviewer of {name}")))
    }
}
