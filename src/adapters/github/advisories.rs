//! GitHub's advisory database: what is known to be wrong with a version.

use super::api::{GitHub, refused};
use crate::domain::ids::Repo;
use crate::domain::text::Untrusted;
use crate::ports::{Advisory, PortError};
use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// What the database calls the ecosystem of an editor (docs.github.com, "List global security advisories").
fn database(ecosystem: &str) -> Option<&'static str> {
    Some(match ecosystem {
        "cargo" => "rust",
        "npm" | "pnpm" | "yarn" => "npm",
        "pip" | "uv" | "poetry" => "pip",
        "go" => "go",
        "composer" => "composer",
        "maven" | "gradle" => "maven",
        "bundler" => "rubygems",
        "nuget" => "nuget",
        "github-actions" => "actions",
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Listed {
    ghsa_id: String,
    severity: String,
    summary: Untrusted,
}

impl GitHub {
    pub(super) async fn advisories_of(
        &self,
        repo: &Repo,
        ecosystem: &str,
        package: &str,
        version: &str,
    ) -> Result<Vec<Advisory>, PortError> {
        let Some(database) = database(ecosystem) else { return Ok(Vec::new()) };
        let affects = utf8_percent_encode(&format!("{package}@{version}"), NON_ALPHANUMERIC).to_string();
        let path = format!("/advisories?ecosystem={database}&affects={affects}&per_page=10");
        let answer = self.call("GET", Some(repo), &path, None).await?;
        match answer.status {
            // A server of one's own may have no database.
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            status if status.is_success() => {
                let all: Vec<Listed> = answer.json()?;
                let one = |it: Listed| Advisory { id: it.ghsa_id, severity: it.severity, summary: it.summary };
                Ok(all.into_iter().map(one).collect())
            }
            _ => Err(refused(&answer)),
        }
    }
}
