//! The resolvers of `plan pin --online`.

use super::Failed;
use ci_rescue::adapters::resolver::Resolver;
use ci_rescue::ports::PortError;
use ci_rescue::remedies::editing::resolved::{Answer, Question, locks};
use std::path::PathBuf;

/// Asks the question's resolver, with a cache in the person's own cache directory.
pub async fn ask(question: &Question) -> Result<Answer, Failed> {
    let var = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = var("XDG_CACHE_HOME").or_else(|| var("HOME").map(|home| home.join(".cache")));
    let cache = cache.ok_or("no directory for the resolver's cache: set HOME or XDG_CACHE_HOME")?;
    let resolver = Resolver::new(cache.join("ci-rescue").join("resolver"), |key| std::env::var_os(key));
    let resolver: &dyn ci_rescue::ports::Resolver = &resolver;
    match resolver.resolve(question.ecosystem, &question.package, &question.version, &question.files).await {
        Ok(Ok(files)) => Ok(Answer::Locks(locks(files))),
        Ok(Err(why)) => Ok(Answer::No(why)),
        Err(PortError::Permanent { why }) => Ok(Answer::Not(why)),
        Err(other) => Err(Failed::integration(other.to_string())),
    }
}
