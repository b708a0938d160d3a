//! One call of git: environment, deadline, limits.

use crate::ports::{PortError, TRACE};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tracing::Instrument;

/// A call that takes longer is stopped.
const DEADLINE: Duration = Duration::from_secs(60);
/// More output than this is an error, in bytes.
const OUTPUT_MAX: u64 = 256 << 20;

/// Settings of every call, whatever the repository says.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.quotePath=true",
    "credential.helper=",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "merge.conflictStyle=merge",
    "merge.renames=true",
    "diff.renames=true",
    "protocol.allow=never",
    "protocol.http.allow=always",
    "protocol.https.allow=always",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.detachedHead=false",
];

/// Where git is: without its path, and with an environment of its own, the standard library forks, which copies the page
/// tables of the whole process.
static GIT: LazyLock<PathBuf> = LazyLock::new(|| which::which("git").unwrap_or_else(|_| "git".into()));

/// A repository, as git is told to see it.
#[derive(Clone, Debug)]
pub struct Git {
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    /// What is missing here can be fetched from `origin`.
    partial: bool,
}

/// What a call printed and how it ended.
#[derive(Debug)]
pub(super) struct Printed {
    pub code: i32,
    pub out: Vec<u8>,
    pub err: String,
}

impl Printed {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).trim_end_matches('\n').to_owned()
    }
}

impl Git {
    /// `dir` is a git directory, not a work tree.
    #[must_use]
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), env: Vec::new(), partial: false }
    }

    #[must_use]
    pub fn with_env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Of a partial clone.
    #[must_use]
    pub(super) fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    #[must_use]
    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    fn command(&self, args: &[&OsStr]) -> Command {
        let mut command = Command::new(&*GIT);
        command.env_clear();
        for key in ["PATH", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if let Some(value) = std::env::var_os(key) {
                command.env(key, value);
            }
        }
        command
            .envs([
                ("HOME", "/nonexistent"),
                ("LC_ALL", "C"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_ATTR_NOSYSTEM", "1"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_ASKPASS", "/bin/false"),
                ("GIT_NO_REPLACE_OBJECTS", "1"),
                ("GIT_LITERAL_PATHSPECS", "1"),
                ("GIT_OPTIONAL_LOCKS", "0"),
                ("GIT_LFS_SKIP_SMUDGE", "1"),
                ("GIT_PAGER", "cat"),
                ("GIT_AUTHOR_NAME", "CI Rescue"),
                ("GIT_AUTHOR_EMAIL", "ci-rescue@invalid"),
                ("GIT_COMMITTER_NAME", "CI Rescue"),
                ("GIT_COMMITTER_EMAIL", "ci-rescue@invalid"),
            ])
            .envs(self.env.iter().map(|(key, value)| (key, value)));
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        command.arg("--git-dir").arg(&self.dir).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs git; whatever it ended with is for the caller.
    pub(super) async fn ask(&self, args: &[&str], input: &[u8]) -> Result<Printed, PortError> {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        self.ask_os(&args, input).await
    }

    /// Like [`Git::ask`], for paths that are not UTF-8.
    pub(super) async fn ask_os(&self, args: &[&OsStr], input: &[u8]) -> Result<Printed, PortError> {
        let verb = args.first().map(|verb| verb.to_string_lossy().into_owned()).unwrap_or_default();
        let span = tracing::info_span!(target: TRACE, "git", otel.name = %format_args!("git {verb}"));
        match tokio::time::timeout(DEADLINE, self.spoken(args, input).instrument(span)).await {
            Ok(Ok(printed)) => Ok(printed),
            Ok(Err(why)) => Err(PortError::transient(format!("git {verb}: {why}"))),
            Err(_) => Err(PortError::transient(format!("git {verb} took longer than {} s", DEADLINE.as_secs()))),
        }
    }

    async fn spoken(&self, args: &[&OsStr], input: &[u8]) -> Result<Printed, String> {
        let mut child = self.command(args).spawn().map_err(|why| format!("cannot start git: {why}"))?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("git has no pipes".into());
        };
        let write = async move {
            // A git that has heard enough closes its end: that is no error of ours.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (stdout.take(OUTPUT_MAX + 1), stderr.take(1 << 16));
        let ((), read, _) = tokio::join!(write, stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
        read.map_err(|why| why.to_string())?;
        if out.len() as u64 > OUTPUT_MAX {
            return Err(format!("printed more than {} MB", OUTPUT_MAX >> 20));
        }
        let status = child.wait().await.map_err(|why| why.to_string())?;
        Ok(Printed { code: status.code().unwrap_or(-1), out, err: said(&err) })
    }

    /// Runs git, which has to succeed; answers what it printed.
    pub(super) async fn run(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, PortError> {
        let printed = self.ask(args, input).await?;
        if printed.code != 0 {
            let verb = args.first().copied().unwrap_or_default();
            return Err(PortError::permanent(format!("git {verb}: {}", printed.err)));
        }
        Ok(printed.out)
    }

    /// Like [`Git::run`], for output that is one line of text.
    pub(super) async fn line(&self, args: &[&str], input: &[u8]) -> Result<String, PortError> {
        Ok(String::from_utf8_lossy(&self.run(args, input).await?).trim().to_owned())
    }
}

/// The first line of what git complains of.
fn said(err: &[u8]) -> String {
    let text = String::from_utf8_lossy(err);
    let line = text.lines().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let line = line.or_else(|| text.lines().next()).unwrap_or("it failed without a message");
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}
