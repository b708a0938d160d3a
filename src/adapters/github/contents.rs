//! Small files of a repository's default branch, and which files a commit has.

use super::api::{GitHub, refused, segment};
use crate::domain::ids::Repo;
use crate::ports::PortError;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    size: usize,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

impl GitHub {
    /// No branch is named: then GitHub takes the default branch, whatever an event may have called so.
    pub(super) async fn text_of(&self, repo: &Repo, path: &str, max: usize) -> Result<Option<String>, PortError> {
        let path: Vec<String> = path.split('/').map(segment).collect();
        let answer = self.call("GET", Some(repo), &format!("/repos/{repo}/contents/{}", path.join("/")), None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => return Ok(None),
            status if status.is_success() => {}
            _ => return Err(refused(&answer)),
        }
        let content: Content = answer.json()?;
        if content.kind != "file" || content.encoding != "base64" {
            return Err(PortError::permanent("it is not a file"));
        }
        if content.size > max {
            return Err(PortError::permanent(format!("it is over {} KiB long", max >> 10)));
        }
        let packed: String = content.content.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed).map_err(|_| PortError::permanent("GitHub's answer cannot be read"))?;
        String::from_utf8(bytes).map(Some).map_err(|_| PortError::permanent("it is not UTF-8"))
    }

    /// Whether the path is a file at the commit. One that GitHub does not show is none.
    pub(super) async fn has_file(&self, repo: &Repo, sha: &str, path: &str) -> Result<bool, PortError> {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: String,
        }

        let path: Vec<String> = path.split('/').map(segment).collect();
        let path = format!("/repos/{repo}/contents/{}?ref={}", path.join("/"), segment(sha));
        let answer = self.call("GET", Some(repo), &path, None).await?;
        // A folder is a list of its files.
        Ok(answer.status.is_success() && answer.json::<Kind>().is_ok_and(|found| found.kind == "file"))
    }
}
