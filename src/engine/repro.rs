//! Scripts that reproduce a failure.

use super::Engine;
use crate::domain::evidence::FailingTest;
use crate::domain::ids::{Digest, Repo};
use crate::ports::PortError;
use crate::repro::{self, Framework};

impl Engine {
    /// A script that runs the failing tests on a clean machine; the repository's manifests say what it needs.
    pub(super) async fn reproduce(
        &self,
        repo: &Repo,
        sha: &str,
        tests: &[FailingTest],
    ) -> Result<Result<Digest, Vec<String>>, PortError> {
        let Some(framework) = tests.first().and_then(|test| Framework::from_name(&test.framework)) else {
            return Ok(Err(vec!["scripts are not supported for the test framework".into()]));
        };
        let (paths, texts) = self.git()?.files(repo, sha, repro::reads).await?;
        let url = self.forge()?.clone_url(repo);
        let mut wanted = repro::ScriptInput::new(&url, sha, framework);
        wanted.selectors = tests
            .iter()
            .filter(|test| Framework::from_name(&test.framework) == Some(framework))
            .map(selector)
            .collect();
        let text = |path: &str| texts.iter().find(|source| source.path == path).map(|source| source.text.clone());
        wanted.files = paths.into_iter().map(|path| repro::RepositoryFile { text: text(&path), path }).collect();
        match repro::script(&wanted) {
            Ok(script) => {
                let kept = self.store.put_blob(script.into_bytes()).await;
                Ok(Ok(kept.map_err(|why| PortError::transient(why.to_string()))?))
            }
            Err(why) => Ok(Err(why)),
        }
    }
}

fn selector(test: &FailingTest) -> repro::Selector {
    let name = test.selector.as_ref().unwrap_or(&test.name);
    match &test.file {
        Some(file) if !name.raw().contains(file.raw()) => repro::Selector::new(file.raw(), name.raw()),
        _ => repro::Selector::from_text(name.raw()),
    }
}
