//! Reproductions in containers: `[repro]`.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReproSection {
    /// `podman`, `docker`, or the path of one; without it, no code is run.
    pub runner: Option<String>,
    /// Patterns of the images that a job's `container:` may name.
    pub images: Vec<String>,
    /// The image that stands for a runner, by its label in `runs-on:`.
    pub runners: BTreeMap<String, String>,
    pub network: bool,
    pub cpus: u32,
    pub memory_mb: u32,
    /// For one run with everything around it.
    pub minutes: u32,
    /// So many run side by side.
    pub at_once: u32,
}

impl Default for ReproSection {
    fn default() -> Self {
        Self {
            runner: None,
            images: Vec::new(),
            runners: BTreeMap::new(),
            network: false,
            cpus: 2,
            memory_mb: 4_096,
            minutes: 15,
            at_once: 1,
        }
    }
}
