//! Fixing agents and the analyst: `[loops]` and `[[agents]]`.

use crate::domain::agent::{ANALYST, Loops, Usd};
use crate::domain::time::{MINUTE_MS, SECOND_MS};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Limits of all loops.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoopSection {
    pub attempts_max: u32,
    /// Cents of a US dollar: for one loop, for a day, for one attempt.
    pub budget_cents: u32,
    pub daily_budget_cents: u32,
    pub attempt_budget_cents: u32,
    pub first_look_seconds: u32,
    pub look_seconds: u32,
    pub ci_minutes: u32,
    pub apart_minutes: u32,
    /// A directory with templates of the operator's, such as `rust.jinja`.
    pub prompts: Option<PathBuf>,
    /// What one question to the analyst may cost.
    pub analyst_budget_cents: u32,
    /// A directory with guides of the operator's, in Markdown.
    pub guides: Option<PathBuf>,
}

impl Default for LoopSection {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            budget_cents: 200,
            daily_budget_cents: 1_000,
            attempt_budget_cents: 40,
            first_look_seconds: 60,
            look_seconds: 30,
            ci_minutes: 10,
            apart_minutes: 10,
            prompts: None,
            analyst_budget_cents: 5,
            guides: None,
        }
    }
}

impl LoopSection {
    /// The limits, for these agents.
    #[must_use]
    pub fn loops(&self, agents: &[AgentSection]) -> Loops {
        let names = agents.iter().map(|agent| agent.name.to_lowercase());
        let (analysts, agents): (Vec<_>, Vec<_>) = names.partition(|name| name == ANALYST);
        Loops {
            analysis_budget: analysts.first().map(|_| Usd::cents(self.analyst_budget_cents)),
            agents,
            attempts_max: self.attempts_max,
            budget: Usd::cents(self.budget_cents),
            daily_budget: Usd::cents(self.daily_budget_cents),
            attempt_budget: Usd::cents(self.attempt_budget_cents),
            first_look_ms: i64::from(self.first_look_seconds) * SECOND_MS,
            look_ms: i64::from(self.look_seconds) * SECOND_MS,
            longest_ms: i64::from(self.ci_minutes) * MINUTE_MS,
            apart_ms: i64::from(self.apart_minutes) * MINUTE_MS,
        }
    }
}

/// One `[[agents]]` table: the program that tries for one specialist, or the analyst.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSection {
    /// The specialist: `rex`, `blaze`, `bolt` or `atlas`; or `analyst`.
    #[serde(default)]
    pub name: String,
    /// Program and arguments; no shell reads them. `{model}` stands for the model.
    #[serde(default)]
    pub command: Vec<String>,
    /// In place of a command: the address that is sent the files.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The name of the variable that holds the endpoint's bearer token.
    #[serde(default)]
    pub token_variable: Option<String>,
    /// Names of variables that it is given.
    #[serde(default)]
    pub environment: Vec<String>,
    /// Directories that it may read, in bubblewrap.
    #[serde(default)]
    pub readable: Vec<PathBuf>,
    /// By category of failure; `default` for the others.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
    /// `bubblewrap`, `user` or `none`.
    #[serde(default = "bubblewrap")]
    pub sandbox: String,
    /// The numbers of the user and group that it is, in sandbox `user`.
    #[serde(default)]
    pub user: Option<u32>,
    #[serde(default)]
    pub group: Option<u32>,
    #[serde(default = "six_minutes")]
    pub deadline_seconds: u32,
}

fn bubblewrap() -> String {
    "bubblewrap".into()
}

const fn six_minutes() -> u32 {
    360
}
