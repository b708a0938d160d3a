//! All processes of a run, also those that left its group.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Rounds in which what forks while it is killed is killed again.
const ROUNDS: usize = 50;

/// What a run's processes are known by.
pub(super) struct Mark {
    /// In the environment of all that did not clear it: `CI_RESCUE_RUN_ID=42-1.2:…`, which no other run has.
    pub variable: String,
    /// Where they work, unless they went elsewhere.
    pub place: PathBuf,
    /// Whose they are, where nobody else is that user.
    pub user: Option<u32>,
}

impl Mark {
    /// Those that the kernel still tells of; what has ended is left out.
    pub fn found(&self) -> Vec<Pid> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| self.has(*pid)).filter_map(Pid::from_raw).collect()
    }

    fn has(&self, pid: i32) -> bool {
        let of = |part: &str| format!("/proc/{pid}/{part}");
        if self.user.is_some_and(|user| fs::metadata(of("")).is_ok_and(|meta| meta.uid() == user)) {
            // One that has ended and was not waited for is nobody's trouble.
            return fs::read_link(of("exe")).is_ok();
        }
        if fs::read_link(of("cwd")).is_ok_and(|cwd| cwd.starts_with(&self.place)) {
            return true;
        }
        let environment = fs::read(of("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == self.variable.as_bytes())
    }
}

/// Kills all of a run, and its group, when dropped.
pub(super) struct Processes {
    pub leader: Option<Pid>,
    pub mark: Mark,
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        for _ in 0..ROUNDS {
            let found = self.mark.found();
            if found.is_empty() {
                return;
            }
            for pid in found {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::yield_now();
        }
        tracing::warn!(run = %self.mark.variable, "processes of an agent may be left");
    }
}
