//! The package's service, under a systemd that `.ci/install.sh` booted: answers, setup, start, a signed webhook, a first card.

use super::Place;
use crate::world::spec;
use ci_rescue::demo::sign;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(50);
const CONFIG: &str = "/etc/ci-rescue/ci-rescue.toml";
const WEBHOOK_SECRET: &str = "a-secret-of-webhooks-of-40-characters-000";

/// The machine that was booted, by the id of its first process.
struct Machine(String);

impl Machine {
    async fn output(&self, line: &[&str]) -> Output {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.0, "--all", "--"]).args(line);
        command.env("DEBIAN_FRONTEND", "noninteractive").kill_on_drop(true).output().await.unwrap()
    }

    /// What it printed; fails where the command did.
    async fn run(&self, line: &[&str]) -> String {
        let output = self.output(line).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{line:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    async fn property(&self, name: &str) -> String {
        self.run(&["systemctl", "show", "--value", "--property", name, "ci-rescue"]).await.trim().to_owned()
    }

    async fn journal(&self) -> String {
        self.run(&["journalctl", "--unit", "ci-rescue", "--output", "cat", "--no-pager"]).await
    }

    /// Where it listens since its last start, for people and for GitHub.
    async fn address(&self, starts: usize) -> String {
        let wait = async {
            loop {
                let journal = self.journal().await;
                let mut told = journal.lines().filter(|line| line.contains("listening on http://"));
                if let Some(line) = told.nth(starts - 1) {
                    return line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
                }
                tokio::time::sleep(BEAT).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(address) => address,
            Err(late) => panic!("it does not listen ({late}): {}", self.journal().await),
        }
    }
}

/// GitHub tells what happened, with its signature or another.
async fn tell(place: &Place, address: &str, secret: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for hook in place.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", place.github));
        let request = reqwest::Client::new()
            .post(format!("http://{address}/webhooks/github"))
            .header("content-type", "application/json")
            .header("x-github-event", hook.event)
            .header("x-github-delivery", &hook.id)
            .header("x-hub-signature-256", sign(secret, body.as_bytes()));
        statuses.push(request.body(body).send().await.unwrap().status().as_u16());
    }
    statuses
}

async fn card(place: &Place, words: &str) {
    let came = async {
        while !place.slack.cards().iter().any(|card| card.text.contains(words)) {
            tokio::time::sleep(BEAT).await;
        }
    };
    tokio::time::timeout(PATIENCE, came).await.expect("the card comes");
}

fn fails(place: &Place, error: &str) {
    let run = place.forge.start(spec(&format!("{error}\n##[error]Process completed with exit code 101.\n"), "failure"));
    place.forge.finish(run);
}

/// Runs as its user, reads its secrets as systemd hands them, and nothing else of root's.
async fn is_confined(machine: &Machine) {
    let pid = machine.property("MainPID").await;
    let owner = machine.run(&["stat", "--format", "%U", &format!("/proc/{pid}")]).await;
    assert_eq!(owner.trim(), "ci-rescue");
    let status = machine.run(&["cat", &format!("/proc/{pid}/status")]).await;
    for line in ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    assert_eq!(machine.run(&["stat", "--format", "%a %U", "/etc/ci-rescue/secrets"]).await.trim(), "700 root");
    assert_eq!(machine.run(&["stat", "--format", "%a %U", "/var/lib/ci-rescue"]).await.trim(), "700 ci-rescue");
}

#[tokio::test]
async fn the_service_of_the_package_brings_the_first_card() {
    let Some(machine) = std::env::var("CI_RESCUE_INIT").ok().map(Machine) else {
        println!("skipped: no systemd was booted (.ci/install.sh does it)");
        return;
    };
    assert_eq!(machine.run(&["systemctl", "is-enabled", "ci-rescue"]).await.trim(), "enabled");
    machine.run(&["systemctl", "start", "ci-rescue"]).await;
    assert_eq!(machine.property("ActiveState").await, "inactive", "without a configuration it does not start");

    let place = Place::new().await;
    let secret = place.write("webhook-secret", WEBHOOK_SECRET);
    let answers = place.answers().replace("[store]", &format!("webhook_secret = {{file = \"{secret}\"}}\n[store]"));
    let file = place.write("answers.toml", &answers);
    let said = place.run(&["setup", "--config", CONFIG, "--answers", &file]).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    // The service does not see this folder: nothing but what `setup` wrote leads to the card.
    std::fs::set_permissions(place.dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();

    machine.run(&["systemctl", "start", "ci-rescue"]).await;
    let address = machine.address(1).await;
    is_confined(&machine).await;
    fails(&place, "error[E0308]: mismatched types");
    let statuses = tell(&place, &address, "another secret").await;
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 401), "{statuses:?}");
    fails(&place, "error[E0432]: unresolved import");
    let statuses = tell(&place, &address, WEBHOOK_SECRET).await;
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 202), "{statuses:?}");
    card(&place, "unresolved import").await;

    // As the manual says: a reload is no restart, and an upgrade is one.
    let pid = machine.property("MainPID").await;
    machine.run(&["systemctl", "reload", "ci-rescue"]).await;
    assert_eq!(machine.property("MainPID").await, pid);
    machine.run(&["apt-get", "install", "--reinstall", "-y", "/root/ci-rescue.deb"]).await;
    assert_ne!(machine.property("MainPID").await, pid, "the upgraded program runs");
    let address = machine.address(2).await;
    fails(&place, "error[E0599]: no method named total");
    let statuses = tell(&place, &address, WEBHOOK_SECRET).await;
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 202), "{statuses:?}");
    assert_eq!(machine.property("NRestarts").await, "0", "{}", machine.journal().await);

    let journal = machine.journal().await;
    place.hides(&journal);
    assert!(!journal.contains(WEBHOOK_SECRET), "{journal}");
    machine.run(&["systemctl", "stop", "ci-rescue"]).await;
    assert_eq!(
        (machine.property("ActiveState").await.as_str(), machine.property("Result").await.as_str()),
        ("inactive", "success")
    );
    assert!(super::root().unwrap().join("var/lib/ci-rescue/store").exists(), "the store stays");
}
