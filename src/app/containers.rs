//! Containers for reproductions, as the configuration allows them.

use super::agents::sweep;
use crate::adapters::container::{Containers, Limits};
use crate::config::Config;
use crate::engine::containers::ContainerRoom;
use crate::repro::image::Images;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// `None` where no code is run.
///
/// # Errors
/// The program cannot be started here: a sentence.
pub fn room(config: &Config) -> Result<Option<ContainerRoom>, String> {
    let Some(containers) = containers(config) else { return Ok(None) };
    containers.check().map_err(|why| format!("{}: {why}", config.name("repro.runner")))?;
    sweep();
    let repro = &config.repro;
    Ok(Some(ContainerRoom {
        containers: Arc::new(containers),
        images: Images { allowed: repro.images.clone(), runners: repro.runners.clone() },
        turns: Semaphore::new(repro.at_once as usize),
        network: repro.network,
    }))
}

/// Whether containers can be run here, in a sentence; `None` where nobody wants that.
#[must_use]
pub fn state(config: &Config) -> Option<Result<String, String>> {
    let containers = containers(config)?;
    if config.repro.images.is_empty() && config.repro.runners.is_empty() {
        return Some(Err("no image may be run; name some in repro.runners or repro.images".into()));
    }
    Some(containers.check())
}

fn containers(config: &Config) -> Option<Containers> {
    let repro = &config.repro;
    let limits = Limits {
        network: repro.network,
        cpus: repro.cpus,
        memory_mb: repro.memory_mb,
        deadline: Duration::from_mins(repro.minutes.into()),
    };
    Some(Containers::new(repro.runner.as_deref()?, limits, |name| std::env::var_os(name)))
}
