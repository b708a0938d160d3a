//! What a repository says of itself: whom CODEOWNERS names for a path, and its own rules.

use super::Engine;
use crate::domain::ids::Repo;
use crate::domain::refs::Branch;
use crate::domain::rules::OwnRules;
use crate::domain::text::Untrusted;
use crate::policy;
use crate::policy::codeowners::{LOCATIONS, Owners};
use crate::ports::PortError;
use crate::remedies;

impl Engine {
    /// A file's owners, and the line of CODEOWNERS that says so.
    pub(super) async fn owned(
        &self,
        repo: &Repo,
        base: &str,
        path: &str,
    ) -> Result<Option<(usize, Vec<String>)>, PortError> {
        let (_, texts) = self.git()?.files(repo, base, is_codeowners).await?;
        // GitHub takes the first of these places that has the file.
        let text = LOCATIONS.iter().find_map(|at| texts.iter().find(|source| source.path == *at));
        let Some(rule) = text.and_then(|source| Owners::parse(&source.text).of(path)) else { return Ok(None) };
        Ok(Some((rule.line, rule.owners.iter().map(ToString::to_string).collect())))
    }

    /// The repository's own file of rules, as its default branch has it. What is wrong with it is a permanent error.
    pub(super) async fn own_rules(&self, repo: &Repo) -> Result<OwnRules, PortError> {
        let Some(text) = self.forge()?.file(repo, policy::OWN_FILE, policy::OWN_BYTES_MAX).await? else {
            return Ok(OwnRules::default());
        };
        let shelf = remedies::all();
        let names: Vec<&str> = shelf.iter().map(|remedy| remedy.id()).collect();
        policy::read_own(&text, &names).map_err(PortError::permanent)
    }

    /// The owners of the first of these paths that has any.
    pub(super) async fn owners(&self, repo: &Repo, onto: &Branch, paths: &[String]) -> Result<Vec<String>, PortError> {
        let branch: Untrusted = onto.as_str().into();
        let Some(base) = self.forge()?.head(repo, &branch, None).await? else {
            return Err(PortError::permanent(format!("branch {onto} does not exist")));
        };
        for path in paths {
            if let Some((_, owners)) = self.owned(repo, &base, path).await?.filter(|(_, owners)| !owners.is_empty()) {
                for owner in &owners {
                    self.learn_team(repo, owner).await;
                }
                return Ok(owners);
            }
        }
        Ok(Vec::new())
    }

    /// `@LOGIN` of who changed the first of these paths that has a history last, newest first.
    pub(super) async fn last_authors(
        &self,
        repo: &Repo,
        commit: &str,
        paths: &[String],
    ) -> Result<Vec<String>, PortError> {
        let mut all = Vec::new();
        for sha in self.git()?.changed(repo, commit, paths).await? {
            // A commit that the forge does not know says nothing of the others.
            let login = match self.forge()?.author(repo, &sha).await {
                Err(PortError::Permanent { .. } | PortError::Gone { .. }) => None,
                found => found?,
            };
            all.extend(login.map(|login| format!("@{login}")).filter(|owner| !all.contains(owner)));
        }
        Ok(all)
    }
}

/// An owner that is an account, not a team and not an address.
pub(super) fn login(owner: &str) -> Option<&str> {
    owner.strip_prefix('@').filter(|name| !name.contains('/'))
}

fn is_codeowners(path: &str) -> bool {
    LOCATIONS.contains(&path)
}
