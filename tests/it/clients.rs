//! The doubles, by clients that others keep: slack-sdk and discord.py, where `.ci/run` has installed them.

use crate::world::discord::DiscordDouble;
use crate::world::slack::SlackDouble;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

/// The client, and the lines that it prints. `None`, with a word, where it is not installed.
fn client(package: &str, which: &str, at: SocketAddr) -> Option<(Child, Lines<BufReader<ChildStdout>>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = root.join("target/contract/py");
    if !packages.join(package).exists() {
        println!("skipped: no {package} under target/contract/py; .ci/run installs it");
        return None;
    }
    let mut child = Command::new("python3")
        .arg(root.join("tests/data/clients.py"))
        .args([which, &at.to_string()])
        .env("PYTHONPATH", packages)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python3");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    Some((child, lines))
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    lines.next_line().await.expect("a line").unwrap_or_default()
}

#[tokio::test]
async fn slack_sdk_works_with_the_double() {
    let stop = CancellationToken::new();
    let double = SlackDouble::start(&stop).await;
    let Some((mut child, mut lines)) = client("slack_sdk", "slack", double.at) else { return };
    assert_eq!(line(&mut lines).await, "team T1");
    assert_eq!(line(&mut lines).await, "history hello again m");
    assert_eq!(line(&mut lines).await, "connected");
    double.connected().await;
    double.command("UBEN", "help").await;
    assert_eq!(line(&mut lines).await, "heard slash_commands help");
    assert!(child.wait().await.expect("an end").success());
    stop.cancel();
}

#[tokio::test]
async fn discord_py_works_with_the_double() {
    let stop = CancellationToken::new();
    let double = DiscordDouble::start(&stop).await;
    let Some((mut child, mut lines)) = client("discord", "discord", double.at) else { return };
    assert_eq!(line(&mut lines).await, "ready ci-rescue");
    let (token, command) = double.command("1002", "help", &[]);
    double.send(&command).await;
    assert_eq!(line(&mut lines).await, "heard rescue help");
    assert!(child.wait().await.expect("an end").success());
    assert_eq!(double.said(&token), "answered");
    stop.cancel();
}
