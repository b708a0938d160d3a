//! Pins whose locks a resolver writes, where policy allows it: asked once for the same manifests, and kept as a fact.

use super::Engine;
use crate::domain::ids::Repo;
use crate::domain::refs::Branch;
use crate::ports::{self, PortError, Turn};
use crate::remedies::editing::resolved::{Answer, Question, Resolved, locks};
use serde_json::json;

impl Engine {
    /// A pin as it is to be edited: with the resolver's answer where one is needed and allowed.
    pub(super) async fn pinning(
        &self,
        repo: &Repo,
        onto: &Branch,
        package: &str,
        version: &str,
    ) -> Result<Resolved, PortError> {
        let pin = || Resolved::new(package, version, None).map_err(PortError::permanent);
        let settings = self.settings();
        let resolvers = &settings.rules.resolvers;
        if self.resolver.is_none() || resolvers.is_empty() {
            return pin();
        }
        let first = pin()?;
        self.git()?.change(repo, onto, ports::ChangeSource::Edit { editing: &first, message: "" }).await?;
        let Some(question) = first.question().filter(|q| resolvers.iter().any(|id| id == q.ecosystem)) else {
            return pin();
        };
        let answer = self.answer(&question).await?;
        Ok(pin()?.answered(question, answer))
    }

    async fn answer(&self, question: &Question) -> Result<Answer, PortError> {
        let lost = |why: String| PortError::transient(why);
        let key = question.key();
        let kept = self.store.setting(&key).await.map_err(|why| lost(why.to_string()))?;
        if let Some(answer) = kept.and_then(|kept| serde_json::from_value(kept).ok()) {
            return Ok(answer);
        }
        let Some(resolver) = &self.resolver else { return Err(PortError::permanent("no resolver is configured")) };
        let found = resolver.resolve(question.ecosystem, &question.package, &question.version, &question.files).await;
        let answer = match found {
            Ok(Ok(files)) => Answer::Locks(locks(files)),
            Ok(Err(why)) => Answer::No(why),
            Err(PortError::Permanent { why }) => Answer::Not(why),
            Err(other) => return Err(other),
        };
        let turn = Turn { settings: vec![(key, Some(json!(answer)))], ..Turn::default() };
        self.store.commit(turn).await.map_err(|why| lost(why.to_string()))?;
        Ok(answer)
    }
}
