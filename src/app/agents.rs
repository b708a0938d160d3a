//! Fixing agents and the analyst, as the configuration names them.

use crate::adapters::agent::{Agent, Agents, Endpoint, Means, Sandbox, check};
use crate::agents::guides::Guides;
use crate::agents::prompt::Prompts;
use crate::config::{AgentSection, Config};
use crate::engine::agents::{AgentRoom, PLACES};
use crate::engine::analyst::AT_A_TIME;
use crate::evidence::redact;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// `None` where no agent is configured.
///
/// # Errors
/// One cannot be run here, or a template of the operator's is none: a sentence.
pub fn room(config: &Config) -> Result<Option<AgentRoom>, String> {
    if config.agents.is_empty() {
        return Ok(None);
    }
    let own = config.loops.prompts.as_deref().map(|dir| texts(dir, "jinja")).transpose()?.unwrap_or_default();
    let prompts = Prompts::new(&own).map_err(|why| format!("{}: {why}", config.name("loops.prompts")))?;
    let mut agents = BTreeMap::new();
    for section in &config.agents {
        let (name, means) = (section.name.to_lowercase(), means(section));
        if let Means::Program(agent) = &means {
            let path = std::env::var_os("PATH");
            check(agent.sandbox, path.as_deref()).map_err(|why| format!("{name}: {why}"))?;
        }
        agents.insert(name, means);
    }
    // Whatever an agent is given is masked wherever it turns up.
    let given = config.agents.iter().flat_map(|section| section.environment.iter().chain(&section.token_variable));
    let values: Vec<String> = given.filter_map(|name| std::env::var(name).ok()).collect();
    redact::know(values.iter().map(String::as_str));
    sweep();
    let agents = Arc::new(Agents::new(agents, |name| std::env::var_os(name))?);
    Ok(Some(AgentRoom { agents, prompts, guides: guides(config)?, questions: Semaphore::new(AT_A_TIME) }))
}

/// The shipped guides and the operator's.
fn guides(config: &Config) -> Result<Guides, String> {
    let own = config.loops.guides.as_deref().map(|dir| texts(dir, "md")).transpose()?.unwrap_or_default();
    Ok(Guides::new(&own))
}

/// Whether each agent could be run, in a sentence.
#[must_use]
pub fn state(config: &Config) -> Vec<Result<String, String>> {
    let one = |section: &AgentSection| {
        let name = &section.name;
        let told = match &section.endpoint {
            Some(url) => Ok(format!("{name}: {url}")),
            None => installed(section).map(|program| format!("{name}: {program}, sandbox {}", section.sandbox)),
        };
        let given = section.environment.iter().chain(&section.token_variable);
        let missing = given.into_iter().find(|variable| std::env::var_os(variable).is_none());
        match (told, missing) {
            (Ok(_), Some(variable)) => Err(format!("{name}: {variable} is not set in the environment of this process")),
            (told, _) => told.map_err(|why| format!("{name}: {why}")),
        }
    };
    let prompts = config.loops.prompts.as_deref().map(|dir| {
        let told = texts(dir, "jinja").and_then(|own| Prompts::new(&own).map(|_| own.len()));
        told.map(|count| format!("{count} templates of your own in {}", dir.display()))
    });
    let own_guides = config
        .loops
        .guides
        .as_deref()
        .map(|dir| texts(dir, "md").map(|own| format!("{} guides of your own in {}", own.len(), dir.display())));
    config.agents.iter().map(one).chain(prompts).chain(own_guides).collect()
}

/// The program of an agent, if it can be run here.
fn installed(section: &AgentSection) -> Result<&str, String> {
    let path = std::env::var_os("PATH");
    check(sandbox(section), path.as_deref())?;
    // `env NAME=value program`: what counts is the program.
    let is_env = |word: &&String| word.ends_with("/env") || *word == "env" || word.contains('=');
    let program = section.command.iter().find(|word| !is_env(word)).map_or("", String::as_str);
    which::which(program).is_ok().then_some(program).ok_or_else(|| format!("{program} is not installed here"))
}

/// Removes what earlier processes left behind: each names itself in its directories.
pub(super) fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PLACES).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn sandbox(section: &AgentSection) -> Sandbox {
    match section.sandbox.as_str() {
        "user" => {
            let user = section.user.unwrap_or_default();
            Sandbox::User(user, section.group.unwrap_or(user))
        }
        "none" => Sandbox::None,
        _ => Sandbox::Bubblewrap,
    }
}

fn means(section: &AgentSection) -> Means {
    let (models, deadline) = (section.models.clone(), Duration::from_secs(section.deadline_seconds.into()));
    if let Some(url) = section.endpoint.as_deref().and_then(|url| url.parse().ok()) {
        let token = section.token_variable.as_deref().and_then(|name| std::env::var(name).ok());
        return Means::Endpoint(Endpoint { url, token: token.map(SecretString::from), models, deadline });
    }
    Means::Program(Agent {
        command: section.command.clone(),
        environment: section.environment.clone(),
        readable: section.readable.clone(),
        models,
        sandbox: sandbox(section),
        deadline,
    })
}

/// The operator's files with this ending, by name.
fn texts(dir: &Path, ending: &str) -> Result<BTreeMap<String, String>, String> {
    let failed = |why: std::io::Error| format!("cannot read {}: {why}", dir.display());
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == ending)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            all.insert(name.to_owned(), std::fs::read_to_string(&path).map_err(failed)?);
        }
    }
    Ok(all)
}
