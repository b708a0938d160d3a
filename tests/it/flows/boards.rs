//! The console's pages about the installation: who sees what on each, who may do what there, and the audit's search.

use super::quarantine::flaky;
use super::surfaces::{READER, everywhere_with};
use crate::world::logins::CLIENT;
use crate::world::{NETWORK_LOG, REPO, Seat, Setup, World, spec};
use ci_rescue::card::{Places, Words};
use ci_rescue::domain::journal::Entry;
use ci_rescue::domain::link::{Account, Link};
use ci_rescue::domain::quarantined::Quarantined;
use ci_rescue::domain::time::DAY_MS;
use ci_rescue::domain::{Digest, IncidentNo, Platform};
use ci_rescue::engine::insight::audit::{LOOKED_MAX, Search};
use ci_rescue::ports::{AuditAsked, Clock, Delivery, Origin, Store, Turn};
use ci_rescue::store::{Backend, Batch, Ledger, Sled};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A form, filled in.
type Fields<'f> = &'f [(&'f str, &'f str)];

const PAGES: [&str; 5] = ["/quarantines", "/subscriptions", "/people", "/integrations", "/audit"];
pub const HIDDEN: &str = "acme/hidden";
/// Markup, an override of the reading direction, and 4,000 characters.
pub const HOSTILE: &str = "<img src=x onerror=\"window.hit=1\">\u{202e}'\"><script>window.hit=1</script>";

/// A name that means no good, and is long.
pub fn hostile() -> String {
    format!("{HOSTILE}{}", "x".repeat(4_000))
}

/// A quarantine in the ledger, as an agreed proposal leaves it.
pub fn entry(id: &str, repo: &str, test: &str, until: &str, no: u64, world: &World) -> Quarantined {
    Quarantined {
        id: id.into(),
        repo: repo.parse().unwrap(),
        test: test.into(),
        framework: Some("pytest".into()),
        file: None,
        owners: vec!["@acme/qa".into()],
        reason: "port taken".into(),
        until: until.into(),
        since: world.clock.now(),
        incident: IncidentNo(no),
        served: true,
        pending: false,
    }
}

pub async fn keep(world: &World, entries: &[Quarantined]) {
    let rows = entries.iter().map(|entry| (format!("quarantine:{}:{}", entry.repo, entry.id), Some(json!(entry))));
    world.store.commit(Turn { settings: rows.collect(), ..Turn::default() }).await.unwrap();
}

pub async fn link(world: &World, platform: &str, id: &str, name: &str, login: &str) {
    let account = Account { platform: Platform::new(platform), id: id.into() };
    let key = format!("link:{}", account.key());
    let link = Link {
        account,
        name: name.into(),
        login: login.into(),
        id: Some(7),
        at: world.clock.now(),
        looked: world.clock.now(),
        via: None,
    };
    world.store.commit(Turn { settings: vec![(key, Some(json!(link)))], ..Turn::default() }).await.unwrap();
}

/// A delivery of a source that nobody configured: it is set aside.
pub async fn dead_letter(world: &World) {
    let delivery = Delivery {
        id: "x:1".into(),
        source: HOSTILE.into(),
        kind: "workflow_job".into(),
        origin: Origin::Signed,
        at: world.clock.now(),
        hash: Digest::of([&b"x"[..]]),
        body: hostile(),
    };
    world.store.put_delivery(delivery).await.unwrap();
    world.settle().await;
    assert_eq!(world.store.counts().await.unwrap().dead, 1);
}

/// One incident of a repository that only ada may read, beside the usual one.
pub async fn two_repositories() -> World {
    let config = format!(
        "[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0HIDDEN\"\nrepo = \"{HIDDEN}\"\nbranch = \"*\"\n"
    );
    let github = format!("client_id = \"{CLIENT}\"\n");
    let world = everywhere_with(Setup { config, github, ..Setup::default() }).await;
    world.forge.add_repo(HIDDEN);
    for login in ["ben", "cyd", "eve"] {
        world.forge.permit(HIDDEN, login, "none");
    }
    world.forge.permit(HIDDEN, "ada", "admin");
    let mut run = spec(NETWORK_LOG, "success");
    run.repo = HIDDEN.into();
    run.jobs[0].name = "secret job".into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    assert_eq!(world.incident(2).await.repo.as_str(), HIDDEN);
    let entries = [
        entry("1-1", REPO, "tests/test_open.py::test_seen", "2026-01-09", 1, &world),
        entry("2-1", HIDDEN, "tests/test_secret.py::test_unseen", "2026-01-05", 2, &world),
    ];
    keep(&world, &entries).await;
    world
}

fn plain(page: &str) -> String {
    page.replace("&#x2f;", "/").replace("&quot;", "\"")
}

async fn looks(seat: &Seat, path: &str) -> String {
    plain(&seat.page(path).await)
}

#[tokio::test]
async fn a_repository_that_somebody_may_not_read_is_on_no_page() {
    let world = two_repositories().await;
    for (person, sees_open, sees_hidden) in
        [("ada", true, true), ("cyd", true, false), ("ben", true, false), ("eve", false, false)]
    {
        let seat = world.sit(person).await;
        let mut all = String::new();
        for path in PAGES.iter().chain(&["/audit/entries.csv", "/audit/entries.jsonl"]) {
            let page = looks(&seat, path).await;
            // The log of what they typed is theirs.
            all.push_str(&page);
        }
        for words in [HIDDEN, "test_unseen", "C0HIDDEN", "secret job", "incident 2<"] {
            assert_eq!(all.contains(words), sees_hidden, "{person}: {words}");
        }
        assert_eq!(all.contains("test_seen"), sees_open, "{person}");
        let board = looks(&seat, "/quarantines").await;
        let count = usize::from(sees_open) + usize::from(sees_hidden);
        assert_eq!(board.contains(&format!("<p class=\"note\">{count} ")), count > 0, "{person}: {board}");
        for query in ["?repo=acme/hidden", "?q=unseen", "?page=1"] {
            let page = looks(&seat, &format!("/quarantines{query}")).await;
            assert_eq!(page.contains("test_unseen"), sees_hidden && query != "?page=1", "{person} {query}");
        }
        for query in ["?repo=acme/hidden", "?incident=2", "?q=secret"] {
            let page = looks(&seat, &format!("/audit{query}")).await;
            assert_eq!(page.contains("/incidents/2"), sees_hidden, "{person} {query}: {page}");
            assert!(sees_hidden || page.contains("No entries match."), "{person} {query}");
            assert!(!page.contains("class=\"next\""), "{person} {query}: no page tells of what they may not see");
        }
    }
    // It counts for a minute, and no answer means no.
    world.forge.permit(HIDDEN, "cyd", "read");
    world.clock.advance(61_000);
    assert!(looks(&world.sit("cyd").await, "/quarantines").await.contains("test_unseen"));
    world.end().await;
}

/// Who sits there, the command behind the form, and the lowest role that may.
#[tokio::test]
async fn each_form_does_what_the_role_may_and_says_why_not() {
    let rank = |role: &str| ["viewer", "responder", "approver", "admin"].iter().position(|have| *have == role).unwrap();
    for (person, role) in [("eve", "viewer"), ("ben", "responder"), ("cyd", "approver"), ("ada", "admin")] {
        let github = format!("client_id = \"{CLIENT}\"\n");
        let world = everywhere_with(Setup { config: READER.into(), github, ..Setup::default() }).await;
        keep(&world, &[entry("1-1", REPO, "test_a", "2026-01-09", 1, &world)]).await;
        link(&world, "slack", "U0OCTO", "octo", "octo").await;
        world.slack.command("UADA", "subscribe acme/shop workflow=nightly").await;
        world.settle().await;
        let seat = world.sit(person).await;
        let shows = async |path: &str, form: &str| looks(&seat, path).await.contains(form);
        let is = |need: &str| rank(role) >= rank(need);
        assert_eq!(shows("/quarantines", "/quarantines/extend").await, is("responder"), "{person}");
        assert_eq!(shows("/subscriptions", "unsubscribe acme/shop from=").await, is("admin"), "{person}");
        assert_eq!(shows("/people", "unlink github octo").await, is("admin"), "{person}");
        let unsubscribe = "unsubscribe acme/shop from=\"slack:C0BUILDS\"";
        let forms: [(&str, Fields<'_>, &str); 4] = [
            (
                "/quarantines/extend",
                &[("quarantine", "1-1"), ("for", "14d"), ("reason", "\" --dry-run x\"")],
                "responder",
            ),
            ("/quarantines/release", &[("quarantine", "1-1")], "responder"),
            ("/command", &[("text", unsubscribe), ("back", "/subscriptions")], "admin"),
            ("/command", &[("text", "unlink github octo"), ("back", "/people")], "admin"),
        ];
        for (path, fields, need) in forms {
            let answer = seat.post(path, fields).await;
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{person} {path}");
            world.settle().await;
            let said = seat.answers().await;
            let refused = format!("needs the {need} role; yours is {role}");
            assert_eq!(said.contains(&refused), !is(need), "{person} {path} {fields:?}: {said}");
            assert!(!said.is_empty(), "{person} {path}");
        }
        let proposals: Vec<_> = world.incident(1).await.proposals.iter().map(|own| own.remedy.clone()).collect();
        assert_eq!(proposals.iter().any(|remedy| remedy == "extend"), is("responder"), "{person}: {proposals:?}");
        assert_eq!(world.store.settings("feed:").await.unwrap().is_empty(), is("admin"), "{person}");
        assert_eq!(world.store.settings("link:").await.unwrap().is_empty(), is("admin"), "{person}");
        // Another session's token, and nobody's session.
        for (path, fields, _) in forms {
            assert_eq!(seat.post_with(path, "x", fields).await.status(), StatusCode::FORBIDDEN, "{path}");
            let url = format!("http://{}{path}", world.private_at);
            let answer = world.http.post(url).form(&[("csrf", seat.csrf.as_str())]).form(fields).send().await.unwrap();
            assert!(!answer.status().is_success(), "{path}: {}", answer.status());
        }
        world.end().await;
    }
}

#[tokio::test]
async fn nobody_without_a_session_sees_any_of_them() {
    let world = World::with(Setup { open_console: false, ..Setup::default() }).await;
    let http = crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for path in PAGES.iter().chain(&["/audit/entries.csv", "/audit/entries.jsonl"]) {
        let answer = http.get(format!("http://{}{path}", world.private_at)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        let to = answer.headers()["location"].to_str().unwrap();
        assert!(to.starts_with("/sign-in?back="), "{path}: {to}");
    }
    world.end().await;
}

#[tokio::test]
async fn extending_and_releasing_go_by_the_same_door_as_in_a_chat() {
    let (world, _repo) = flaky().await;
    let ada = world.sit("ada").await;
    ada.say(&world, "quarantine 2 list").await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    let page = looks(&ada, "/quarantines").await;
    for words in ["tests/test_cart.py::test_total", "Ends <b>2026-01-08</b>", "via the list", "acme/qa", "pytest"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let fields =
        [("quarantine", "2-1"), ("for", "14d"), ("reason", "the fix is in review"), ("back", "/quarantines?q=cart")];
    let answer = ada.post("/quarantines/extend", &fields).await;
    assert_eq!(answer.headers()["location"], "/quarantines?q=cart&wait=10");
    // Without JavaScript the page looks again while the answer is to come, and no longer.
    let waits = looks(&ada, "/quarantines?q=cart&wait=10").await;
    assert!(waits.contains("url=/quarantines?q=cart&amp;wait=9"), "{waits}");
    assert!(!looks(&ada, "/quarantines?wait=0").await.contains("http-equiv"));
    world.settle().await;
    assert!(!looks(&ada, "/quarantines?wait=10").await.contains("http-equiv"), "answered");
    let said = ada.answers().await;
    assert!(said.contains("needs 1 approval"), "{said}");
    let proposal = world.incident(2).await.proposals.last().unwrap().clone();
    let because = proposal.plan.as_ref().unwrap().because.join(" ");
    assert!(because.contains("the fix is in review"), "{because}");
    world.sit("cyd").await.say(&world, "approve 2").await;
    assert!(looks(&ada, "/quarantines").await.contains("Ends <b>2026-01-15</b>"));
    for id in ["", "2", "2-1 --dry-run", "x"] {
        let answer = ada.post("/quarantines/release", &[("quarantine", id)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{id}");
    }
    ada.post("/quarantines/release", &[("quarantine", "2-1"), ("back", "//evil.example")]).await;
    world.settle().await;
    world.sit("cyd").await.say(&world, "approve 2").await;
    let page = looks(&ada, "/quarantines").await;
    assert!(page.contains("No tests are quarantined. To quarantine one"), "{page}");
    world.end().await;
}

#[tokio::test]
async fn the_board_shows_what_ends_first_and_finds_what_is_asked_for() {
    let world = two_repositories().await;
    let mut many: Vec<Quarantined> = (0..60)
        .map(|n| {
            entry(
                &format!("1-{}", n + 10),
                REPO,
                &format!("test_{n:02}"),
                &format!("2026-03-{:02}", n % 28 + 1),
                1,
                &world,
            )
        })
        .collect();
    many[0].until = "2025-12-30".into();
    many[1].pending = true;
    many[2].owners = vec!["@acme/web".into()];
    many[3].test = hostile().into();
    many[3].reason = hostile().into();
    keep(&world, &many).await;
    let ada = world.sit("ada").await;
    let (mut seen, mut address) = (BTreeSet::new(), "/quarantines".to_owned());
    for n in 0..3 {
        let page = looks(&ada, &address).await;
        let found: Vec<String> = page
            .split("Extend ")
            .skip(1)
            .filter_map(|part| part.split('<').next())
            .filter(|id| id.contains('-'))
            .map(str::to_owned)
            .collect();
        assert_eq!(found.len(), if n < 2 { 25 } else { 12 }, "page {n}");
        seen.extend(found);
        if n == 0 {
            let (late, next) = (page.find("test_00").unwrap(), page.find("test_unseen").unwrap());
            assert!(late < next && page[..next].contains("overdue") && page[..next].contains("2d ago"), "{page}");
            assert!(page.contains("62 quarantines") && !page.contains(">Previous<"));
        }
        address = format!("/quarantines?page={}", n + 1);
    }
    assert_eq!(seen.len(), 62, "each once");
    for (query, words, count) in [
        ("owner=acme/web", "test_02", 1),
        ("q=TEST_0", "test_07", 9),
        ("repo=ACME/hidden", "test_unseen", 1),
        ("q=none", "No quarantined tests match", 0),
    ] {
        let page = looks(&ada, &format!("/quarantines?{query}")).await;
        assert!(page.contains(words), "{query}: {page}");
        assert_eq!(page.contains(&format!("<p class=\"note\">{count} ")), count > 0, "{query}: {page}");
    }
    let page = ada.page("/quarantines?q=onerror").await;
    assert!(!page.contains("<img") && !page.contains('\u{202e}') && page.len() < 20_000, "{page}");
    world.end().await;
}

#[tokio::test]
async fn each_row_says_where_it_comes_from() {
    let config = "[[groups]]\nowner = \"@acme/qa\"\nslack = \"S0QA\"\nrole = \"approver\"\n\
        [[people]]\nname = \"fay\"\nsign_in = \"fay@acme.example\"\nslack = \"UFAY\"\n";
    let github = format!("client_id = \"{CLIENT}\"\n");
    let mut world = everywhere_with(Setup { config: config.into(), github, disk: true, ..Setup::default() }).await;
    world.slack.command("UBEN", "subscribe acme/shop workflow=nightly").await;
    world.settle().await;
    world.slack.command("UBEN", "mute 2h").await;
    world.slack.command("UBEN", "notify dm quiet=22:00-07:00").await;
    world.settle().await;
    link(&world, "discord", "1009", "octo", "octo").await;
    world.restart().await;
    let ada = world.sit("ada").await;
    let page = looks(&ada, "/subscriptions").await;
    for words in [
        "configuration, [[subscriptions]] table 1",
        "subscribe, by ben",
        "acme/shop workflow=nightly",
        "Muted until",
        "the console itself",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = looks(&ada, "/people").await;
    for words in [
        "admin by [[people]], table 1",
        "slack UBEN",
        "Notifications: dm, quiet 22:00-07:00",
        "fay@acme.example",
        "octo (discord:1009) is octo on GitHub",
        "Not in <code>[[people]]</code>",
        "S0QA",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // One's own settings, and nobody else's address or account.
    let page = looks(&world.sit("ben").await, "/people").await;
    assert!(page.contains("Notifications: dm, quiet") && page.contains("slack UBEN"), "{page}");
    let page = looks(&world.sit("cyd").await, "/people").await;
    for words in ["fay@acme.example", "UBEN", "UFAY", "quiet 22", "discord:1009", "octo"] {
        assert!(!page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("slack UCYD") && page.contains("responder by [[people]], table 2"), "{page}");
    // Told after a rename and taken away by an admin from the console.
    ada.post("/command", &[("text", "unsubscribe acme/shop from=\"slack:C0BUILDS\"")]).await;
    world.settle().await;
    assert!(!looks(&ada, "/subscriptions").await.contains("nightly"));
    world.end().await;
}

#[tokio::test]
async fn the_integrations_say_what_is_wrong_to_those_who_may_know() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let (ada, eve) = (world.sit("ada").await, world.sit("eve").await);
    let page = looks(&ada, "/integrations").await;
    for words in [
        "GitHub <span class=\"state\">up",
        "Store <span class=\"state\">writable",
        "github: <time",
        "discord cards: off: set discord.bot_token",
        "Nothing was set aside",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for _ in 0..40 {
        let fault = ci_rescue::demo::Fault {
            method: "GET".into(),
            path: "/other".into(),
            status: 502,
            headers: Vec::new(),
            after: false,
        };
        world.forge.lock().faults.push(fault);
    }
    for _ in 0..2 {
        ada.say(&world, "subscribe acme/other").await;
    }
    dead_letter(&world).await;
    let page = looks(&ada, "/integrations").await;
    for words in [
        "GitHub <span class=\"state\">down",
        "502",
        "Check github.token",
        "<dt>Dead letters</dt><dd><b>1</b>",
        "1 delivery",
        "is not configured",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = looks(&eve, "/integrations").await;
    assert!(page.contains("GitHub <span class=\"state\">down") && !page.contains("502"), "{page}");
    assert!(!page.contains("Dead letters</h2>") && page.contains("Errors are shown to responders"), "{page}");
    world.end().await;
}

async fn found(world: &World, query: &str) -> Value {
    let url = format!("http://{}/api/audit?{query}", world.public_at);
    let answer = world.http.get(url).bearer_auth("read-token").send().await.unwrap();
    assert!(answer.status().is_success(), "{query}: {}", answer.status());
    answer.json().await.unwrap()
}

fn actions(found: &Value) -> Vec<&str> {
    found["entries"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_audit_finds_by_each_part_and_pages_through_everything_once() {
    let mut world = two_repositories().await;
    world.clock.advance(DAY_MS);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    world.slack.command("UADA", "hold =HYPERLINK(1) the registry").await;
    world.settle().await;
    world.restart().await;
    let every = found(&world, "limit=200").await;
    let all = every["entries"].as_array().unwrap().clone();
    let mut written = 0;
    for no in 0..=2 {
        written += world.store.journal(IncidentNo(no), 0, 1_000).await.unwrap().len();
    }
    assert!(all.len() == written && every["next"].is_null(), "{written}: {every:#}");
    let times: Vec<&str> = all.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
    assert_eq!((all[0]["action"].as_str(), all[0]["incident"].as_u64()), (Some("hold_set"), Some(0)));
    // By pages of three: the same, in the same order, each once.
    let (mut paged, mut before) = (Vec::new(), String::new());
    loop {
        let page = found(&world, &format!("limit=3{before}")).await;
        paged.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(paged, all);
    let of = |query: &'static str| found(&world, query);
    assert!(of("by=BEN").await["entries"].as_array().unwrap().iter().all(|row| row["by"] == "ben"));
    assert!(actions(&of("by=ben").await).contains(&"proposed"));
    assert_eq!(actions(&of("action=hold_set").await), ["hold_set"]);
    assert_eq!(actions(&of("incident=0").await), ["hold_set"]);
    assert!(of("incident=2").await["entries"].as_array().unwrap().iter().all(|row| row["repo"] == HIDDEN));
    assert_eq!(of("repo=ACME/hidden").await, of("incident=2").await);
    assert_eq!(actions(&of("text=THE%20REGISTRY").await), ["hold_set"]);
    assert!(actions(&of("until=2026-01-02T00:00:00Z").await).contains(&"opened"));
    assert!(!actions(&of("since=2026-01-02T00:00:00Z").await).contains(&"opened"));
    for query in ["since=soon", "before=1", "repo=shop", "format=xlsx", "incident=x"] {
        let url = format!("http://{}/api/audit?{query}", world.public_at);
        let answer = world.http.get(&url).bearer_auth("read-token").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(world.http.get(&url).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    // A table begins no formula, and has what the page has.
    let ada = world.sit("ada").await;
    let table = ada.page("/audit/entries.csv?action=hold_set").await;
    assert!(table.starts_with("at,by,action,repo,incident,entry,text\n") && table.lines().count() == 2, "{table}");
    let lines = ada.page("/audit/entries.jsonl").await;
    assert_eq!(lines.lines().count(), all.len());
    // Days as the page's form has them; the last one counts.
    let page = looks(&ada, "/audit?from=2026-01-02&to=2026-01-02").await;
    assert!(page.contains(">hold set</a>") && !page.contains(">opened</a>"), "{page}");
    assert!(looks(&ada, "/audit?from=soon").await.contains("soon is no day"));
    // The installation's own journal: the stop for everybody, links for admins and for whoever made them.
    assert!(looks(&world.sit("eve").await, "/audit").await.contains("hold set"));
    world.end().await;
}

/// As a program left it that knew no index.
fn forget_index(path: &std::path::Path) {
    let disk = Sled::open(path).unwrap();
    let mut batch = Batch::default();
    for table in [b'a', b'e', b'R'] {
        let rows = disk.scan(&[table], &[], usize::MAX).unwrap();
        assert!(!rows.is_empty());
        for (key, _) in rows {
            batch.remove(key);
        }
    }
    disk.apply(&batch).unwrap();
    disk.flush().unwrap();
}

/// Entries that are found when the store is opened.
async fn indexed(path: &std::path::Path) -> usize {
    let store = Ledger::open(Sled::open(path).unwrap()).unwrap();
    let mut count = 0;
    for name in store.audited().await.unwrap() {
        count += store.audit(&name, None, 1_000).await.unwrap().len();
    }
    count
}

#[tokio::test]
async fn a_store_from_before_the_index_gets_it_when_it_is_opened() {
    let world = two_repositories().await;
    let every = found(&world, "limit=200").await;
    // The backup without the index, as an older program wrote it, has to be filled again.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    {
        let old = Ledger::open(Sled::open(&path).unwrap()).unwrap();
        for incident in world.incidents().await.into_iter().rev() {
            let entries = world.store.journal(incident.no, 0, 1_000).await.unwrap();
            let journal = entries.into_iter().map(|entry| (incident.no, entry)).collect();
            let incidents = vec![ci_rescue::domain::incident::Incident { version: 1, ..incident }];
            old.commit(Turn { incidents, journal, ..Turn::default() }).await.unwrap();
        }
    }
    forget_index(&path);
    let all = every["entries"].as_array().unwrap().len();
    assert_eq!(indexed(&path).await, all);
    // An older program wrote and removed entries since.
    {
        let disk = Sled::open(&path).unwrap();
        let (rows, mut batch) = (disk.scan(b"j", &[], usize::MAX).unwrap(), Batch::default());
        let index = disk.scan(b"a", &[], usize::MAX).unwrap();
        index.into_iter().take(2).for_each(|(key, _)| batch.remove(key));
        rows.into_iter().rev().take(1).for_each(|(key, _)| batch.remove(key));
        disk.apply(&batch).unwrap();
        disk.flush().unwrap();
    }
    assert_eq!(indexed(&path).await, all - 1);
    let disk = Sled::open(&path).unwrap();
    assert_eq!(disk.rows(b'a').unwrap(), disk.rows(b'j').unwrap());
    assert_eq!((disk.rows(b'R').unwrap(), disk.rows(b'n').unwrap()), (2, 2), "incidents by repository");
    world.end().await;
}

/// Work on a page is bounded however large the store is: `CI_RESCUE_AUDIT` says how many entries there are.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "it tells how long a page takes")]
async fn a_page_of_the_audit_looks_at_so_many_entries_and_no_more() {
    const EACH: u64 = 50;
    let entries = std::env::var("CI_RESCUE_AUDIT").ok().and_then(|n| n.parse().ok()).unwrap_or(5_000_u64);
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let (template, opened) = (world.incident(1).await, world.store.journal(IncidentNo(1), 0, 1).await.unwrap());
    world.end().await;
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Ledger::open(Sled::open(dir.path()).unwrap()).unwrap());
    for n in 1..=entries / EACH {
        let no = IncidentNo(n);
        let repo = format!("acme/repo-{}", n % 20).parse().unwrap();
        let incident = ci_rescue::domain::incident::Incident { no, version: 1, repo, ..template.clone() };
        let entry = |seq| Entry { seq, at: opened[0].at.plus_ms((n * 1_000 + seq).cast_signed()), ..opened[0].clone() };
        let journal = (1..=EACH).map(|seq| (no, entry(seq))).collect();
        store.commit(Turn { incidents: vec![incident], journal, ..Turn::default() }).await.unwrap();
    }
    let words = Arc::new(Words::shipped(Places::default()).unwrap());
    let search = async |asked: AuditAsked| Search::over(store.clone(), words.clone(), asked).await.unwrap();
    let timed = async |what: &str, asked: AuditAsked| {
        let begun = std::time::Instant::now();
        let page = search(asked).await.page(None, 50).await.unwrap();
        println!("{what} of {entries} entries: {} ms", begun.elapsed().as_millis());
        page
    };
    let newest = timed("the newest page", AuditAsked::default()).await;
    assert_eq!((newest.rows.len(), newest.rows[0].spot.incident.0), (50, entries / EACH));
    let no = Some(IncidentNo(entries / EACH / 2));
    assert_eq!(timed("one incident", AuditAsked { incident: no, ..AuditAsked::default() }).await.rows.len(), 50);
    let repo = Some("acme/repo-3".to_owned());
    assert_eq!(timed("one repository", AuditAsked { repo, ..AuditAsked::default() }).await.rows.len(), 50);
    // Nothing matches: each page ends after its share, and together they look at every entry once.
    let nothing = AuditAsked { text: Some("nothing says this".into()), ..AuditAsked::default() };
    timed("a page without a match", nothing.clone()).await;
    let search = search(nothing).await;
    let (mut before, mut pages) = (None, 0);
    loop {
        let page = search.page(before, 50).await.unwrap();
        (before, pages) = (page.next, pages + 1);
        assert!(page.rows.is_empty());
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, entries.div_ceil(LOOKED_MAX as u64));
}
