//! Self-hosted runners: a repository's own, and those that its organisation shares with it.

use super::api::{GitHub, refused, segment};
use crate::domain::ids::Repo;
use crate::domain::runner::Fleet;
use crate::ports::PortError;
use axum::http::StatusCode;
use serde::Deserialize;

/// Runners a page, and pages at most.
const PAGE: usize = 100;
const PAGES: usize = 10;

#[derive(Deserialize)]
struct Runners {
    runners: Vec<Runner>,
}

#[derive(Deserialize)]
struct Runner {
    #[serde(default)]
    status: String,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    name: String,
}

impl GitHub {
    pub(super) async fn fleet(&self, repo: &Repo, labels: &[String]) -> Result<Fleet, PortError> {
        let mut fleet = Fleet::default();
        self.count(repo, &format!("/repos/{repo}/actions/runners"), labels, &mut fleet).await?;
        let owner = segment(repo.owner());
        self.count(repo, &format!("/orgs/{owner}/actions/runners"), labels, &mut fleet).await?;
        Ok(fleet)
    }

    async fn count(&self, repo: &Repo, path: &str, labels: &[String], fleet: &mut Fleet) -> Result<(), PortError> {
        for page in 1..=PAGES {
            let answer = self.call("GET", Some(repo), &format!("{path}?per_page={PAGE}&page={page}"), None).await?;
            // The owner is a person, not an organisation.
            if answer.status == StatusCode::NOT_FOUND && path.starts_with("/orgs/") {
                return Ok(());
            }
            if !answer.status.is_success() {
                return Err(refused(&answer));
            }
            let found: Runners = answer.json()?;
            let has = |runner: &&Runner| {
                labels.iter().all(|want| runner.labels.iter().any(|have| have.name.to_lowercase() == *want))
            };
            for runner in found.runners.iter().filter(has) {
                if runner.status == "online" { fleet.online += 1 } else { fleet.offline += 1 }
            }
            if found.runners.len() < PAGE {
                break;
            }
        }
        Ok(())
    }
}
