//! One run: environment, prompt, deadline, limits.

use super::Agent;
use super::cage::{Sandbox, caged, command, give};
use super::processes::{Mark, Processes};
use super::room::{ROOM_BYTES_MAX, Room};
use crate::ports::{Ended, PortError, Ran, Task};
use rustix::process::Pid;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// More output than this stops it, in bytes.
const OUTPUT_MAX: u64 = 10 << 20;
/// The end of it that is kept, in bytes.
const KEPT_MAX: usize = 256 << 10;
/// More processes at a time stop it.
const PROCESSES_MAX: usize = 1_000;
/// How often its directories and processes are looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(
    agent: &Agent,
    environment: &BTreeMap<String, OsString>,
    task: Task<'_>,
) -> Result<Ran, PortError> {
    let failed = |what: &str, why: std::io::Error| PortError::permanent(format!("{what}: {why}"));
    let room = Room::around(task.place).map_err(|why| failed("no directory for the agent", why))?;
    for part in [room.repository(), room.own()] {
        give(agent.sandbox, part).map_err(|why| failed("the agent's directory cannot be handed over", why))?;
    }
    let model = agent.models.get(task.category).or_else(|| agent.models.get("default"));
    let words = command(agent, model.map_or(task.model, String::as_str));
    let line = caged(agent, &room, &words);
    let (program, arguments) = line.split_first().ok_or_else(|| PortError::permanent("the agent has no command"))?;
    let mut started = Command::new(program);
    started.args(arguments).env_clear().envs(environment);
    started.envs([("CI", "1"), ("CI_RESCUE_LOOP", "1"), ("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")]);
    // The directory's name is drawn at random: no other run has it.
    let id = format!("{}:{}", task.run, task.place.display());
    started.env("CI_RESCUE_RUN_ID", &id).env("CI_RESCUE_BUDGET_USD", format!("{:.4}", task.dollars));
    started.env("HOME", room.home()).env("TMPDIR", room.scratch()).current_dir(room.repository());
    started.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    if let Sandbox::User(user, group) = agent.sandbox {
        started.uid(user).gid(group);
    }
    let begun = Instant::now();
    let child = started.spawn().map_err(|why| failed("the agent cannot be started", why))?;
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let user = match agent.sandbox {
        Sandbox::User(user, _) => Some(user),
        _ => None,
    };
    let mark = Mark { variable: format!("CI_RESCUE_RUN_ID={id}"), place: task.place.to_owned(), user };
    let processes = Processes { leader, mark };
    let (ended, output, errors) = watched(child, &room, (task.prompt, &processes.mark), agent.deadline).await;
    drop(processes);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { ended, output: text(output), errors: text(errors), took: begun.elapsed() })
}

/// Until it ends, or has to.
async fn watched(
    mut child: Child,
    room: &Room<'_>,
    task: (&str, &Mark),
    deadline: Duration,
) -> (Ended, Vec<u8>, Vec<u8>) {
    let ((prompt, mark), until) = (task, Instant::now() + deadline);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async move {
        if let Some(mut stdin) = stdin {
            // Who does not read its prompt closes it: that is no error of ours.
            let _ = stdin.write_all(prompt.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
    };
    let output = Kept::default();
    let ended = {
        let reading = output.read(stdout, stderr);
        tokio::pin!(reading);
        let outcome = async {
            tokio::select! {
                status = child.wait() => {
                    // What it leaves behind may hold its outputs open.
                    let _ = tokio::time::timeout(LOOK, reading).await;
                    ended(&status)
                }
                is_loud = &mut reading => if is_loud { Ended::Loud(OUTPUT_MAX) } else { ended(&child.wait().await) },
            }
        };
        let told = async {
            write.await;
            std::future::pending::<Ended>().await
        };
        tokio::select! {
            ended = outcome => ended,
            never = told => never,
            () = tokio::time::sleep_until(until) => Ended::Late(deadline),
            ended = grown(room, mark) => ended,
        }
    };
    let _ = child.start_kill();
    let [out, err] = output.end();
    (ended, out, err)
}

fn ended(status: &std::io::Result<ExitStatus>) -> Ended {
    let Ok(status) = status else { return Ended::Killed(0) };
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or(0)),
    }
}

/// Ends when its directories have grown too large, or its processes too many.
async fn grown(room: &Room<'_>, mark: &Mark) -> Ended {
    let most = room.bytes().saturating_add(ROOM_BYTES_MAX);
    loop {
        let begun = Instant::now();
        if mark.found().len() > PROCESSES_MAX {
            return Ended::Many(PROCESSES_MAX);
        }
        if room.bytes() > most {
            return Ended::Large(ROOM_BYTES_MAX);
        }
        // Looking takes at most a twentieth of the time.
        tokio::time::sleep(LOOK.max(begun.elapsed() * 20)).await;
    }
}

/// The ends of what was printed to both outputs.
#[derive(Default)]
struct Kept {
    bytes: [Mutex<Vec<u8>>; 2],
    all: AtomicU64,
}

impl Kept {
    /// `true` when it was too much.
    async fn read(&self, out: Option<impl AsyncRead + Unpin>, err: Option<impl AsyncRead + Unpin>) -> bool {
        tokio::select! {
            true = self.stream(0, out) => true,
            true = self.stream(1, err) => true,
            else => false,
        }
    }

    async fn stream(&self, which: usize, stream: Option<impl AsyncRead + Unpin>) -> bool {
        let Some(mut stream) = stream else { return false };
        let mut piece = vec![0; 16 << 10];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            let before = self.all.fetch_add(length as u64, Ordering::Relaxed);
            if before + length as u64 > OUTPUT_MAX {
                return true;
            }
            let mut bytes = self.bytes[which].lock().unwrap_or_else(PoisonError::into_inner);
            bytes.extend_from_slice(&piece[..length]);
            let over = bytes.len().saturating_sub(KEPT_MAX);
            bytes.drain(..over);
        }
        false
    }

    fn end(self) -> [Vec<u8>; 2] {
        self.bytes.map(|bytes| bytes.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
