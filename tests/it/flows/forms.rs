//! Buttons that need words open a form that is filled in, and what comes back is the command that says the same.

use super::code::opened;
use super::quarantine::merge;
use super::suspects::{GREEN_LOG, LINES, THREE, since_green_in};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, card, job, spec};
use ci_rescue::command;
use ci_rescue::domain::intent::{Intent, Wish};
use ci_rescue::domain::{IncidentNo, ProposalState};
use serde_json::{Value, json};

/// Two packages that the red run has in other versions.
pub const TWO_MOVED: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run pip install -r requirements.txt\n2026-01-01T00:00:01.0000000Z ##[endgroup]\n2026-01-01T00:00:02.0000000Z Successfully installed flask-2.3.0 six-1.15.0\n2026-01-01T00:00:03.0000000Z ==== 5 passed in 0.1s ====\n";
const TWO_TESTS: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run pytest\n2026-01-01T00:00:02.0000000Z FAILED tests/test_cart.py::test_total - assert 1 == 2\n2026-01-01T00:00:02.0000000Z FAILED tests/test_cart.py::test_tax - assert 1 == 3\n2026-01-01T00:00:02.1000000Z ==== 2 failed in 0.1s ====\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";

fn everywhere() -> Setup {
    Setup { discord: true, ..Setup::default() }
}

pub fn wish(words: &str) -> Wish {
    match command::parse(words, Some(IncidentNo(1))) {
        Ok(Intent::Remedy { wish, .. }) => wish,
        other => panic!("{words}: {other:?}"),
    }
}

pub async fn newest(world: &World, no: u64) -> (Wish, ProposalState) {
    let proposal = world.incident(no).await.proposals.last().expect("a proposal").clone();
    (proposal.wish, proposal.state)
}

/// The form as Slack sends it back: a field each, chosen or typed.
pub fn sent(form: &Value, user: &str, id: &str, fields: &[(&str, &str)]) -> Value {
    let blocks = form["blocks"].as_array().unwrap();
    let option = |text: &str| json!({"text": {"type": "plain_text", "text": text}, "value": text});
    let mut values = json!({});
    for (name, text) in fields {
        let block = blocks.iter().find(|block| block["block_id"] == *name);
        let kind = block.and_then(|block| block["element"]["type"].as_str()).unwrap_or("plain_text_input");
        values[name][name] = match kind {
            "static_select" | "external_select" => json!({"type": kind, "selected_option": option(text)}),
            "multi_external_select" => {
                json!({"type": kind, "selected_options": text.split(',').map(option).collect::<Vec<_>>()})
            }
            kind => json!({"type": kind, "value": text}),
        };
    }
    json!({"type": "view_submission", "team": {"id": "T1"}, "user": {"id": user, "name": user, "team_id": "T1"},
        "api_app_id": "A1", "trigger_id": "t9", "view": {"id": id, "team_id": "T1", "type": "modal",
            "hash": "h", "title": form["title"], "blocks": form["blocks"], "private_metadata": form["private_metadata"],
            "callback_id": "", "external_id": "", "state": {"values": values}}})
}

#[tokio::test]
async fn slack_shows_the_suspects_and_reverts_the_chosen_one() {
    let (world, repo) = since_green_in(everywhere(), &[LINES, THREE], GREEN_LOG).await;
    let card = world.slack.cards()[0].clone();
    world.slack.press_label("UADA", &card, "Revert a commit…").await;
    let form = world.slack.forms().pop().expect("a form");
    let block = &form["blocks"][0];
    let options = block["element"]["options"].as_array().expect("choices").clone();
    assert_eq!((options.len(), &block["element"]["initial_option"]), (2, &options[0]), "{form}");
    let sha = repo.git(&["rev-parse", "HEAD~1"]);
    let chosen = format!("commit={sha}");
    assert!(options.iter().any(|option| option["value"] == chosen.as_str()), "{options:?}");
    assert!(world.incident(1).await.proposals.is_empty(), "a form is no proposal");
    let answer = world.slack.send("interactive", sent(&form, "UADA", "V1", &[("words", &chosen)])).await;
    assert!(answer.is_null(), "{answer}");
    world.settle().await;
    let (have, state) = newest(&world, 1).await;
    assert_eq!((have, state), (wish(&format!("revert 1 commit={sha}")), ProposalState::Awaiting));
    world.end().await;
}

#[tokio::test]
async fn slack_keeps_a_form_open_where_something_is_wrong() {
    let (world, _repo) = since_green_in(everywhere(), &[LINES, THREE], TWO_MOVED).await;
    let card = world.slack.cards()[0].clone();
    world.slack.press_label("UADA", &card, "Pin a package…").await;
    let form = world.slack.forms().pop().expect("a form");
    let blocks = form["blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["element"]["type"], "external_select", "{form}");
    assert_eq!(blocks[0]["element"]["initial_option"]["value"], "flask@2.3.0", "{form}");
    assert_eq!(blocks[1]["element"]["initial_value"], "14d", "{form}");
    let long = "9".repeat(600);
    for (package, for_, at, why) in [
        ("flask@2.3.0", "soon", "for", "not a duration"),
        ("flask@2.3.0", "999d", "for", "a pin lasts 1 to"),
        ("flask@2.3.0", long.as_str(), "for", "At most 500 characters"),
        ("flask@2.3.0\nforce", "3d", "package", "One line"),
        ("", "3d", "package", "Fill in: Package"),
        ("43", "3d", "package", "leave its number out"),
    ] {
        let given = sent(&form, "UADA", "V2", &[("package", package), ("for", for_)]);
        let answer = world.slack.send("interactive", given).await;
        assert_eq!(answer["response_action"], "errors", "{answer}");
        assert!(answer["errors"][at].as_str().is_some_and(|text| text.contains(why)), "{package} {for_}: {answer}");
    }
    let odd = sent(&form, "UADA", "V3", &[("package", "flask@2.3.0"), ("force", "true")]);
    let answer = world.slack.send("interactive", odd).await;
    assert!(answer["errors"]["package"].as_str().is_some_and(|text| text.contains("no such field")), "{answer}");
    assert_eq!(world.store.counts().await.unwrap().inbox, 0, "what is wrong is not kept");
    let good = sent(&form, "UADA", "V4", &[("package", "flask@2.3.0"), ("for", "3d")]);
    assert!(world.slack.send("interactive", good).await.is_null());
    world.settle().await;
    assert_eq!(newest(&world, 1).await, (wish("pin 1 flask@2.3.0 for=3d"), ProposalState::Awaiting));
    world.end().await;
}

/// What a form was filled in with has become another: it is asked for anew, not guessed.
#[tokio::test]
async fn a_form_of_an_earlier_card_says_so() {
    let (world, _repo) = since_green_in(Setup::default(), &[LINES], GREEN_LOG).await;
    world.slack.command("UADA", "wrong 1 deterministic").await;
    world.settle().await;
    world.slack.press_label("UADA", &world.slack.cards()[0].clone(), "Open issue…").await;
    let form = world.slack.forms().pop().expect("a form");
    world.slack.command("UADA", "wrong 1 dependency").await;
    world.settle().await;
    let late = sent(&form, "UADA", "V1", &[("reason", "it blocks us")]);
    let answer = world.slack.send("interactive", late).await;
    assert!(answer["errors"]["reason"].as_str().is_some_and(|text| text.contains("changed since")), "{answer}");
    assert!(world.incident(1).await.proposals.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_form_of_somebody_who_may_not_see_the_incident_is_not_shown() {
    let (world, _repo) = since_green_in(everywhere(), &[LINES, THREE], GREEN_LOG).await;
    let card = world.slack.cards()[0].clone();
    let value = card.button("Revert a commit…").unwrap();
    for forged in [format!("{value}x"), value.replace(".1.0.", ".2.0."), "+revert".into()] {
        world.slack.press("UADA", &card, &forged).await;
        assert!(world.slack.last_whisper().contains("not valid here"), "{forged}: {}", world.slack.last_whisper());
    }
    let mut stranger = world.slack.action("UEVE", &card, &value);
    stranger["team"]["id"] = json!("T9");
    stranger["user"]["team_id"] = json!("T9");
    world.slack.send("interactive", stranger).await;
    assert!(world.slack.last_whisper().contains("may not see"), "{}", world.slack.last_whisper());
    assert!(world.slack.forms().is_empty());
    // A viewer may look at the form, and asks for nothing by it.
    world.slack.press("UEVE", &card, &value).await;
    let form = world.slack.forms().pop().expect("a form");
    let sha = form["blocks"][0]["element"]["options"][0]["value"].as_str().unwrap().to_owned();
    world.slack.send("interactive", sent(&form, "UEVE", "V1", &[("words", &sha)])).await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("responder"), "{}", world.slack.last_whisper());
    assert!(world.incident(1).await.proposals.is_empty());
    world.end().await;
}

#[tokio::test]
async fn discord_shows_a_modal_and_says_what_is_wrong_beside_a_way_back() {
    let (world, _repo) = since_green_in(everywhere(), &[LINES, THREE], TWO_MOVED).await;
    let card = world.discord.cards()[0].clone();
    let (token, press) = world.discord.press("1001", &card, "Pin a package…");
    world.discord.send(&press).await;
    let modal = world.discord.answers(&token).0;
    assert_eq!(modal["type"], 9, "{modal}");
    let rows = modal["data"]["components"].as_array().unwrap();
    let input = |at: usize| &rows[at]["components"][0];
    assert_eq!((&input(0)["custom_id"], &input(0)["value"]), (&json!("package"), &json!("flask@2.3.0")), "{modal}");
    assert_eq!((&input(1)["custom_id"], &input(1)["value"]), (&json!("for"), &json!("14d")), "{modal}");
    let id = modal["data"]["custom_id"].as_str().unwrap().to_owned();
    let fill = |package: &str, for_: &str| {
        let row =
            |name: &str, text: &str| json!({"type": 1, "components": [{"type": 4, "custom_id": name, "value": text}]});
        let data = json!({"custom_id": id, "components": [row("package", package), row("for", for_)]});
        world.discord.interaction(5, "1001", data, Some(&card))
    };
    let (token, wrong) = fill("six@1.15.0", "@everyone");
    world.discord.send(&wrong).await;
    let answer = world.discord.answers(&token).0;
    assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(64)), "{answer}");
    let said = answer["data"]["content"].as_str().unwrap();
    assert!(said.contains("is not a duration") && answer["data"]["allowed_mentions"]["parse"] == json!([]), "{answer}");
    let again = answer["data"]["components"][0]["components"][0]["custom_id"].as_str().unwrap();
    let (token, reopened) = world.discord.click("1001", &card, again);
    world.discord.send(&reopened).await;
    assert_eq!(world.discord.answers(&token).0["data"], modal["data"]);
    let (_, good) = fill("flask@2.3.0", "");
    world.discord.send(&good).await;
    world.settle().await;
    assert_eq!(newest(&world, 1).await, (wish("pin 1 flask@2.3.0"), ProposalState::Awaiting));
    world.end().await;
}

/// Incident 2 of a job that flakes now and then: two of its tests fail, and a person calls them flaky.
pub async fn two_flaky_tests(setup: Setup) -> (World, Repo) {
    let (world, repo) = super::code::broken_with(setup).await;
    for (at, ends) in [("main", "success"), ("main~1", "failure")] {
        let mut run = spec(TWO_TESTS, ends);
        run.workflow = "other-ci".into();
        run.sha = repo.git(&["rev-parse", at]);
        run.jobs = vec![job("test", TWO_TESTS, &["failure", ends])];
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        if ends == "success" {
            world.sit("ada").await.say(&world, "retry 2").await;
            world.deliver().await;
            world.forge.going().into_iter().for_each(|going| world.forge.finish(going));
            world.deliver().await;
            world.clock.advance(3_600_000);
        }
    }
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    world.sit("ada").await.say(&world, &format!("wrong {no} flaky")).await;
    (world, repo)
}

/// The sealed value of a card's form.
pub fn value(page: &str, no: u64, label: &str) -> String {
    let form = card(page, no).and_then(|card| card.split_once(&format!("<summary>{label}</summary>")));
    let (_, rest) = form.unwrap_or_else(|| panic!("no {label}: {page}"));
    let (_, rest) = rest.split_once("name=\"value\" value=\"").expect("a value");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_console_fills_in_the_test_and_refuses_what_is_no_command() {
    let (world, _repo) = two_flaky_tests(Setup::default()).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let ada = world.sit("ada").await;
    let page = ada.page("/").await;
    for words in ["Quarantine…", "test_cart.py::test_tax</option>", "name=\"field-for\" value=\"7d\"", "Why (stands in"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let sealed = value(&page, no, "Quarantine…");
    let thread = no.to_string();
    let fill = |more: &[(&'static str, String)]| {
        let mut fields: Vec<(&str, String)> = vec![("value", sealed.clone()), ("thread", thread.clone())];
        fields.extend(more.iter().cloned());
        fields
    };
    let test = "tests/test_cart.py::test_total".to_owned();
    for (more, why) in [
        (vec![("field-test", test.clone()), ("field-for", "never".into())], "not a duration"),
        (vec![("field-test", test.clone()), ("field-for", "91d".into())], "1 to 90 days"),
        (vec![("field-test", String::new()), ("field-for", "7d".into())], "Fill in: Test"),
        (vec![("field-test", "a\r\nb".into())], "One line"),
        (vec![("field-test", "x".repeat(501))], "At most 500"),
        (vec![("field-test", test.clone()), ("field-force", "true".into())], "no such field"),
        (vec![("field-test", test.clone()), ("value", format!("{sealed}A"))], "not valid here"),
    ] {
        let fields = fill(&more);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        // The last value of a name counts, as in a browser's form that somebody changed.
        let last: Vec<(&str, &str)> = fields
            .iter()
            .filter(|(name, _)| *name != "value")
            .copied()
            .chain(fields.iter().rev().find(|(name, _)| *name == "value").copied())
            .collect();
        let answer = ada.post("/press", &last).await;
        assert_eq!(answer.status(), 422, "{why}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(why), "{why}: {text}");
    }
    assert!(world.incident(no).await.proposals.is_empty());
    // Another incident's page does not make it another incident's, and a mention is text.
    let reason = "<!channel> @everyone says \"no\"";
    let fields = [
        ("value", sealed.as_str()),
        ("thread", "1"),
        ("field-test", test.as_str()),
        ("field-for", "3d"),
        ("field-reason", reason),
    ];
    assert!(ada.post("/press", &fields).await.status().is_redirection());
    world.inbox().await;
    world.settle().await;
    let (have, state) = newest(&world, no).await;
    let Wish::Quarantine { test: Some(have), for_ms, reason: Some(said), .. } = &have else { panic!("{have:?}") };
    assert_eq!(
        (have.raw(), *for_ms, said.raw(), state),
        (test.as_str(), 3 * 86_400_000, reason, ProposalState::Awaiting)
    );
    assert!(world.incident(1).await.proposals.is_empty());
    let card = world.slack.cards().into_iter().find(|card| card.words().contains(&format!("#{no}"))).unwrap();
    for note in world.slack.thread(&card.ts) {
        assert!(!note.text.contains("<!channel>"), "{note:?}");
    }
    world.end().await;
}

/// A revert made main green again, and other branches wait for it: incident 1, and the revert's number.
pub async fn mended(setup: Setup) -> (World, Repo, u64) {
    let (world, repo) = since_green_in(setup, &[LINES], GREEN_LOG).await;
    let bare = world.forge.git_dir.clone().unwrap().join("acme/shop.git");
    for branch in ["release-1", "release-2"] {
        repo.git(&["branch", branch]);
        repo.git(&["push", "--quiet", bare.to_str().unwrap(), branch]);
        let mut state = world.forge.lock();
        state.repos.get_mut(REPO).unwrap().branches.insert(branch.into(), repo.git(&["rev-parse", branch]));
    }
    let ada = world.sit("ada").await;
    super::code::agreed(&world, &ada, "revert 1").await;
    let number = opened(&world)[0].number;
    merge(&world, &repo, "ci-rescue/revert/1-1").await;
    let mut run = spec("all is well\n", "success");
    run.jobs = vec![job("test", "", &["success"])];
    run.sha = repo.git(&["rev-parse", "HEAD"]);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    assert!(world.incident(1).await.closed_at.is_some());
    (world, repo, number)
}

#[tokio::test]
async fn what_mended_the_default_branch_is_backported_from_the_green_card() {
    let (world, _repo, number) = mended(Setup::default()).await;
    let ada = world.sit("ada").await;
    let sealed = value(&ada.page("/incidents/1").await, 1, &format!("Backport #{number}…"));
    let pr = number.to_string();
    let empty = [("value", sealed.as_str()), ("thread", "1"), ("field-to", ""), ("field-pr", pr.as_str())];
    assert_eq!(ada.post("/press", &empty).await.status(), 422);
    let fields = [("value", sealed.as_str()), ("thread", "1"), ("field-to", "release-1"), ("field-pr", pr.as_str())];
    ada.post("/press", &fields).await;
    world.inbox().await;
    world.settle().await;
    let (have, state) = newest(&world, 1).await;
    assert_eq!((have, state), (wish(&format!("backport 1 to=release-1 pr={number}")), ProposalState::Awaiting));
    world.end().await;
}
