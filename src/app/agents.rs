//! Fixing agents, as the configuration names them.

use crate::adapters::agent::{Agent, Agents, Sandbox, check};
use crate::agents::prompt::Prompts;
use crate::config::{AgentSection, Config};
use crate::engine::agents::{AgentRoom, PLACES};
use crate::evidence::redact;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// `None` where no agent is configured.
///
/// # Errors
/// One cannot be run here, or a template of the operator's is none: a sentence.
pub fn room(config: &Config) -> Result<Option<AgentRoom>, String> {
    if config.agents.is_empty() {
        return Ok(None);
    }
    let own = config.loops.prompts.as_deref().map(templates).transpose()?.unwrap_or_default();
    let prompts = Prompts::new(&own).map_err(|why| format!("{}: {why}", config.name("loops.prompts")))?;
    let mut agents = BTreeMap::new();
    for section in &config.agents {
        let agent = agent(section);
        let path = std::env::var_os("PATH");
        check(agent.sandbox, path.as_deref()).map_err(|why| format!("agent {}: {why}", section.name))?;
        agents.insert(section.name.to_lowercase(), agent);
    }
    // Whatever an agent is given is masked wherever it turns up.
    let given = config.agents.iter().flat_map(|agent| &agent.environment);
    let values: Vec<String> = given.filter_map(|name| std::env::var(name).ok()).collect();
    redact::know(values.iter().map(String::as_str));
    sweep();
    let agents = Arc::new(Agents::new(agents, |name| std::env::var_os(name)));
    Ok(Some(AgentRoom { agents, prompts }))
}

/// Whether each agent could be run, in a sentence.
#[must_use]
pub fn state(config: &Config) -> Vec<Result<String, String>> {
    let path = std::env::var_os("PATH");
    let one = |section: &AgentSection| {
        let wrong = |why: String| format!("{}: {why}", section.name);
        check(agent(section).sandbox, path.as_deref()).map_err(wrong)?;
        let program = section.command.first().map_or("", String::as_str);
        let mut dirs = path.iter().flat_map(std::env::split_paths);
        let is_there = if program.contains('/') {
            Path::new(program).is_file()
        } else {
            dirs.any(|dir| dir.join(program).is_file())
        };
        if !is_there {
            return Err(wrong(format!("{program} is not installed here")));
        }
        let missing = section.environment.iter().find(|name| std::env::var_os(name).is_none());
        match missing {
            Some(name) => Err(wrong(format!("{name} is not set in the environment of this process"))),
            None => Ok(format!("{}: {program}, sandbox {}", section.name, section.sandbox)),
        }
    };
    let prompts = config.loops.prompts.as_deref().map(|dir| {
        let told = templates(dir).and_then(|own| Prompts::new(&own).map(|_| own.len()));
        told.map(|count| format!("{count} templates of your own in {}", dir.display()))
    });
    config.agents.iter().map(one).chain(prompts).collect()
}

/// Removes what earlier processes left behind: each names itself in its directories.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PLACES).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn agent(section: &AgentSection) -> Agent {
    let sandbox = match section.sandbox.as_str() {
        "user" => {
            let user = section.user.unwrap_or_default();
            Sandbox::User(user, section.group.unwrap_or(user))
        }
        "none" => Sandbox::None,
        _ => Sandbox::Bubblewrap,
    };
    Agent {
        command: section.command.clone(),
        environment: section.environment.clone(),
        readable: section.readable.clone(),
        models: section.models.clone(),
        sandbox,
        deadline: Duration::from_secs(section.deadline_seconds.into()),
    }
}

/// The operator's templates by name.
fn templates(dir: &Path) -> Result<BTreeMap<String, String>, String> {
    let failed = |why: std::io::Error| format!("cannot read {}: {why}", dir.display());
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "jinja")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            all.insert(name.to_owned(), std::fs::read_to_string(&path).map_err(failed)?);
        }
    }
    Ok(all)
}
