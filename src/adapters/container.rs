//! Containers, by the command line of podman or docker, which take the same arguments.
//!
//! Nothing of this machine is mounted: files are copied into the container before it starts. It has no network unless the
//! operator allows it, no more capabilities than a package manager needs, and limits of CPU, memory, processes and time.

use crate::ports::{Boxed, Exit, Printed};
use async_trait::async_trait;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::{Instant, timeout_at};

/// The end of its output that is kept, in bytes.
const KEPT_MAX: usize = 32 << 10;
const PROCESSES_MAX: &str = "2048";
/// The status of what the kernel killed: not each engine tells that memory was the reason.
const KILLED: &str = "137";
/// For what takes a container away.
const REMOVING: Duration = Duration::from_mins(1);
/// In the container.
const PLACE: &str = "/ci-rescue";
/// What installing a package needs. All else is dropped.
const CAPABILITIES: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
/// Of the bot's variables, those that tell the program where its daemon and its storage are.
const GIVEN: [&str; 11] = [
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "CONTAINER_HOST",
    "CONTAINERS_CONF",
    "STORAGE_DRIVER",
];

/// What a container may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub network: bool,
    pub cpus: u32,
    /// In MiB; there is no swap beside it.
    pub memory_mb: u32,
    /// For everything: fetching the image, copying the files, the run.
    pub deadline: Duration,
}

/// One of the two programs.
pub struct Containers {
    program: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    limits: Limits,
}

/// The end of what is printed to both outputs, in its order.
#[derive(Default)]
struct Tail(Mutex<Vec<u8>>);

impl Tail {
    async fn read(&self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut piece = vec![0; 16 << 10];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&piece[..length]);
            let over = kept.len().saturating_sub(KEPT_MAX);
            kept.drain(..over);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Containers {
    /// `program` is `podman`, `docker`, or the path of one; `environment` answers for the bot's variables.
    #[must_use]
    pub fn new(program: &str, limits: Limits, environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let environment = GIVEN.iter().filter_map(|name| Some((*name, environment(name)?))).collect();
        Self { program: program.into(), environment, limits }
    }

    /// Whether the program can be started, with what it says of its version.
    ///
    /// # Errors
    /// A sentence on what to do.
    pub fn check(&self) -> Result<String, String> {
        let shown = self.program.display();
        let mut command = std::process::Command::new(&self.program);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command
            .arg("--version")
            .output()
            .map_err(|why| format!("{shown} cannot be started ({why}): install it, or leave repro.runner out"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let said = crate::domain::text::clean_line(said.lines().next().unwrap_or_default(), 100);
        if output.status.success() {
            Ok(said)
        } else {
            Err(format!("{shown} --version fails: is it podman or docker?"))
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value))).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// What a call printed; what it said last where it failed.
    async fn call(&self, args: &[&str], until: Instant) -> Result<String, Exit> {
        let failed = |why: String| Exit::NotRun(format!("{} {}: {why}", self.program.display(), args[0]));
        let output = timeout_at(until, self.command(args).output()).await;
        let output = output.map_err(|_| Exit::Late(self.limits.deadline))?.map_err(|why| failed(why.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed and said nothing");
        Err(failed(last.to_owned()))
    }

    async fn within(&self, run: Boxed<'_>, tail: &Tail, until: Instant) -> Result<Exit, Exit> {
        let (cpus, memory) = (self.limits.cpus.to_string(), format!("{}m", self.limits.memory_mb));
        let (script, checkout) = (format!("{PLACE}/repro.sh"), format!("{PLACE}/checkout"));
        let source = format!("REPRO_SOURCE={PLACE}/repository");
        let mut create = vec!["create", "--name", run.name, "--label", "ci-rescue=repro", "--pull", "missing"];
        if !self.limits.network {
            create.extend(["--network", "none"]);
        }
        create.extend(["--cpus", &cpus, "--memory", &memory, "--memory-swap", &memory]);
        create.extend(["--pids-limit", PROCESSES_MAX, "--cap-drop", "ALL"]);
        create.extend(CAPABILITIES.iter().flat_map(|name| ["--cap-add", name]));
        create.extend(["--security-opt", "no-new-privileges", "--log-driver", "none", "--user", "0:0"]);
        create.extend(["--env", &source, "--env", "CI_RESCUE=1", "--entrypoint", "sh"]);
        create.extend([run.image, &script, &checkout]);
        self.call(&create, until).await?;
        let (from, to) = (format!("{}/.", run.place.display()), format!("{}:{PLACE}", run.name));
        self.call(&["cp", &from, &to], until).await?;
        self.attached(run, tail, until).await?;
        self.ended(run.name, tail, until).await
    }

    /// Starts it and reads what it prints, until it ends.
    async fn attached(&self, run: Boxed<'_>, tail: &Tail, until: Instant) -> Result<(), Exit> {
        // podman's monitor writes a file where it stands when memory runs out.
        let started = self.command(&["start", "--attach", run.name]).current_dir(run.place).spawn();
        let mut child = started.map_err(|why| Exit::NotRun(format!("{}: {why}", self.program.display())))?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let reading = async {
            tokio::join!(tail.read(out), tail.read(err));
            child.wait().await
        };
        match timeout_at(until, reading).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Exit::Late(self.limits.deadline)),
        }
    }

    /// The status of the program is not the container's where that did not start.
    async fn ended(&self, name: &str, tail: &Tail, until: Instant) -> Result<Exit, Exit> {
        let format = "{{.State.Status}} {{.State.OOMKilled}} {{.State.ExitCode}}";
        let state = self.call(&["inspect", "--format", format, name], until).await?;
        let words: Vec<&str> = state.split_whitespace().collect();
        match words.as_slice() {
            ["exited" | "stopped", "true", _] | ["exited" | "stopped", _, KILLED] => Ok(Exit::OutOfMemory),
            ["exited" | "stopped", _, code] => match code.parse() {
                Ok(code) => Ok(Exit::Exited(code)),
                Err(_) => Err(Exit::NotRun(format!("its state is {state}"))),
            },
            _ => {
                let said = tail.text();
                let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it did not start");
                Err(Exit::NotRun(last.to_owned()))
            }
        }
    }
}

#[async_trait]
impl crate::ports::Containers for Containers {
    async fn run(&self, run: Boxed<'_>) -> Printed {
        let (begun, tail) = (Instant::now(), Tail::default());
        let exit = self.within(run, &tail, begun + self.limits.deadline).await.unwrap_or_else(|exit| exit);
        let took = begun.elapsed();
        self.remove(run.name).await;
        Printed { exit, tail: tail.text(), took }
    }

    async fn remove(&self, name: &str) {
        let until = Instant::now() + REMOVING;
        // podman's `rm --force` would first wait for it to stop by itself.
        let _ = self.call(&["kill", name], until).await;
        if let Err(Exit::NotRun(why)) = self.call(&["rm", "--force", "--volumes", name], until).await
            && !why.to_lowercase().contains("no such container")
        {
            tracing::warn!(container = name, why, "a container could not be removed; remove it by hand");
        }
    }
}
