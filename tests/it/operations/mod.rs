//! The real program as whoever runs it sees it: its log, signals, certificates, configuration and end.

mod audit;
mod log;
mod refusing;
mod reload;
mod rotation;
mod secrets;
mod stopping;
pub mod tls;

use crate::world::{HandClock, forge, people};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

const CONSOLE_TOKEN: &str = "console-token-of-some-length";

/// `serve` with its log as JSON.
struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// What it logged so far.
    seen: Vec<Value>,
}

/// The program's command line, without what is set here.
fn command(args: &[&str], config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.args(args).arg("--config").arg(config).env_remove("RUST_LOG").env_remove("CI_RESCUE_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Program {
    fn start(config: &Path) -> Self {
        Self::spawn(command(&["serve", "--log-format", "json"], config))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log, seen: Vec::new() }
    }

    /// Reads on to the line that says this.
    async fn until(&mut self, words: &str) -> Value {
        loop {
            let line = self.log.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended before it said {words:?}: {:#?}", self.seen));
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
            self.seen.push(line.clone());
            if said(&line).contains(words) {
                return line;
            }
        }
    }

    /// Where it listens: the public door, and the console.
    async fn addresses(&mut self) -> (String, String) {
        let line = self.until("CI Rescue is running").await;
        let field = |key: &str| line["fields"][key].as_str().unwrap().to_owned();
        (field("public"), field("console"))
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &id]).status().await.unwrap().success());
    }

    /// Its status and what it wrote to standard output, once it has ended.
    async fn end(mut self) -> (Option<i32>, String, Vec<Value>) {
        while let Some(line) = self.log.next_line().await.unwrap() {
            self.seen.push(serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}")));
        }
        let done = self.child.wait_with_output().await.unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), self.seen)
    }
}

fn said(line: &Value) -> &str {
    line["fields"]["message"].as_str().unwrap_or_default()
}

/// A place for a configuration, with a forge that answers.
struct Place {
    dir: tempfile::TempDir,
    forge: String,
    _forge: ci_rescue::demo::Forge,
}

impl Place {
    async fn new() -> Self {
        let (forge, at, _) = forge(&HandClock::new(), None).await;
        Self { dir: tempfile::tempdir().unwrap(), forge: at.to_string(), _forge: forge }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes the configuration; `more` are further sections, with what goes into those of the listeners.
    fn configure(&self, server: &str, console: &str, more: &str) -> PathBuf {
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n{server}\n[console]\nlisten = \"127.0.0.1:0\"\ntoken = \"{CONSOLE_TOKEN}\"\n\
             {console}\n[store]\npath = \"{}\"\n[github]\napi_url = \"http://{}\"\ntoken = \"forge-token\"\n\
             webhook_secret = \"it-is-a-secret\"\n{more}\n{}",
            self.path("store").display(),
            self.forge,
            people()
        );
        self.write("ci-rescue.toml", &text)
    }
}
