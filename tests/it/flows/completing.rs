//! What Discord offers while somebody types: by the manifests, by what they may see, and never an error.

use crate::world::{NETWORK_LOG, REPO, Setup, World, job, spec};
use ci_rescue::demo::RunSpec;
use serde_json::{Value, json};

const BEN: &str = "1002";
const EVE: &str = "1009";

const TESTS: &str = "##[group]Run pytest\nFAILED tests/test_cart.py::test_total - AssertionError: assert 1 == 2\nFAILED tests/test_cart.py::test_sum - AssertionError: assert 3 == 4\nFAILED tests/test_tax.py::test_\"quoted\" - AssertionError\n========= 3 failed, 7 passed in 1.00s =========\n##[error]Process completed with exit code 1.\n";
const PACKAGES: &str = "##[group]Run cargo test --locked\n   Compiling serde v1.0.190\n   Compiling serde_json v1.0.108\nerror[E0432]: unresolved import `serde::quux`\n --> src/lib.rs:1:5\nerror: could not compile `shop` (lib) due to 1 previous error\n##[error]Process completed with exit code 101.\n";

/// What is offered to somebody who types the last of these options.
async fn offered(world: &World, user: &str, verb: &[&str], options: &[(&str, &str)]) -> Vec<String> {
    let last = options.len() - 1;
    let given: Vec<Value> = options
        .iter()
        .enumerate()
        .map(|(at, (name, value))| {
            let mut option = json!({"name": name, "type": 3, "value": value});
            if at == last {
                option["focused"] = json!(true);
            }
            option
        })
        .collect();
    let mut inner = json!(given);
    for name in verb.iter().rev() {
        let kind = if inner[0]["options"].is_array() { 2 } else { 1 };
        inner = json!([{"name": name, "type": kind, "options": inner}]);
    }
    let data = json!({"id": "1", "name": "rescue", "type": 1, "options": inner});
    let (token, typing) = world.discord.interaction(4, user, data, None);
    world.discord.send(&typing).await;
    let answer = world.discord.answers(&token).0;
    assert_eq!(answer["type"], json!(8), "{answer}");
    let choices = answer["data"]["choices"].as_array().cloned().expect("choices");
    assert!(choices.len() <= 25, "{}", choices.len());
    let length = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    for choice in &choices {
        assert!(
            (1..=100).contains(&length(&choice["name"])) && (1..=100).contains(&length(&choice["value"])),
            "{choice}"
        );
    }
    choices.iter().map(|choice| choice["value"].as_str().unwrap().to_owned()).collect()
}

fn run(repo: &str, branch: &str, log: &str) -> RunSpec {
    let jobs = vec![job("test", log, &["failure", "success"])];
    RunSpec { repo: repo.into(), branch: branch.into(), workflow: format!("{branch}-ci"), jobs, ..spec(log, "success") }
}

/// One incident of each kind: tests, packages, and one of a repository that the channel is not subscribed to.
async fn world() -> World {
    let world = World::with(Setup { slack: false, discord: true, ..Setup::default() }).await;
    world.forge.add_repo("acme/secret");
    for one in [run(REPO, "main", TESTS), run(REPO, "topic", PACKAGES), run("acme/secret", "main", NETWORK_LOG)] {
        let id = world.forge.start(one);
        world.forge.finish(id);
        world.deliver().await;
    }
    world.forge.permit("acme/secret", "ben", "none");
    let mut state = world.forge.lock();
    let branches = &mut state.repos.get_mut(REPO).unwrap().branches;
    for name in ["release-1", "release-2", "Rel-old", "ci-rescue/pin/1-1", "old/release-0"] {
        branches.insert(name.into(), "1a2b3c4".into());
    }
    drop(state);
    world
}

#[tokio::test]
async fn each_kind_of_word_is_offered_by_its_manifest() {
    let world = world().await;
    for (verb, options, want) in [
        (&["show"][..], &[("id", "")][..], &["2", "1"][..]),
        (&["show"], &[("id", "#2")], &["2"]),
        (&["list"], &[("repo", "sho")], &[REPO]),
        (&["retry"], &[("id", "1"), ("job", "TE")], &["test"]),
        (
            &["quarantine"],
            &[("id", "1"), ("test", "")],
            &["tests/test_cart.py::test_total", "tests/test_cart.py::test_sum"],
        ),
        (&["quarantine"], &[("test", "SUM")], &["tests/test_cart.py::test_sum"]),
        (&["quarantine"], &[("id", "2"), ("test", "")], &[]),
        (&["pin"], &[("id", "2"), ("package", "serde_")], &["serde_json"]),
        (&["pin"], &[("id", "1"), ("package", "serde")], &[]),
        (&["backport"], &[("id", "1"), ("to", "rel")], &["Rel-old", "release-1", "release-2", "old/release-0"]),
        (
            &["backport"],
            &[("id", "1"), ("to", "release-1,release")],
            &["release-1,release-2", "release-1,old/release-0"],
        ),
        (&["subscription", "subscribe"], &[("repo", REPO), ("branch", "release-2")], &["release-2"]),
        // What no manifest offers, and what is no command at all.
        (&["retry"], &[("id", "1"), ("which", "")], &[]),
        (&["nonsense"], &[("id", "1")], &[]),
        (&["show"], &[("id", "no such incident")], &[]),
    ] {
        let found = offered(&world, BEN, verb, options).await;
        assert_eq!(found, want, "{verb:?} {options:?}");
    }
    world.end().await;
}

/// The channel sees its own repository; whoever may see another finds it as well, and nobody else does.
#[tokio::test]
async fn only_what_they_may_see_is_offered() {
    let world = world().await;
    for (user, want) in [("1001", vec!["acme/secret", REPO]), (BEN, vec![REPO]), (EVE, vec![REPO])] {
        assert_eq!(offered(&world, user, &["list"], &[("repo", "acme")]).await, want, "{user}");
        let seen = offered(&world, user, &["retry"], &[("id", "3"), ("job", "")]).await;
        assert_eq!(seen.is_empty(), want.len() == 1, "{user}: {seen:?}");
        let branches =
            offered(&world, user, &["subscription", "subscribe"], &[("repo", "acme/secret"), ("branch", "")]);
        assert_eq!(branches.await.is_empty(), want.len() == 1, "{user}");
    }
    world.end().await;
}

/// Hundreds of branches are told in few calls, and a forge that fails costs nothing but the choices.
#[tokio::test]
async fn branches_are_asked_for_once_a_minute_and_limits_hold() {
    let world = world().await;
    let mut state = world.forge.lock();
    let branches = &mut state.repos.get_mut(REPO).unwrap().branches;
    for n in 0..230 {
        branches.insert(format!("wide-{n:03}"), "1a2b3c4".into());
    }
    branches.insert("x".repeat(101), "1a2b3c4".into());
    drop(state);
    let lists = || {
        let state = world.forge.lock();
        state.calls.iter().filter(|call| call.path.ends_with("/branches")).count()
    };
    for typed in ["", "w", "wi", "wide-22", "x"] {
        let found = offered(&world, BEN, &["backport"], &[("id", "1"), ("to", typed)]).await;
        match typed {
            "wide-22" => assert_eq!(found.len(), 10, "{found:?}"),
            "x" => assert!(found.is_empty(), "cut values are not offered: {found:?}"),
            _ => assert_eq!(found.len(), 25),
        }
    }
    assert_eq!(lists(), 3, "three pages, once");
    world.clock.advance(61_000);
    offered(&world, BEN, &["backport"], &[("id", "1"), ("to", "")]).await;
    assert_eq!(lists(), 6);
    world.end().await;
}

/// What cannot be read is an empty list.
#[tokio::test]
async fn a_typing_without_anything_to_offer_is_answered() {
    let world = World::with(Setup { slack: false, discord: true, ..Setup::default() }).await;
    for data in [json!({}), json!({"options": []}), json!({"options": [{"name": "show", "type": 1}]})] {
        let (token, typing) = world.discord.interaction(4, BEN, data, None);
        world.discord.send(&typing).await;
        assert_eq!(world.discord.answers(&token).0, json!({"type": 8, "data": {"choices": []}}));
    }
    world.end().await;
}
