//! The agent room: programs of the operator's, each run in a directory of its own that holds the files of one commit, and
//! nothing else of the repository.
//!
//! No shell, no token, an environment of ours. What runs can neither push nor read what the bot knows: it is another user,
//! or it is in bubblewrap, where it sees the system's programs, its own directory and what the operator listed.
//!
//! An agent may also be behind an HTTP endpoint: it is sent the files, and answers with those that it would change.
//!
//! # How to add another kind of agent
//! Anything that reads a prompt and changes files is a command or an endpoint: see `docs/agents.md`.

mod cage;
mod call;
mod endpoint;
mod files;
mod processes;
mod room;

use crate::ports::{self, PortError, Ran, TRACE, Task};
use async_trait::async_trait;
pub use cage::{Sandbox, check};
pub use endpoint::Endpoint;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;
use tracing::Instrument;

/// How one specialist's agent is run.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Program and arguments. In each, `{model}` stands for the model's name.
    pub command: Vec<String>,
    /// Names of the operator's variables that are handed on, such as `ANTHROPIC_API_KEY`.
    pub environment: Vec<String>,
    /// Directories that it may read besides the system's, in bubblewrap.
    pub readable: Vec<PathBuf>,
    /// By category; `default` for the others.
    pub models: BTreeMap<String, String>,
    pub sandbox: Sandbox,
    pub deadline: Duration,
}

/// How an agent is reached.
#[derive(Clone, Debug)]
pub enum Means {
    Program(Agent),
    Endpoint(Endpoint),
}

/// The agents by their specialists' names, in lower case.
pub struct Agents {
    agents: BTreeMap<String, Means>,
    environment: BTreeMap<String, OsString>,
    http: reqwest::Client,
    local: reqwest::Client,
    /// Of agents that are another user: in the end all processes of that user are killed.
    alone: Mutex<()>,
}

impl Agents {
    /// `environment` answers for the operator's variables.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(
        agents: BTreeMap<String, Means>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let programs = agents.values().filter_map(|means| match means {
            Means::Program(agent) => Some(agent),
            Means::Endpoint(_) => None,
        });
        let named = programs.flat_map(|agent| &agent.environment).map(String::as_str);
        let wanted = named.chain(["PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]);
        let environment = wanted.filter_map(|name| Some((name.to_owned(), environment(name)?))).collect();
        // What is sent is meant for that address alone; what is on this machine is reached without a proxy.
        let client = || reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = client().build().map_err(|why| why.to_string())?;
        let local = client().no_proxy().build().map_err(|why| why.to_string())?;
        Ok(Self { agents, environment, http, local, alone: Mutex::default() })
    }
}

#[async_trait]
impl ports::Agents for Agents {
    async fn run(&self, task: Task<'_>) -> Result<Ran, PortError> {
        let span = tracing::info_span!(
            target: TRACE,
            "agent",
            otel.name = %format_args!("agent {}", task.agent),
            ci_rescue.specialist = task.agent,
            ci_rescue.category = task.category,
            ci_rescue.run = task.run,
        );
        self.run_inside(task).instrument(span).await
    }

    fn has_model(&self, agent: &str, name: &str) -> bool {
        self.agents.get(agent).is_some_and(|means| match means {
            Means::Program(agent) => agent.models.contains_key(name),
            Means::Endpoint(endpoint) => endpoint.models.contains_key(name),
        })
    }
}

impl Agents {
    async fn run_inside(&self, task: Task<'_>) -> Result<Ran, PortError> {
        let agent = match self.agents.get(task.agent) {
            None => return Err(PortError::permanent(format!("no agent is configured for {}", task.agent))),
            Some(Means::Endpoint(endpoint)) => {
                let is_local = endpoint.url.scheme() == "http";
                return endpoint::run(if is_local { &self.local } else { &self.http }, endpoint, task).await;
            }
            Some(Means::Program(agent)) => agent,
        };
        let _alone = match agent.sandbox {
            Sandbox::User(..) => Some(self.alone.lock().await),
            Sandbox::Bubblewrap | Sandbox::None => None,
        };
        call::run(agent, &self.environment, task).await
    }
}
