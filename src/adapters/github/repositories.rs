//! The repositories that are ours: those that the App is installed on, or that the token sees.

use super::api::{Answer, GitHub, refused};
use super::auth::Credentials;
use crate::domain::ids::Repo;
use crate::ports::PortError;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

/// Pages of a hundred, of installations and of repositories.
const PAGES_MAX: usize = 50;
const PAGE: usize = 100;

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

pub async fn all(github: &GitHub) -> Result<Vec<Repo>, PortError> {
    match &*github.credentials() {
        Credentials::Nobody => Ok(Vec::new()),
        Credentials::Token(token) => of_token(github, token).await,
        Credentials::App { .. } => of_app(github).await,
    }
}

/// A name that is none of ours is left out rather than all the others.
fn read(named: Vec<Named>) -> impl Iterator<Item = Repo> {
    named.into_iter().filter_map(|repo| repo.full_name.parse().ok())
}

async fn of_token(github: &GitHub, token: &SecretString) -> Result<Vec<Repo>, PortError> {
    let mut all = Vec::new();
    for page in 1..=PAGES_MAX {
        let answer = github.read_as(token.clone(), &format!("/user/repos?per_page={PAGE}&page={page}")).await?;
        let named: Vec<Named> = answer.json()?;
        let last = named.len() < PAGE;
        all.extend(read(named));
        if last {
            break;
        }
    }
    Ok(all)
}

async fn of_app(github: &GitHub) -> Result<Vec<Repo>, PortError> {
    #[derive(Deserialize)]
    struct Installation {
        id: u64,
        suspended_at: Option<serde::de::IgnoredAny>,
    }
    let mut all = Vec::new();
    for page in 1..=PAGES_MAX {
        let path = format!("/app/installations?per_page={PAGE}&page={page}");
        let answer = good(github.call("GET", None, &path, None).await?)?;
        let installations: Vec<Installation> = answer.json()?;
        let last = installations.len() < PAGE;
        for one in installations.iter().filter(|one| one.suspended_at.is_none()) {
            all.extend(of_installation(github, one.id).await?);
        }
        if last {
            break;
        }
    }
    Ok(all)
}

/// With a token that can do no more than list.
async fn of_installation(github: &GitHub, id: u64) -> Result<Vec<Repo>, PortError> {
    #[derive(Deserialize)]
    struct Minted {
        token: SecretString,
    }
    #[derive(Deserialize)]
    struct Listed {
        repositories: Vec<Named>,
    }
    let path = format!("/app/installations/{id}/access_tokens");
    let body = json!({"permissions": {"metadata": "read"}});
    let minted: Minted = good(github.call("POST", None, &path, Some(&body)).await?)?.json()?;
    let mut all = Vec::new();
    for page in 1..=PAGES_MAX {
        let path = format!("/installation/repositories?per_page={PAGE}&page={page}");
        let listed: Listed = github.read_as(minted.token.clone(), &path).await?.json()?;
        let last = listed.repositories.len() < PAGE;
        all.extend(read(listed.repositories));
        if last {
            break;
        }
    }
    Ok(all)
}

fn good(answer: Answer) -> Result<Answer, PortError> {
    if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer)) }
}
