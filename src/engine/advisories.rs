//! A warning where a pin goes to a version that a security advisory is about.

use super::Engine;
use crate::domain::ids::Repo;
use crate::domain::text::clean_line;

impl Engine {
    /// A sentence for each advisory. A database that does not answer holds no pin up.
    pub(super) async fn advised(&self, repo: &Repo, ecosystem: &str, package: &str, version: &str) -> Vec<String> {
        let Ok(forge) = self.forge() else { return Vec::new() };
        match forge.advisories(repo, ecosystem, package, version).await {
            Ok(all) => all
                .into_iter()
                .map(|one| {
                    let (id, severity) = (clean_line(&one.id, 40), clean_line(&one.severity, 20));
                    format!("{package} {version} is vulnerable: {} ({id}, {severity})", one.summary.line(160))
                })
                .collect(),
            Err(why) => {
                tracing::warn!(%repo, package, %why, "security advisories could not be read");
                vec![format!("security advisories for {package} {version} could not be read: check them by hand")]
            }
        }
    }
}
