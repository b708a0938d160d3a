//! The command line beside a running server: what a webhook was told, told once more, and what is not delivered.

use super::{HOOK, Sinks, TEAM, WORKFLOW, mail_section, posts_section, subscribed};
use crate::world::receiver::Receiver;
use crate::world::receiver::{Fault, Post};
use crate::world::{HandClock, REPO, Setup, World, smtp::SmtpDouble, spec};
use std::path::Path;
use tokio::process::Command;

const TOKENS: &str = "[api]\nread_token = \"read-token\"\nact_token = \"act-token\"\n";

/// The program's exit status, and what it said.
async fn run(dir: &Path, config: &str, args: &[&str]) -> (i32, String) {
    let file = dir.join("ci-rescue.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    let said = command.args(args).arg("--config").arg(&file).current_dir(dir).output().await.unwrap();
    let text = [said.stdout, said.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (said.status.code().unwrap(), text)
}

fn of(sinks: &Sinks, dir: &Path) -> String {
    let store = dir.join("no-store");
    let server = format!("[server]\nlisten = \"{}\"\n[store]\npath = \"{}\"\n", sinks.world.public_at, store.display());
    server + TOKENS + &posts_section(&sinks.receiver) + &subscribed("webhook", "board", REPO)
}

/// Each entry of the journal: what the journal does not mention is not sent again.
fn entries(sinks: &Sinks) -> Vec<Post> {
    let mut posts = sinks.receiver.posts(HOOK);
    posts.retain(|post| post.body["entry"]["seq"].is_u64());
    posts
}

fn names(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.header("x-ci-rescue-delivery")).collect()
}

#[tokio::test]
async fn replay_lists_what_was_sent_and_sends_it_again_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let sinks = Sinks::new().await;
    let config = of(&sinks, dir.path());
    sinks.fails("success").await;
    sinks.again().await;
    let first = entries(&sinks);
    let replay = ["incident", "replay", "1", "--webhook", "board"];
    let (code, said) = run(dir.path(), &config, &replay).await;
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = said.lines().collect();
    for (at, name) in names(&first).iter().enumerate() {
        assert!(lines[at].starts_with(&format!("{} ", at + 1)) && lines[at].ends_with(name), "{said}");
    }
    let count = format!("{} events; nothing is sent without --send", first.len());
    assert_eq!(lines.last(), Some(&count.as_str()));
    sinks.world.settle().await;
    assert_eq!(entries(&sinks).len(), first.len());

    let (code, said) = run(dir.path(), &config, &[&replay[..], &["--from", "2", "--send"]].concat()).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("{} events will be sent again, in order", first.len() - 1)), "{said}");
    sinks.world.settle().await;
    let again = entries(&sinks).split_off(first.len());
    assert_eq!(names(&again), names(&first[1..]));
    assert!(again.iter().all(|post| post.header("x-ci-rescue-redelivery") == "true"));

    for (change, args, why) in [
        ("", ["incident", "replay", "1", "--webhook", "bored"], "no [[webhooks]] table is named \"bored\""),
        (
            "",
            ["incident", "replay", "9", "--webhook", "board"],
            "nothing of incident #9 goes to a webhook of this name",
        ),
        ("", ["incident", "replay", "x", "--webhook", "board"], "an incident is written as #42 or 42"),
        ("act_token", replay, "set api.act_token"),
    ] {
        let config: String = config
            .lines()
            .filter(|line| change.is_empty() || !line.starts_with(change))
            .map(|l| format!("{l}\n"))
            .collect();
        let (code, said) = run(dir.path(), &config, &args).await;
        assert!(code != 0 && said.to_lowercase().contains(why), "{args:?}: {said}");
    }
    assert_eq!(entries(&sinks).len(), first.len() + again.len());
    sinks.world.end().await;
}

/// From the running server, which holds the store, and from the store alone.
#[tokio::test]
async fn doctor_names_what_is_not_delivered() {
    let clock = HandClock::new();
    let (mail, receiver) = (SmtpDouble::start(&clock, None).await, Receiver::start(&clock).await);
    let feeds = mail_section(&mail)
        + &posts_section(&receiver)
        + &subscribed("email", TEAM, REPO)
        + &subscribed("teams", "builds", REPO)
        + &subscribed("webhook", "board", REPO);
    let config = feeds.clone();
    let mut world =
        World::with(Setup { config, slack: false, disk: true, clock: Some(clock), ..Setup::default() }).await;
    let dir = std::mem::replace(&mut world.dir, tempfile::tempdir().unwrap());
    receiver.fail(WORKFLOW, &vec![Fault::Says(401); 50]);
    let id = world.forge.start(spec(super::UNKNOWN, "failure"));
    world.forge.finish(id);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        world.hook(hook.event, &hook.id, &body).await;
    }
    super::rounds(&world, 60).await;
    let store = format!("[store]\npath = \"{}\"\n", dir.path().join("store").display());
    let text = format!("[server]\nlisten = \"{}\"\n{store}{TOKENS}{feeds}", world.public_at);
    let words = "teams builds: it answered 401: check its secret";
    let flat = |said: String| said.split_whitespace().collect::<Vec<_>>().join(" ");
    let (code, said) = run(dir.path(), &text, &["doctor"]).await;
    let running = flat(said);
    assert!(code != 0 && running.contains("not delivered") && running.contains(words), "{running}");
    world.end().await;
    let (code, said) = run(dir.path(), &text, &["doctor"]).await;
    let alone = flat(said);
    assert!(code != 0 && alone.contains("not delivered") && alone.contains(words), "{alone}");
}
