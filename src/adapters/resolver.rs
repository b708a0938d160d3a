//! The resolver room: an ecosystem's own resolver, run on copies of manifests and locks, never on a repository and never
//! with its code.
//!
//! What runs is `cargo update`, `go get` and `npm install --package-lock-only`, in a directory of our own that holds
//! nothing but the manifests and locks named in [`Request`], by an allow list of names. Manifests for cargo and npm are
//! not even copied: they are written anew from an allow list of keys, without scripts, build scripts and targets.
//!
//! # What the operator's environment gives
//! `PATH`, certificates, proxies, and registries as far as variables name them: `GOPROXY` (without `direct`), `GOSUMDB`,
//! `GONOSUMDB`, `GOPRIVATE`, `GONOPROXY`, `NPM_CONFIG_REGISTRY`, `CARGO_HTTP_PROXY`, `CARGO_HTTP_CAINFO`, `RUSTUP_HOME`
//! and `RUSTUP_TOOLCHAIN`. `HOME`, `CARGO_HOME` and all configuration files are ours, and empty: no token is handed on.
//! The cache directory must not lie below a directory with manifests or a `.cargo` of its own, nor below one that others
//! can write, such as `/tmp`: cargo looks for workspaces and configuration upwards.

mod call;
mod cargo;
mod cargo_manifest;
mod go;
mod npm;
mod npm_lock;
mod npm_manifest;
mod paths;
mod room;

use async_trait::async_trait;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::edit::Source;
use crate::domain::text::{Untrusted, clean_line};
use crate::ports::PortError;
use call::Caller;
use room::Cache;

/// Everything together takes at most this long.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// A wish to resolve one package to one version.
#[derive(Clone, Debug)]
pub struct Request {
    /// `cargo`, `go` or `npm`.
    pub ecosystem: String,
    pub package: String,
    pub version: String,
    /// Manifests and locks of one commit; what is neither is left out.
    pub files: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// It must not or cannot be done with these manifests: a sentence that says what to do.
    Refused(String),
    /// The tool ran and did not succeed.
    Failed {
        why: String,
        /// What it printed last, at most 64 KB.
        output: Untrusted,
        /// The registry was not reached or time ran out: later it may go well.
        is_passing: bool,
    },
    /// This tool is not installed.
    Missing(&'static str),
}

impl ResolveError {
    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), output: Untrusted::default(), is_passing: false }
    }

    fn passing(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), output: Untrusted::default(), is_passing: true }
    }
}

/// What one resolver run works on.
struct Job<'a> {
    caller: &'a Caller,
    cache: &'a Cache,
    package: &'a str,
    version: &'a str,
    files: &'a [Source],
    until: Instant,
}

/// Runs resolvers, one at a time, with caches below one directory: no other resolver may use it.
pub struct Resolver {
    cache: Cache,
    caller: Caller,
    deadline: Duration,
    turn: Mutex<()>,
}

impl Resolver {
    /// `cache` is a directory of ours, which is made when missing; `environment` answers for the operator's variables.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>, environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let cache = Cache::new(cache.into());
        let caller = Caller::new(cache.path(), environment);
        Self { cache, caller, deadline: DEADLINE, turn: Mutex::new(()) }
    }

    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Resolves; answers the files that change, which are manifests and locks of the request.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub async fn resolve(&self, request: Request) -> Result<Vec<Source>, ResolveError> {
        let until = Instant::now() + self.deadline;
        check_version(&request.version)?;
        room::check(&request.files)?;
        let late = |_| ResolveError::passing("the resolver is busy: try again later");
        let _mine = tokio::time::timeout_at(until, self.turn.lock()).await.map_err(late)?;
        self.cache.prepare()?;
        let (package, version, files) = (request.package.trim(), request.version.trim(), request.files.as_slice());
        let job = Job { caller: &self.caller, cache: &self.cache, package, version, files, until };
        let mut found = match request.ecosystem.as_str() {
            "cargo" => cargo::resolve(&job).await?,
            "go" => go::resolve(&job).await?,
            "npm" => npm::resolve(&job).await?,
            other => {
                let sentence = format!("`{}` has no resolver: use cargo, go or npm", clean_line(other, 40));
                return Err(ResolveError::Refused(sentence));
            }
        };
        found.retain(|new| !files.contains(new));
        Ok(found)
    }
}

#[async_trait]
impl crate::ports::Resolver for Resolver {
    async fn resolve(
        &self,
        ecosystem: &str,
        package: &str,
        version: &str,
        files: &[Source],
    ) -> Result<Result<Vec<Source>, String>, PortError> {
        let request = Request {
            ecosystem: ecosystem.to_owned(),
            package: package.to_owned(),
            version: version.to_owned(),
            files: files.to_vec(),
        };
        match Self::resolve(self, request).await {
            Ok(files) => Ok(Ok(files)),
            Err(ResolveError::Failed { why, is_passing: true, .. }) => Err(PortError::transient(why)),
            Err(ResolveError::Failed { why, .. }) => Ok(Err(why)),
            Err(ResolveError::Refused(why)) => Err(PortError::permanent(why)),
            Err(ResolveError::Missing(tool)) => Err(PortError::permanent(format!("{tool} is not installed here"))),
        }
    }
}

/// Only a plain version: ranges, addresses, paths and options come from chat.
fn check_version(version: &str) -> Result<(), ResolveError> {
    const VERSION_MAX: usize = 64;
    let version = version.trim();
    let plain = version.len() <= VERSION_MAX
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().any(|c| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_~".contains(c))
        && !version.contains("..");
    let sentence = "only a plain version such as 1.4.2 can be resolved, not a range, URL, path or tag";
    if plain { Ok(()) } else { Err(ResolveError::Refused(sentence.to_owned())) }
}

/// Why a package's name is none.
fn no_name(package: &str) -> ResolveError {
    let shown = clean_line(package, 60);
    ResolveError::Refused(format!("`{shown}` is not a package name: spell it as the manifest does"))
}
