//! Reviews of deployments, handed in for a person who may give them: asked of the forge right before.

use super::Engine;
use crate::domain::deployment::{Environment, ReviewOutcome};
use crate::domain::effect::Effect;
use crate::domain::ids::Repo;
use crate::domain::text::clean_line;
use crate::ports::PortError;

impl Engine {
    /// Looks first, so that it may be asked twice: a review of ours carries the request's mark in its comment.
    pub(super) async fn hand_in(&self, effect: &Effect) -> Result<ReviewOutcome, PortError> {
        let Effect::HandIn { incident, repo, run, environments, approve, login, said, id } = effect else {
            return Err(PortError::permanent("not a review"));
        };
        let marker = format!("ci-rescue/{}/{}/{:.12}", self.installation, incident.0, id.as_str());
        let pending = self.ci()?.pending(repo, *run).await?;
        if pending.reviews.iter().any(|review| review.comment.raw().contains(&marker)) {
            return Ok(ReviewOutcome::Done);
        }
        if pending.starters.iter().any(|starter| starter.eq_ignore_ascii_case(login)) {
            return Ok(ReviewOutcome::Refused(
                "you started this run, so someone else must review its deployment".into(),
            ));
        }
        for id in environments {
            let Some(one) = pending.environments.iter().find(|one| one.id == *id) else {
                return Ok(ReviewOutcome::Refused("it is no longer waiting: somebody was faster".into()));
            };
            if let Err(why) = self.is_reviewer(repo, one, login).await? {
                return Ok(ReviewOutcome::Refused(why));
            }
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
