//! Names of branches, for people who type one.

use super::api::GitHub;
use crate::domain::ids::Repo;
use crate::ports::PortError;
use serde::Deserialize;

/// Pages of a hundred: somebody waits.
const PAGES_MAX: usize = 5;
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Named {
    name: String,
}

pub async fn all(github: &GitHub, repo: &Repo) -> Result<Vec<String>, PortError> {
    let mut all = Vec::new();
    for page in 1..=PAGES_MAX {
        let path = format!("/repos/{repo}/branches?per_page={PAGE}&page={page}");
        let named: Vec<Named> = github.get(repo, &path).await?;
        let last = named.len() < PAGE;
        all.extend(named.into_iter().map(|branch| branch.name));
        if last {
            break;
        }
    }
    Ok(all)
}
