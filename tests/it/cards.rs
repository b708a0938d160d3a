//! What people see, state by state, as Slack would show it.

use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, spec};
use std::fmt::Write;

/// A card as text: its words, its buttons, its fallback.
fn shown(world: &World, no: usize) -> String {
    let card = &world.slack.cards()[no];
    let mut out = String::new();
    for block in card.blocks.as_array().unwrap() {
        match block["type"].as_str().unwrap() {
            "section" => writeln!(out, "{}", block["text"]["text"].as_str().unwrap()).unwrap(),
            "context" => writeln!(out, "~ {}", block["elements"][0]["text"].as_str().unwrap()).unwrap(),
            _ => {
                let label =
                    |e: &serde_json::Value| e["text"]["text"].as_str().map_or("…".into(), |l| format!("[{l}]"));
                let buttons: Vec<String> = block["elements"].as_array().unwrap().iter().map(label).collect();
                writeln!(out, "{}", buttons.join(" ")).unwrap();
            }
        }
    }
    writeln!(out, "fallback: {}", card.text).unwrap();
    out.replace(&world.forge_at.to_string(), "forge")
}

async fn one(config: &str, log: &str) -> World {
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    world.broken_run(log, "success").await;
    world
}

#[tokio::test]
async fn every_state() {
    let mut all = String::new();
    let mut add = |name: &str, text: String| writeln!(all, "## {name}\n{text}").unwrap();

    let world = one("", NETWORK_LOG).await;
    add("open, retry recommended", shown(&world, 0));
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.deliver().await;
    add("running", shown(&world, 0));
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    add("resolved", shown(&world, 0));
    world.end().await;

    let world = one("", LINT_LOG).await;
    add("open, retry not likely to help", shown(&world, 0));
    world.end().await;

    let world = one("[policy.approvals]\nretry = 1\n", NETWORK_LOG).await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    add("awaiting approval", shown(&world, 0));
    world.end().await;

    let (world, _) = crate::flows::code::broken().await;
    let ada = world.sit("ada").await;
    crate::flows::code::agreed(&world, &ada, "revert 1 pr=117").await;
    ada.say(&world, "undo 1-1").await;
    add("an undo awaiting approval", shown(&world, 0));
    world.end().await;

    let world = one("", NETWORK_LOG).await;
    let mut run = spec(NETWORK_LOG, "success");
    run.branch = "topic".into();
    run.pull = Some(9);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    add("the base branch fails alike", shown(&world, 1));
    world.end().await;

    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn a_card_is_compact() {
    let world = one("", NETWORK_LOG).await;
    let card = &world.slack.cards()[0];
    assert!(card.blocks.as_array().unwrap().len() <= 5);
    assert!(card.words().chars().count() <= 700, "{}", card.words().chars().count());
    world.end().await;
}

/// A card as Discord shows it: its words, its colour, its buttons and its menu.
fn shown_in_discord(world: &World) -> String {
    let card = &world.discord.cards()[0];
    crate::world::discord::limits(&card.body).unwrap();
    let mut out = String::new();
    let embed = &card.body["embeds"][0];
    writeln!(out, "{}", card.body["content"].as_str().unwrap()).unwrap();
    writeln!(out, "| {}", embed["description"].as_str().unwrap().replace('\n', "\n| ")).unwrap();
    writeln!(out, "colour {:06x}", embed["color"].as_u64().unwrap()).unwrap();
    for row in card.body["components"].as_array().into_iter().flatten() {
        let mut labels = Vec::new();
        for part in row["components"].as_array().unwrap() {
            match part["options"].as_array() {
                Some(options) => labels.extend(options.iter().map(|o| format!("… {}", o["label"].as_str().unwrap()))),
                None => labels.push(format!("[{}]", part["label"].as_str().unwrap())),
            }
        }
        writeln!(out, "{}", labels.join(" ")).unwrap();
    }
    out
}

/// The comment and the check run beside it.
fn shown_on_pull(world: &World) -> String {
    let comment = crate::flows::surfaces::sticky(world);
    let comment = comment.split_once("\n\n").unwrap().1.to_owned();
    let state = world.forge.lock();
    let check = state.repos[crate::world::REPO].checks.last().unwrap().clone();
    let notes: Vec<String> = check["output"]["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| {
            let text = |key: &str| at[key].as_str().unwrap().to_owned();
            format!("{}:{} {}: {}", text("path"), at["start_line"], text("title"), text("message"))
        })
        .collect();
    format!("{comment}\ncheck {}: {}\n{}\n", check["name"], check["conclusion"], notes.join("\n"))
}

const TRACE_LOG: &str = "##[group]Run pytest\n##[endgroup]\nTraceback (most recent call last):\n  File \"src/shop/cart.py\", line 17, in total\n    return price * count\nTypeError: can't multiply sequence by non-int of type 'float'\nFAILED tests/test_cart.py::test_total - TypeError: can't multiply sequence\n##[error]Process completed with exit code 1.\n";

#[tokio::test]
async fn every_state_on_discord_and_on_a_pull_request() {
    let mut all = String::new();
    let mut add = |name: &str, world: &World| {
        let text = format!("{}\n--- pull request\n{}", shown_in_discord(world), shown_on_pull(world));
        let text = text.replace(&world.forge_at.to_string(), "forge");
        writeln!(all, "## {name}\n{text}").unwrap();
    };
    let world = crate::flows::surfaces::everywhere("[policy.approvals]\nretry = 1\n").await;
    add("open, retry recommended", &world);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    add("awaiting approval", &world);
    world.slack.command("UADA", "approve 1").await;
    world.settle().await;
    world.deliver().await;
    add("running", &world);
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    add("resolved", &world);
    world.end().await;

    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let file = ("src/shop/cart.py".to_owned(), "…".to_owned());
    world.forge.lock().repos.get_mut(crate::world::REPO).unwrap().files.extend([file]);
    let mut run = spec(TRACE_LOG, "failure");
    run.pull = Some(9);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    add("a failing test, with the lines it points at", &world);
    world.end().await;

    let world = crate::flows::surfaces::everywhere("[policy.approvals]\nretry = 1\n").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.slack.command("UADA", "reject 1 wait for the registry").await;
    world.settle().await;
    add("rejected", &world);
    world.end().await;

    let world = crate::flows::surfaces::everywhere("").await;
    for path in ["/rerun", "/rerun-failed-jobs"].map(str::to_owned) {
        let fault =
            ci_rescue::demo::Fault { method: "POST".into(), path, status: 403, headers: Vec::new(), after: false };
        world.forge.lock().faults.push(fault);
    }
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    add("a re-run that was refused", &world);
    world.end().await;
    insta::assert_snapshot!(all);
}

/// Whoever has it, a snooze, closed by hand and open again, on the four surfaces.
#[tokio::test]
async fn what_people_did_with_it() {
    let mut all = String::new();
    let world = crate::flows::surfaces::everywhere("").await;
    for (name, words) in [
        ("taken", "ack 1"),
        ("assigned", "assign 1 @ben"),
        ("snoozed", "snooze 1 2h"),
        ("closed by hand", "resolve 1 the branch is gone"),
        ("reopened", "reopen 1"),
    ] {
        world.slack.command("UADA", words).await;
        world.settle().await;
        let page = world.sit("ada").await.page("/?all=1").await;
        let console = crate::world::card(&page, 1).map(plain).unwrap_or_default();
        let text = format!(
            "{}\n--- slack\n{}\n--- pull request\n{}\n--- console\n{}",
            shown_in_discord(&world),
            shown(&world, 0),
            shown_on_pull(&world),
            console,
        );
        writeln!(all, "## {name}\n{}", text.replace(&world.forge_at.to_string(), "forge")).unwrap();
    }
    world.end().await;
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn what_no_pull_request_has() {
    let mut all = String::new();
    let mut add = |name: &str, world: &World| {
        let text = format!("{}\n--- slack\n{}", shown_in_discord(world), shown(world, 0));
        writeln!(all, "## {name}\n{}", text.replace(&world.forge_at.to_string(), "forge")).unwrap();
    };
    let elsewhere = || Setup { discord: true, ..Setup::default() };
    let world = World::with(elsewhere()).await;
    for n in 0..25 {
        let (event, body) =
            crate::flows::events::job_event("completed", serde_json::json!("failure"), 7, 1, &format!("test {n}"));
        assert!(
            world.hook(&event, &world.id(), &body.replace("elsewhere.example", "github.example")).await.is_success()
        );
    }
    world.settle().await;
    add("a storm", &world);
    world.end().await;

    let world = World::with(elsewhere()).await;
    let alert = serde_json::json!({"action": "created", "repository": {"full_name": "acme/shop", "default_branch": "main"},
        "sender": {"login": "github", "type": "Organization"}, "alert": {"number": 3, "html_url": "https://elsewhere.example/x",
            "security_advisory": {"summary": "Prototype pollution in qs"}}});
    assert!(world.hook("dependabot_alert", &world.id(), &alert.to_string()).await.is_success());
    world.settle().await;
    add("a security alert", &world);
    world.end().await;
    insta::assert_snapshot!(all);
}

/// A page's part as text: its tags taken out, a line for each that held words.
fn plain(html: &str) -> String {
    let mut out = String::new();
    for part in html.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text);
        out.push_str(text);
        out.push('\n');
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn escalated_on_slack_on_discord_on_a_pull_request_and_on_the_console() {
    use crate::flows::escalation::{UNKNOWN_LOG, storm, wait};
    let mut all = String::new();
    let mut add = |name: &str, text: &str, world: &World| {
        let text = text.replace(&world.forge_at.to_string(), "forge");
        writeln!(all, "## {name}\n{text}\n").unwrap();
    };
    let config = "[policy]\nmode = \"act\"\nautomatic = [\"issue\"]\ncritical_workflows = [\"shop-ci\"]\n";
    let world = World::with(Setup { config: config.into(), discord: true, ..Setup::default() }).await;
    world.broken_run(UNKNOWN_LOG, "success").await;
    wait(&world, 5).await;
    add("a critical workflow, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    let page = world.sit("ben").await.page("/").await;
    add("on the console", &plain(crate::world::card(&page, 1).unwrap()), &world);
    world.end().await;

    let world = World::with(Setup { config: config.into(), discord: true, ..Setup::default() }).await;
    storm(&world).await;
    wait(&world, 2).await;
    add("a runner, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    world.end().await;

    let world = crate::flows::surfaces::everywhere("").await;
    for _ in 0..3 {
        world.slack.command("UBEN", "retry 1").await;
        world.settle().await;
        world.deliver().await;
        for run in world.forge.going() {
            let mut state = world.forge.lock();
            let jobs = &mut state.runs.get_mut(&run).unwrap().spec.jobs;
            for job in jobs {
                job.ends = vec!["failure"];
            }
            drop(state);
            world.forge.finish(run);
        }
        world.deliver().await;
    }
    add("failed attempts, on a pull request", &shown_on_pull(&world), &world);
    world.end().await;
    insta::assert_snapshot!(all);
}

/// Waiting, and over, on the four surfaces.
#[tokio::test]
async fn a_deployment_that_waits_for_approval() {
    use ci_rescue::demo::Gate;
    let mut all = String::new();
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let mut run = spec("", "success");
    (run.workflow, run.sender, run.branch, run.pull) = ("release".into(), "eve".into(), "topic".into(), Some(9));
    let id = world.forge.start(run);
    let gates = vec![Gate::new(11, "production", &["ada", "cyd"], &[]), Gate::new(12, "eu", &[], &["ops"])];
    world.forge.wait(id, gates);
    world.deliver().await;
    for name in ["waiting", "waiting where the bot may not review", "approved"] {
        match name {
            "waiting where the bot may not review" => {
                world.forge.lock().gates.get_mut(&id).unwrap().iter_mut().for_each(|gate| gate.ours = false);
                world.clock.advance(31 * 60_000);
                world.settle().await;
            }
            "approved" => {
                world.forge.decide(id, "zoe", true);
                world.deliver().await;
            }
            _ => {}
        }
        let page = world.sit("ada").await.page("/?all=1").await;
        let console = crate::world::card(&page, 1).map(plain).unwrap_or_default();
        let comment = crate::flows::surfaces::sticky(&world);
        let comment = comment.split_once("\n\n").unwrap().1;
        let (discord, slack) = (shown_in_discord(&world), shown(&world, 0));
        let text = format!("{discord}\n--- slack\n{slack}\n--- pull request\n{comment}\n--- console\n{console}");
        writeln!(all, "## {name}\n{}", text.replace(&world.forge_at.to_string(), "forge")).unwrap();
    }
    world.end().await;
    insta::assert_snapshot!(all);
}

/// The comment of a pull request with several incidents.
#[tokio::test]
async fn one_comment_for_several_incidents() {
    let world = crate::flows::surfaces::everywhere("").await;
    for (workflow, sha, ends) in [("docs", "d", &["failure", "success"][..]), ("e2e", "e", &["failure"])] {
        let mut run = spec(LINT_LOG, "success");
        (run.branch, run.workflow, run.sha, run.pull) = ("topic".into(), workflow.into(), sha.repeat(40), Some(9));
        let log = LINT_LOG.replace("src/lib.rs", &format!("src/{workflow}.rs")).replace("never_loop", workflow);
        run.jobs = vec![crate::world::job(workflow, &log, ends)];
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        if ends.len() > 1 {
            world.forge.rerun(id, |_| true).unwrap();
            world.forge.finish(id);
            world.deliver().await;
        }
    }
    let comment = crate::flows::surfaces::sticky(&world);
    let comment = comment.split_once("\n\n").unwrap().1.replace(&world.forge_at.to_string(), "forge");
    world.end().await;
    insta::assert_snapshot!(comment);
}

#[tokio::test]
async fn merge_queues_and_schedules_on_slack_on_discord_on_a_pull_request_and_on_the_console() {
    use crate::flows::queues::{fails, group};
    use crate::flows::schedules::{HOUR, NIGHTLY, hours, run};
    use crate::flows::surfaces::PULL;
    use crate::world::REPO;
    let mut all = String::new();
    let mut add = |name: &str, text: &str, world: &World| {
        let text = text.replace(&world.forge_at.to_string(), "forge");
        writeln!(all, "## {name}\n{text}\n").unwrap();
    };
    let both = || Setup { discord: true, ..Setup::default() };
    let world = World::with(both()).await;
    let base = "b".repeat(40);
    world.forge.queueable(REPO, PULL, "ben", &"a".repeat(40));
    let hooks = fails(&world, PULL, &group(1), &base, TRACE_LOG);
    for hook in hooks {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
    world.settle().await;
    world.forge.dequeue(REPO, PULL, "CI_FAILURE");
    world.deliver().await;
    add("thrown out of a merge queue, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    add("on its pull request", &shown_on_pull(&world), &world);
    let page = world.sit("ben").await.page("/").await;
    add("on the console", &plain(crate::world::card(&page, 1).unwrap()), &world);
    world.end().await;

    let world = World::with(both()).await;
    for n in 1..=12 {
        world.forge.queueable(REPO, n, "ben", &group(100 + n));
        world.forge.dequeue(REPO, n, if n == 1 { "CI_FAILURE" } else { "MERGE_CONFLICT" });
    }
    world.deliver().await;
    add("a storm without runs, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    world.end().await;

    let world = World::with(both()).await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    for n in 1..=3 {
        run(&world, n, TRACE_LOG, "failure", true).await;
        world.clock.advance(24 * HOUR);
    }
    add("three red nights, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    let page = world.sit("ben").await.page("/").await;
    add("on the console", &plain(crate::world::card(&page, 1).unwrap()), &world);
    world.end().await;

    let world = World::with(both()).await;
    world.forge.workflow(REPO, "nightly", "nightly.yml", NIGHTLY);
    hours(&world, 20).await;
    add("a schedule that is silent, on Slack", &shown(&world, 0), &world);
    add("on Discord", &shown_in_discord(&world), &world);
    let page = world.sit("ben").await.page("/").await;
    add("on the console", &plain(crate::world::card(&page, 1).unwrap()), &world);
    world.end().await;
    insta::assert_snapshot!(all);
}
