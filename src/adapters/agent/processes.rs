//! All processes of a run, also those that left its group.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs;

/// Rounds in which what forks while it is killed is killed again.
const ROUNDS: usize = 50;

/// Kills what carries the run's mark in its environment, and the group, when dropped.
pub(super) struct Processes {
    pub leader: Option<Pid>,
    /// `CI_RESCUE_RUN_ID=42-1.2`, with what tells it from any other.
    pub mark: String,
}

impl Drop for Processes {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        for _ in 0..ROUNDS {
            let found = marked(&self.mark);
            if found.is_empty() {
                return;
            }
            for pid in found {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::yield_now();
        }
        tracing::warn!(mark = %self.mark, "processes of an agent may be left");
    }
}

/// What the kernel still tells of processes with this in their environment; those that have ended are left out.
pub(super) fn marked(mark: &str) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
    };
    pids.filter(has).filter_map(Pid::from_raw).collect()
}
