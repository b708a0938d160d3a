//! Slack beside its channels: previews of links, the shortcut on a message, the home tab.

use crate::world::slack_pages::words;
use crate::world::{CHANNEL, NETWORK_LOG, REPO, Setup, World, job, spec};
use ci_rescue::domain::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use ci_rescue::domain::{IncidentNo, Stage};
use futures::StreamExt;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Of a private repository.
const HIDDEN: &str = "acme/hidden";
const HOSTILE: &str = "<!channel> @everyone *x* <https://evil.example|y> `z` &amp; \u{202e}";
/// What runs say that the bot heard nothing of.
const POOL: &str = "the pool is empty";
const CONSOLE: &str = "https://rescue.example.org";

fn setup() -> Setup {
    let console = format!("url = \"{CONSOLE}\"\n");
    Setup { console, disk: true, ..Setup::default() }
}

/// Incident 1: a pull request's run, told in [`CHANNEL`]. Incident 2: of a repository that no channel is fed with.
async fn world_with(setup: Setup) -> (World, u64, u64) {
    let world = World::with(setup).await;
    world.forge.add_repo(HIDDEN);
    let mut all = Vec::new();
    for (repo, pull) in [(REPO, Some(9)), (HIDDEN, None)] {
        let mut run = spec(NETWORK_LOG, "success");
        run.repo = repo.into();
        run.branch = "topic".into();
        run.pull = pull;
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        all.push(id);
    }
    world.forge.permit(HIDDEN, "cyd", "none");
    (world, all[0], all[1])
}

async fn world() -> (World, u64, u64) {
    world_with(setup()).await
}

fn run_url(world: &World, repo: &str, run: u64) -> String {
    format!("http://{}/{repo}/actions/runs/{run}", world.forge_at)
}

/// Posts links, and what previews there are then.
async fn post(world: &World, user: &str, channel: &str, source: Option<&str>, urls: &[&str]) -> Vec<String> {
    let event = world.slack.posts(user, channel, source, urls);
    world.slack.send("events_api", event).await;
    world.settle().await;
    let previews = world.slack.previews();
    urls.iter().filter(|url| previews.contains_key(**url)).map(|url| (*url).to_owned()).collect()
}

/// A link to read incident 1 without signing in.
async fn shared(world: &World) -> String {
    world.slack.command("UBEN", "share 1").await;
    world.settle().await;
    let told = world.slack.last_whisper();
    let at = told.find(&format!("{CONSOLE}/shared/")).unwrap_or_else(|| panic!("{told}"));
    told[at..].split(['|', '`', '>']).next().unwrap().to_owned()
}

/// A new run of `repo` that the bot heard nothing of.
fn unheard(world: &World, repo: &str, workflow: &str, ends: &'static str) -> u64 {
    let mut run = spec(NETWORK_LOG, "success");
    run.repo = repo.into();
    run.workflow = workflow.into();
    run.branch = "quiet".into();
    // Of its own failure: an incident with the same one would take it over.
    run.jobs = vec![job("test", &format!("##[error]{workflow}: {POOL}\n"), &[ends])];
    let id = world.forge.start(run);
    world.forge.finish(id);
    drop(world.forge.take_hooks());
    id
}

#[tokio::test]
async fn a_preview_shows_what_the_channel_may_see_whoever_posts() {
    let (world, run, hidden) = world().await;
    let unknown = unheard(&world, REPO, "quiet-ci", "failure");
    let job = format!("{}/job/77?pr=9", run_url(&world, REPO, run));
    for (what, url, ours) in [
        ("a run", run_url(&world, REPO, run), true),
        ("a job", job, true),
        ("a pull request", format!("http://{}/{REPO}/pull/9/files", world.forge_at), true),
        ("an incident", format!("{CONSOLE}/incidents/1"), true),
        ("a shared link", shared(&world).await, true),
        ("a shared link that was changed", format!("{}x", shared(&world).await), false),
        ("a run without an incident", run_url(&world, REPO, unknown), false),
        ("another pull request", format!("http://{}/{REPO}/pull/10", world.forge_at), false),
        ("an incident that there is not", format!("{CONSOLE}/incidents/77"), false),
        ("another repository's run", run_url(&world, HIDDEN, hidden), false),
        ("another repository's incident", format!("{CONSOLE}/incidents/2"), false),
        ("somebody else's page", format!("https://evil.example/{REPO}/actions/runs/{run}"), false),
    ] {
        for (user, may) in [("UADA", true), ("UBEN", true), ("UEVE", true), ("T2/UEVE", false)] {
            for (channel, fed) in [(CHANNEL, true), ("C0OTHER", false), ("D0DM", false)] {
                let (team, user) = user.split_once('/').unwrap_or(("T1", user));
                let mut event = world.slack.posts(user, channel, Some("conversations_history"), &[&url]);
                event["team_id"] = json!(team);
                let before = world.slack.calls("chat.unfurl");
                world.slack.send("events_api", event).await;
                world.settle().await;
                let shown = world.slack.calls("chat.unfurl") > before;
                assert_eq!(shown, ours && may && fed, "{what} by {team} {user} in {channel}");
            }
        }
    }
    for (url, shown) in world.slack.previews() {
        let text = words(&shown);
        assert!(text.contains("ECONNRESET") && text.contains(&format!("{CONSOLE}/incidents/1")), "{url}: {text}");
        assert!(!shown.to_string().contains("\"actions\""), "no buttons: {shown}");
        assert!(shown["blocks"].as_array().unwrap().len() <= 5, "{shown}");
    }
    world.end().await;
}

#[tokio::test]
async fn several_links_are_told_at_once_and_one_twice_is_one() {
    let (world, run, _) = world().await;
    let (one, two) = (run_url(&world, REPO, run), format!("{CONSOLE}/incidents/1"));
    let other = "https://github.example/about".to_owned();
    let urls = [one.as_str(), two.as_str(), one.as_str(), other.as_str()];
    assert_eq!(post(&world, "UEVE", CHANNEL, Some("conversations_history"), &urls).await, [&*one, &*two, &*one]);
    assert_eq!((world.slack.calls("chat.unfurl"), world.slack.previews().len()), (1, 2));
    world.end().await;
    // Nobody knows yet where a message will be posted that is being typed; once it is, Slack tells of it again.
    let (world, run, _) = self::world().await;
    let one = run_url(&world, REPO, run);
    assert!(post(&world, "UADA", "COMPOSER", Some("composer"), &[&one]).await.is_empty());
    assert!(post(&world, "UADA", CHANNEL, Some("composer"), &[&one]).await.is_empty());
    assert_eq!(world.slack.calls("chat.unfurl"), 0);
    // Without an id of the links, by the message.
    assert_eq!(post(&world, "UADA", CHANNEL, None, &[&one]).await, [one]);
    world.end().await;
}

#[tokio::test]
async fn a_preview_is_kept_over_a_restart_and_tried_again_as_its_error_says() {
    let (mut world, run, _) = world().await;
    let url = run_url(&world, REPO, run);
    let say = |code: &str| json!({"ok": false, "error": code});
    let event = |world: &World| world.slack.posts("UEVE", CHANNEL, Some("conversations_history"), &[&url]);
    let posted = event(&world);
    world.slack.send("events_api", posted).await;
    world.restart().await;
    world.settle().await;
    assert_eq!(world.slack.previews().len(), 1, "what was acknowledged is done");
    for (status, body, again) in [
        (429, json!({"retry_after": 5}), true),
        (200, say("internal_error"), true),
        (503, json!({}), true),
        (200, say("cannot_unfurl_url"), false),
        (200, say("message_not_found"), false),
    ] {
        let before = world.slack.calls("chat.unfurl");
        world.slack.fault("chat.unfurl", status, body.clone(), false);
        let posted = event(&world);
        world.slack.send("events_api", posted).await;
        world.settle().await;
        assert_eq!(world.slack.calls("chat.unfurl") - before, 1, "{body}");
        world.clock.advance(10 * SECOND_MS);
        world.settle().await;
        assert_eq!(world.slack.calls("chat.unfurl") - before, if again { 2 } else { 1 }, "{body}");
    }
    assert_eq!(world.store.counts().await.unwrap().outbox, 0);
    // The same event twice is one.
    let posted = event(&world);
    let before = world.slack.calls("chat.unfurl");
    for _ in 0..2 {
        world.slack.send("events_api", posted.clone()).await;
    }
    world.settle().await;
    assert_eq!(world.slack.calls("chat.unfurl") - before, 1);
    // The secret part of a shared link is kept nowhere.
    let link = shared(&world).await;
    world.slack.send("events_api", world.slack.posts("UEVE", CHANNEL, None, &[&link])).await;
    let token = link.rsplit('/').next().unwrap().to_owned();
    let lines: Vec<_> = world.store.backup().await.unwrap().collect().await;
    let kept: Vec<u8> = lines.into_iter().flat_map(|line| line.unwrap()).collect();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains(CHANNEL) && !kept.contains(&token), "{kept}");
    world.settle().await;
    assert!(world.slack.previews().contains_key(&link));
    world.end().await;
}

/// Chooses the shortcut on a message with this text; what its window shows in the end.
async fn rescue(world: &World, user: &str, channel: &str, text: &str) -> String {
    let before = world.slack.windows();
    let payload = world.slack.points(user, channel, text);
    world.slack.send("interactive", payload).await;
    assert_eq!(world.slack.windows(), before + 1, "a window at once");
    world.settle().await;
    words(&world.slack.window(&world.slack.last_window()))
}

/// Sends the window that was opened last; what it shows in the end.
async fn send(world: &World, user: &str) -> String {
    let window = world.slack.last_window();
    let sent = world.slack.sends(user, &window);
    let answer = world.slack.send("interactive", sent).await;
    assert_eq!(answer["response_action"], "update", "{answer}");
    world.settle().await;
    words(&world.slack.window(&window))
}

#[tokio::test]
async fn the_shortcut_answers_by_what_the_person_may_see() {
    let (world, run, hidden) = world().await;
    let red = unheard(&world, REPO, "quiet-ci", "failure");
    let green = unheard(&world, REPO, "green-ci", "success");
    let secret = unheard(&world, HIDDEN, "secret-ci", "failure");
    let going = world.forge.start({
        let mut run = spec(NETWORK_LOG, "success");
        run.workflow = "going-ci".into();
        run
    });
    drop(world.forge.take_hooks());
    let at = |repo: &str, run: u64| run_url(&world, repo, run);
    let (card, hidden_words) = ("ECONNRESET", "does not know");
    let denied = "needs the responder role; yours is viewer";
    let rows = [
        ("an incident's run", at(REPO, run), [card; 4]),
        ("its page", format!("{CONSOLE}/incidents/1"), [card; 4]),
        ("its pull request", format!("http://{}/{REPO}/pull/9", world.forge_at), [card; 4]),
        ("a shared link", shared(&world).await, [card; 4]),
        ("a hidden incident's run", at(HIDDEN, hidden), [card, card, hidden_words, hidden_words]),
        ("a red run", at(REPO, red), ["[Open incident]", "[Open incident]", "[Open incident]", denied]),
        ("a green run", at(REPO, green), ["did not fail (success)"; 4]),
        ("a run that goes on", at(REPO, going), ["has not ended"; 4]),
        ("no run", at(REPO, 999_999), ["does not show run 999999"; 4]),
        ("a pull request without a run", format!("http://{}/{REPO}/pull/404", world.forge_at), ["does not show"; 4]),
        ("a hidden red run", at(HIDDEN, secret), ["[Open incident]", "[Open incident]", hidden_words, hidden_words]),
        (
            "a repository that nobody sees",
            at("acme/nowhere", 7),
            ["does not show run 7", hidden_words, hidden_words, hidden_words],
        ),
        ("an incident that there is not", format!("{CONSOLE}/incidents/77"), [hidden_words; 4]),
        ("another link", "https://evil.example/acme/shop/pull/9".to_owned(), ["has no link"; 4]),
    ];
    for (what, url, want) in rows {
        for (user, want) in ["UADA", "UBEN", "UCYD", "UEVE"].into_iter().zip(want) {
            world.clock.advance(2 * MINUTE_MS);
            let told = rescue(&world, user, CHANNEL, &format!("look: <{url}|this>")).await;
            assert!(told.contains(want), "{what} by {user}: {told}");
            assert!(want != hidden_words || !told.contains("failed"), "{what} by {user}: {told}");
        }
        // Of another workspace: nothing, whatever it is.
        let mut payload = world.slack.points("UEVE", CHANNEL, &url);
        payload["team"]["id"] = json!("T2");
        payload["user"]["team_id"] = json!("T2");
        world.slack.send("interactive", payload).await;
        world.settle().await;
        let told = words(&world.slack.window(&world.slack.last_window()));
        assert!(told.contains("cannot use this bot") || told.contains("has no link"), "{what}: {told}");
    }
    assert!(rescue(&world, "UADA", CHANNEL, "no link at all").await.contains("has no link"));
    // Outside the channels that are fed, an unknown member sees nothing.
    let told = rescue(&world, "UEVE", "C0OTHER", &at(REPO, run)).await;
    assert!(told.contains(hidden_words), "{told}");
    assert_eq!(world.incidents().await.len(), 2, "asking opens nothing");
    world.end().await;
}

#[tokio::test]
async fn one_click_opens_the_incident_as_if_the_failure_had_just_arrived() {
    let (mut world, ..) = world().await;
    let red = unheard(&world, REPO, "quiet-ci", "failure");
    let url = run_url(&world, REPO, red);
    let told = rescue(&world, "UBEN", CHANNEL, &url).await;
    assert!(told.contains("No incident yet") && told.contains("[Open incident]"), "{told}");
    // Acknowledged, and then the process ends: it is opened all the same.
    let window = world.slack.last_window();
    let answer = world.slack.send("interactive", world.slack.sends("UBEN", &window)).await;
    assert_eq!(answer["response_action"], "update", "{answer}");
    world.restart().await;
    world.settle().await;
    world.deliver().await;
    assert!(words(&world.slack.window(&window)).contains("now takes in run"), "{:?}", world.slack.window(&window));
    let incident = world.incident(3).await;
    assert_eq!((incident.stage, incident.workflow.raw()), (Stage::Open, "quiet-ci"));
    assert!(!incident.evidence.is_empty(), "its log was read");
    assert!(world.slack.cards().iter().any(|card| card.words().contains("#3")), "its card is told");
    // The same window sent again, and the shortcut again: there is one incident.
    world.slack.send("interactive", world.slack.sends("UBEN", &window)).await;
    world.settle().await;
    assert!(rescue(&world, "UBEN", CHANNEL, &url).await.contains(POOL));
    assert_eq!(world.incidents().await.len(), 3);
    world.end().await;
}

#[tokio::test]
async fn rights_are_looked_at_again_when_the_window_is_sent() {
    let (world, ..) = world().await;
    let red = unheard(&world, REPO, "quiet-ci", "failure");
    rescue(&world, "UBEN", CHANNEL, &run_url(&world, REPO, red)).await;
    // Somebody else sends it.
    let told = send(&world, "UEVE").await;
    assert!(told.contains("needs the responder role"), "{told}");
    assert_eq!(world.incidents().await.len(), 2);
    // GitHub is down when it is sent: it is asked again.
    rescue(&world, "UBEN", CHANNEL, &run_url(&world, REPO, red)).await;
    for _ in 0..2 {
        let path = format!("/actions/runs/{red}");
        let fault =
            ci_rescue::demo::Fault { method: "GET".into(), path, status: 502, headers: Vec::new(), after: false };
        world.forge.lock().faults.push(fault);
    }
    send(&world, "UBEN").await;
    for _ in 0..6 {
        world.clock.advance(30 * SECOND_MS);
        world.settle().await;
    }
    assert_eq!(world.incidents().await.len(), 3);
    world.end().await;
}

#[tokio::test]
async fn a_window_that_cannot_be_opened_leaves_nothing_behind() {
    let (world, run, _) = world().await;
    let payload = world.slack.points("UBEN", CHANNEL, &run_url(&world, REPO, run));
    world.slack.expire(payload["trigger_id"].as_str().unwrap());
    world.slack.send("interactive", payload.clone()).await;
    assert_eq!((world.slack.windows(), world.store.counts().await.unwrap().inbox), (0, 0));
    // A trigger opens one window.
    let payload = world.slack.points("UBEN", CHANNEL, &run_url(&world, REPO, run));
    for _ in 0..2 {
        world.slack.send("interactive", payload.clone()).await;
    }
    world.settle().await;
    assert_eq!(world.slack.windows(), 1);
    // A shortcut of another name is not ours.
    let mut other = world.slack.points("UBEN", CHANNEL, "x");
    other["callback_id"] = json!("another");
    world.slack.send("interactive", other).await;
    assert_eq!(world.slack.windows(), 1);
    world.end().await;
}

/// Somebody looks at their home tab; what it shows.
async fn visit(world: &World, user: &str) -> String {
    let event = world.slack.opens_home(user);
    world.slack.send("events_api", event).await;
    world.settle().await;
    words(&world.slack.home(user))
}

/// The lines below a heading.
fn part<'t>(home: &'t str, title: &str) -> &'t str {
    let (_, rest) = home.split_once(&format!("# {title}\n")).unwrap_or_else(|| panic!("{title}: {home}"));
    rest.split("\n# ").next().unwrap_or_default()
}

#[tokio::test]
async fn the_home_tab_lists_what_waits_what_is_mine_and_my_teams() {
    let more =
        "[policy.approvals]\nretry = 1\n[[groups]]\nowner = \"@acme/qa\"\nslack = \"S0QA\"\nrole = \"responder\"\n";
    let (world, _repo) = super::quarantine::flaky_in(Setup { config: more.into(), ..setup() }).await;
    world.slack.group("S0QA", &["UCYD"]);
    world.slack.account("UCYD", json!({"team_id": "T1"}));
    world.clock.advance(6 * MINUTE_MS);
    world.app.engine.refresh_groups().await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    let home = visit(&world, "UADA").await;
    assert!(part(&home, "Waiting for you").contains("#1") && home.contains("[Approve] [Reject]"), "{home}");
    let home = visit(&world, "UBEN").await;
    assert!(part(&home, "Yours").contains("#1"), "{home}");
    assert!(!part(&home, "Waiting for you").contains("#1"), "{home}");
    // CODEOWNERS gives the failing test to a group that cyd is in.
    let home = visit(&world, "UCYD").await;
    assert!(part(&home, "Your team's").contains("#2") && !part(&home, "Yours").contains("#2"), "{home}");
    assert!(!visit(&world, "UBEN").await.contains("#2"), "of nobody's team");
    // One click serves, with the value of the card.
    let press = world.slack.presses_home("UADA", "Approve").expect("a button");
    world.slack.send("interactive", press).await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn the_home_tab_follows_what_happens_for_a_while() {
    let (mut world, ..) = world().await;
    world.slack.command("UBEN", "ack 1").await;
    world.settle().await;
    // Opened, and then the process ends.
    let opened = world.slack.opens_home("UBEN");
    world.slack.send("events_api", opened).await;
    world.restart().await;
    world.settle().await;
    let home = words(&world.slack.home("UBEN"));
    assert!(part(&home, "Yours").contains("#1"), "{home}");
    let shown = world.slack.calls("views.publish");
    // Much happens at once: the page follows at its pace.
    for text in ["assign 1 cyd", "assign 1 ben", "assign 1 cyd"] {
        world.slack.command("UADA", text).await;
        world.settle().await;
    }
    assert_eq!(world.slack.calls("views.publish"), shown, "not before its time");
    world.clock.advance(31 * SECOND_MS);
    world.settle().await;
    assert_eq!(world.slack.calls("views.publish"), shown + 1, "once for all of it");
    let home = words(&world.slack.home("UBEN"));
    assert!(!part(&home, "Yours").contains("#1"), "{home}");
    // What it does not show does not concern it.
    let before = world.slack.calls("views.publish");
    world.slack.command("UADA", "ack 2").await;
    world.clock.advance(60 * SECOND_MS);
    world.settle().await;
    assert_eq!(world.slack.calls("views.publish"), before);
    // A restart forgets no page; half an hour later it is let alone.
    world.restart().await;
    world.slack.command("UADA", "assign 1 ben").await;
    world.settle().await;
    assert_eq!(world.slack.calls("views.publish"), before + 1);
    world.clock.advance(31 * MINUTE_MS);
    world.slack.command("UADA", "assign 1 cyd").await;
    world.settle().await;
    assert_eq!(world.slack.calls("views.publish"), before + 1);
    world.end().await;
}

#[tokio::test]
async fn of_two_states_of_the_home_tab_the_later_one_stands() {
    let (world, ..) = world().await;
    visit(&world, "UBEN").await;
    // Something else changed the tab: Slack refuses ours once, and takes what is true then.
    world.slack.rehash("UBEN");
    world.slack.command("UBEN", "ack 1").await;
    world.clock.advance(31 * SECOND_MS);
    world.settle().await;
    world.clock.advance(5 * SECOND_MS);
    world.settle().await;
    let home = words(&world.slack.home("UBEN"));
    assert!(part(&home, "Yours").contains("#1"), "{home}");
    // Slack is slow with a page; a newer one overtakes it, and the old one does not come after.
    world.slack.fault("views.publish", 429, json!({"retry_after": 60}), false);
    visit(&world, "UBEN").await;
    world.clock.advance(10 * SECOND_MS);
    world.slack.command("UADA", "assign 1 cyd").await;
    world.settle().await;
    let home = visit(&world, "UBEN").await;
    assert!(!part(&home, "Yours").contains("#1"), "{home}");
    let shown = world.slack.homes().len();
    world.clock.advance(5 * MINUTE_MS);
    world.settle().await;
    for (_, later) in &world.slack.homes()[shown..] {
        assert!(!part(&words(later), "Yours").contains("#1"), "the old page is not written: {later}");
    }
    assert_eq!(world.store.counts().await.unwrap().outbox, 0);
    world.end().await;
}

#[tokio::test]
async fn a_page_of_somebody_unknown_says_what_to_do_next() {
    let (world, ..) = world().await;
    let home = visit(&world, "UEVE").await;
    assert!(home.contains("member ID is `UEVE`") && !home.contains('#'), "{home}");
    world.end().await;
    let github = format!("client_id = \"{}\"\n", crate::world::logins::CLIENT);
    let (world, ..) = world_with(Setup { github, ..setup() }).await;
    let home = visit(&world, "UEVE").await;
    assert!(home.contains("`/rescue link github`") && !home.contains(REPO), "{home}");
    // A guest from another workspace.
    let mut event = world.slack.opens_home("UGUS");
    event["team_id"] = json!("T2");
    world.slack.send("events_api", event).await;
    world.settle().await;
    let (_, home) = world.slack.homes().pop().unwrap();
    assert!(words(&home).contains("You cannot use this bot here"), "{home}");
    world.end().await;
}

#[tokio::test]
async fn long_lists_end_with_how_many_more_there_are() {
    let (world, ..) = world().await;
    for n in 0..24_u8 {
        let mut run = spec(NETWORK_LOG, "success");
        run.workflow = format!("ci-{n}");
        run.branch = format!("topic-{n}");
        let word = char::from(b'a' + n).to_string().repeat(9);
        run.jobs = vec![job(&format!("job {n}"), &format!("##[error]{word}\n"), &["failure"])];
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.clock.advance(2 * MINUTE_MS);
    }
    let all = world.incidents().await;
    let open = all.iter().filter(|incident| incident.closed_at.is_none() && incident.adopted_by.is_none());
    let open: Vec<IncidentNo> = open.map(|incident| incident.no).collect();
    assert!(open.len() > 15, "{open:?}");
    for no in &open {
        world.slack.command("UBEN", &format!("ack {}", no.0)).await;
        world.settle().await;
    }
    let home = visit(&world, "UBEN").await;
    let mine = part(&home, "Yours");
    let rows = mine.lines().filter(|line| line.contains("/incidents/")).count();
    assert_eq!(rows, 10, "{mine}");
    let view = world.slack.home("UBEN");
    assert!(view["blocks"].as_array().unwrap().len() <= 100);
    let more = open.len() - 10;
    assert!(mine.contains(&format!("and {more} more: <{CONSOLE}|all incidents>")), "{mine}");
    world.end().await;
}

/// What strangers wrote, on every new surface.
#[tokio::test]
async fn hostile_words_stay_words() {
    let (world, ..) = world().await;
    let mut run = spec(&format!("##[error]{HOSTILE}\n"), "success");
    run.workflow = format!("ci {HOSTILE}");
    run.branch = "x`<!here>`".into();
    run.message = HOSTILE.into();
    run.jobs = vec![job(&format!("job {HOSTILE}"), &format!("##[error]{HOSTILE}\n"), &["failure"])];
    let id = world.forge.start(run.clone());
    world.forge.finish(id);
    world.deliver().await;
    world.slack.command("UBEN", "ack 3").await;
    world.settle().await;
    visit(&world, "UBEN").await;
    let url = run_url(&world, REPO, id);
    rescue(&world, "UBEN", CHANNEL, &url).await;
    post(&world, "UBEN", CHANNEL, Some("conversations_history"), &[&url]).await;
    run.workflow = format!("unheard {HOSTILE}");
    let unheard = world.forge.start(run);
    world.forge.finish(unheard);
    drop(world.forge.take_hooks());
    let known = world.slack.window(&world.slack.last_window());
    rescue(&world, "UBEN", CHANNEL, &run_url(&world, REPO, unheard)).await;
    let offered = world.slack.window(&world.slack.last_window());
    let previews: Value = world.slack.previews().into_values().collect();
    for (what, shown) in
        [("home", world.slack.home("UBEN")), ("known", known), ("offered", offered), ("preview", previews)]
    {
        let text = shown.to_string();
        for live in ["<!channel>", "<!here>", "<https://evil.example", "\u{202e}"] {
            assert!(!text.contains(live), "{what}: {live}: {text}");
        }
        assert!(what == "offered" || text.contains("&lt;!channel&gt;"), "{what}: {text}");
    }
    world.end().await;
}

#[tokio::test]
async fn what_people_see_beside_the_channels() {
    let config = "[policy.approvals]\nretry = 1\n";
    let (world, run, _) = world_with(Setup { config: config.into(), ..setup() }).await;
    let mut all = String::new();
    let forge = world.forge_at.to_string();
    let mut add = |name: &str, text: &str| {
        let _ = writeln!(all, "## {name}\n{}\n", text.replace(&forge, "forge"));
    };
    let url = run_url(&world, REPO, run);
    post(&world, "UEVE", CHANNEL, Some("conversations_history"), &[&url]).await;
    add("a preview", &words(&world.slack.previews()[&url]));
    add("the shortcut on a run with an incident", &rescue(&world, "UBEN", CHANNEL, &url).await);
    let red = unheard(&world, REPO, "quiet-ci", "failure");
    add("on a red run without one", &rescue(&world, "UBEN", CHANNEL, &run_url(&world, REPO, red)).await);
    add("by a viewer", &rescue(&world, "UEVE", CHANNEL, &run_url(&world, REPO, red)).await);
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    add("the home tab of an approver", &visit(&world, "UADA").await);
    add("of a responder", &visit(&world, "UBEN").await);
    add("of somebody unknown", &visit(&world, "UEVE").await);
    insta::assert_snapshot!(all);
    world.end().await;
}

#[tokio::test]
async fn quarantines_that_end_soon_are_on_the_home_tab() {
    let (world, _repo) = super::code::broken_with(setup()).await;
    let entry = |id: &str, days: i64| {
        let until = ci_rescue::domain::quarantined::day(ci_rescue::domain::Time(crate::world::NOON + days * DAY_MS));
        json!({"id": id, "repo": REPO, "test": format!("tests/test_{id}.py::x"), "framework": "pytest", "file": null,
            "owners": ["@acme/qa"], "reason": "flaky", "until": until, "since": crate::world::NOON,
            "incident": 1, "served": false, "pending": false})
    };
    let settings = [("1-8", 5), ("1-9", 30), ("1-7", 2)]
        .map(|(id, days)| (format!("quarantine:{REPO}:{id}"), Some(entry(id, days))));
    let turn = ci_rescue::ports::Turn { settings: settings.into(), ..Default::default() };
    world.store.commit(turn).await.unwrap();
    let home = visit(&world, "UADA").await;
    let ending = part(&home, "Quarantines that end soon");
    let at = |id: &str| ending.find(&format!("*{id}*"));
    assert!(at("1-7").is_some() && at("1-7") < at("1-8") && at("1-9").is_none(), "{ending}");
    assert!(ending.contains("`/rescue extend 1-7`"), "{ending}");
    world.forge.permit(REPO, "ben", "none");
    assert!(!visit(&world, "UBEN").await.contains("1-7"), "of a repository that they may not read");
    world.end().await;
}
