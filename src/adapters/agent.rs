//! The agent room: programs of the operator's, each run in a directory of its own that holds the files of one commit, and
//! nothing else of the repository.
//!
//! No shell, no token, an environment of ours. What runs can neither push nor read what the bot knows: it is another user,
//! or it is in bubblewrap, where it sees the system's programs, its own directory and what the operator listed.
//!
//! # How to add another kind of agent
//! Anything that reads a prompt and changes files is a command: see `docs/agents.md`.

mod cage;
mod call;
mod processes;
mod room;

use crate::ports::{self, PortError, Ran, Task};
use async_trait::async_trait;
pub use cage::{Sandbox, check};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;

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

/// The agents by their specialists' names, in lower case.
pub struct Agents {
    agents: BTreeMap<String, Agent>,
    environment: BTreeMap<String, OsString>,
    /// Of agents that are another user: in the end all processes of that user are killed.
    alone: Mutex<()>,
}

impl Agents {
    /// `environment` answers for the operator's variables.
    #[must_use]
    pub fn new(agents: BTreeMap<String, Agent>, environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = agents.values().flat_map(|agent| &agent.environment).map(String::as_str);
        let wanted = named.chain(["PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]);
        let environment = wanted.filter_map(|name| Some((name.to_owned(), environment(name)?))).collect();
        Self { agents, environment, alone: Mutex::default() }
    }
}

#[async_trait]
impl ports::Agents for Agents {
    async fn run(&self, task: Task<'_>) -> Result<Ran, PortError> {
        let Some(agent) = self.agents.get(task.agent) else {
            return Err(PortError::permanent(format!("no agent is configured for {}", task.agent)));
        };
        let _alone = match agent.sandbox {
            Sandbox::User(..) => Some(self.alone.lock().await),
            Sandbox::Bubblewrap | Sandbox::None => None,
        };
        call::run(agent, &self.environment, task).await
    }
}
