//! More secrets that are replaced while it runs, each by its whole flow: what is refused is done by the new one, nothing
//! is lost, and nothing comes twice.

use super::reload::Rewritten;
use super::{Place, Program, said};
use crate::flows::surfaces::{Surface, say};
use crate::sinks::{HOOK, PASSWORD, SECRET, Sinks, TEAM, UNKNOWN, WORKFLOW, mail_section, rounds, status, subscribed};
use crate::world::receiver::{Fault as Lost, Post, Receiver};
use crate::world::slack::SlackDouble;
use crate::world::smtp::SmtpDouble;
use crate::world::{CHANNEL, HandClock, NETWORK_LOG, REPO, SLACK_SECRET, Setup, World, spec};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ci_rescue::adapters::github::Credentials;
use ci_rescue::config;
use ci_rescue::demo::Fault;
use ci_rescue::domain::ids::hex;
use ci_rescue::domain::time::MINUTE_MS;
use ci_rescue::ports::{Clock, Door};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::json;
use sha2::Sha256;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a run that failed brings arrives, and nothing is done about it yet.
async fn arrives(world: &World, log: &str) {
    let id = world.forge.start(spec(log, "failure"));
    world.forge.finish(id);
    for hook in world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
        assert!(world.hook(hook.event, &hook.id, &body).await.is_success());
    }
}

/// A person has the run of the first incident run again, and it ends.
async fn again(world: &World) {
    world.sit("ben").await.say(world, "retry 1 force").await;
    world.deliver().await;
    for run in world.forge.going() {
        world.forge.finish(run);
    }
    world.deliver().await;
}

/// Nothing stands in the way of anything.
async fn is_well(world: &World) {
    let status = status(world).await;
    assert!(status["troubles"].as_array().unwrap().is_empty() && status["cards_given_up"] == 0, "{status}");
}

// Discord's gateway.

const NEW_TOKEN: &str = "discord-rotated";

fn on_discord() -> Setup {
    Setup { slack: false, discord: true, ..Setup::default() }
}

/// A press of a button arrives over the gateway, is acknowledged, and acts.
async fn a_press_acts(world: &World) {
    let (token, click) = world.discord.press("1002", &world.discord.cards()[0], "Retry");
    world.discord.send(&click).await;
    world.settle().await;
    assert_eq!((world.reruns(), &world.discord.answers(&token).0["type"]), (1, &json!(6)));
}

#[tokio::test]
async fn a_token_that_the_gateway_refuses_is_read_anew_and_a_session_begins_by_the_new_one() {
    let rewritten = Rewritten::new(on_discord()).await;
    let world = &rewritten.world;
    world.discord.expect(NEW_TOKEN);
    rewritten.write("discord-double", NEW_TOKEN);
    world.discord.disconnect(4004).await;
    assert_eq!(world.discord.presented(), ["discord-double", NEW_TOKEN]);
    assert_eq!(world.discord.sessions(), (2, 0), "another session, since the token of the first one counts no more");
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!((world.discord.cards().len(), world.discord.refused()), (1, 0), "cards go by it, too");
    a_press_acts(world).await;
    assert_eq!(rewritten.reload().await.unwrap().changed, Vec::<String>::new());
    rewritten.world.end().await;
}

#[tokio::test]
async fn a_session_outlives_a_new_token_and_the_one_after_it_begins_by_that() {
    let rewritten = Rewritten::new(on_discord()).await;
    let world = &rewritten.world;
    world.discord.expect(NEW_TOKEN);
    rewritten.write("discord-double", NEW_TOKEN);
    assert_eq!(rewritten.reload().await.unwrap().changed, ["discord.bot_token: changed"]);
    world.broken_run(NETWORK_LOG, "success").await;
    assert_eq!((world.discord.cards().len(), world.discord.refused()), (1, 0));
    let told = say(world, Surface::Discord, "ben", "why", "1").await;
    assert!(told.contains('•'), "{told}");
    assert_eq!(world.discord.presented(), ["discord-double"], "what is open goes on");
    // The network breaks off: the session cannot be taken up again by the old token.
    world.discord.disconnect(4000).await;
    assert_eq!(world.discord.presented(), ["discord-double", "discord-double", NEW_TOKEN]);
    assert_eq!(world.discord.sessions(), (2, 0));
    a_press_acts(world).await;
    rewritten.world.end().await;
}

/// Discord's portal forgets the old token as it shows the new one: the gateway is refused before anybody could write the
/// new one down.
#[tokio::test]
async fn a_gateway_that_was_refused_in_vain_is_opened_as_soon_as_there_is_another_token() {
    for by_signal in [true, false] {
        let world = World::with(on_discord()).await;
        let text = Arc::new(Mutex::new(world.text().to_owned()));
        let (looked, mut looks) = watch::channel(0_u32);
        let read = Arc::clone(&text);
        world.app.live.reads(Box::new(move || {
            looked.send_modify(|count| *count += 1);
            config::parse(&read.lock().unwrap(), &[])
        }));
        let before = world.discord.connections();
        world.discord.expect(NEW_TOKEN);
        world.discord.hang_up(4004);
        let look = looks.wait_for(|count| *count > 0);
        drop(tokio::time::timeout(std::time::Duration::from_secs(60), look).await.expect("a look").unwrap());
        assert_eq!(world.discord.presented(), ["discord-double"], "the same is not tried again");
        let new = world.text().replace("discord-double", NEW_TOKEN);
        *text.lock().unwrap() = new;
        if by_signal {
            assert_eq!(world.app.reload().await.unwrap().changed, ["discord.bot_token: changed"]);
        } else {
            // A card is refused, for which it is read.
            world.clock.advance(2 * MINUTE_MS);
        }
        world.broken_run(NETWORK_LOG, "success").await;
        assert_eq!((world.discord.cards().len(), world.discord.refused() > 0), (1, !by_signal));
        world.discord.opened_since(before).await;
        assert_eq!(world.discord.presented(), ["discord-double", NEW_TOKEN]);
        a_press_acts(&world).await;
        world.end().await;
    }
}

// The key of the GitHub App.

/// A world of an App whose key is in a file, and another key beside it.
struct Keyed {
    rewritten: Rewritten,
    key: PathBuf,
    first: Vec<u8>,
    second: Vec<u8>,
    _dir: TempDir,
}

impl Keyed {
    /// `None` without openssl.
    async fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let (key, other) = (dir.path().join("app.pem"), dir.path().join("other.pem"));
        let made = Command::new("openssl").args(["genrsa", "-out"]).arg(&other).arg("2048").output();
        if !made.is_ok_and(|made| made.status.success()) {
            println!("skipped: there is no openssl to make a key with");
            return None;
        }
        let first = include_bytes!("../../data/app-key.pem").to_vec();
        std::fs::write(&key, &first).unwrap();
        let second = std::fs::read(&other).unwrap();
        let github = format!("app_id = 7\nprivate_key_file = \"{}\"\n", key.display());
        let rewritten = Rewritten::new(Setup { slack: false, github, ..Setup::default() }).await;
        Some(Self { rewritten, key, first, second, _dir: dir })
    }

    fn replace(&self) {
        std::fs::write(&self.key, &self.second).unwrap();
    }

    /// What was asked of the App itself at such paths: its answer, and which key had signed for it.
    fn asked(&self, path: &str) -> Vec<(u16, &'static str)> {
        let state = self.rewritten.world.forge.lock();
        let by = |call: &ci_rescue::demo::Call| {
            let authorization = call.authorization.as_deref().unwrap_or_default();
            match (signed_by(&self.first, authorization), signed_by(&self.second, authorization)) {
                (true, false) => "the first",
                (false, true) => "the second",
                _ => "neither",
            }
        };
        let calls = state.calls.iter().filter(|call| call.path.ends_with(path));
        calls.map(|call| (call.status, by(call))).collect()
    }

    /// The forge refuses so many calls to a path as it does where it does not know the key.
    fn refuse(&self, method: &str, path: &str, times: usize) {
        let fault = Fault { method: method.into(), path: path.into(), status: 401, headers: Vec::new(), after: false };
        self.rewritten.world.forge.lock().faults.extend(vec![fault; times]);
    }
}

/// Whether the App's own token bears the signature of this key.
fn signed_by(pem: &[u8], authorization: &str) -> bool {
    let Ok(Credentials::App { key, .. }) = Credentials::app(7, std::str::from_utf8(pem).unwrap()) else {
        panic!("no key")
    };
    let Some((message, code)) = authorization.strip_prefix("Bearer ").and_then(|jwt| jwt.rsplit_once('.')) else {
        return false;
    };
    let code = URL_SAFE_NO_PAD.decode(code).unwrap();
    let public: &[u8] = key.public().as_ref();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(message.as_bytes(), &code).is_ok()
}

#[tokio::test]
async fn what_github_refuses_of_the_app_is_asked_again_and_signed_by_the_new_key() {
    let Some(keyed) = Keyed::new().await else { return };
    let world = &keyed.rewritten.world;
    keyed.replace();
    keyed.refuse("POST", "/access_tokens", 1);
    world.broken_run(NETWORK_LOG, "failure").await;
    assert_eq!(keyed.asked("/access_tokens"), [(401, "the first"), (201, "the second")], "one token for all of it");
    let incident = world.incident(1).await;
    assert!(!incident.evidence.is_empty() && incident.log_missing.is_none(), "{:?}", incident.log_missing);
    // The next one is by it at once, and it is known to be in force.
    assert_eq!(keyed.rewritten.reload().await.unwrap().changed, Vec::<String>::new());
    world.clock.advance(56 * MINUTE_MS);
    again(world).await;
    let asked = keyed.asked("/access_tokens");
    assert!(asked.len() > 2 && asked[2..].iter().all(|call| *call == (201, "the second")), "{asked:?}");
    keyed.rewritten.world.end().await;
}

/// The old key was deleted at GitHub before the new one was in its place.
#[tokio::test]
async fn nothing_is_given_up_while_github_knows_no_key_of_the_app() {
    let Some(keyed) = Keyed::new().await else { return };
    let world = &keyed.rewritten.world;
    keyed.refuse("POST", "/access_tokens", 500);
    keyed.refuse("GET", "/installation", 500);
    world.broken_run(NETWORK_LOG, "failure").await;
    for _ in 0..5 {
        world.clock.advance(MINUTE_MS);
        world.settle().await;
    }
    let refused = keyed.asked("/installation");
    assert!(refused.len() > 1 && refused.iter().all(|call| *call == (401, "the first")), "{refused:?}");
    let incident = world.incident(1).await;
    assert!(incident.evidence.is_empty() && incident.log_missing.is_none(), "it waits: {:?}", incident.log_missing);
    keyed.replace();
    assert_eq!(keyed.rewritten.reload().await.unwrap().changed, ["github.private_key_file: the file changed"]);
    world.forge.lock().faults.clear();
    // No pause is longer than five minutes and a moment.
    world.clock.advance(10 * MINUTE_MS);
    world.settle().await;
    assert_eq!(keyed.asked("/installation").last(), Some(&(200, "the second")));
    assert_eq!(keyed.asked("/access_tokens").last(), Some(&(201, "the second")));
    let incident = world.incident(1).await;
    assert!(!incident.evidence.is_empty() && incident.log_missing.is_none(), "{:?}", incident.log_missing);
    assert_eq!(world.store.counts().await.unwrap().dead, 0, "no effect was given up");
    is_well(world).await;
    keyed.rewritten.world.end().await;
}

// The password of the mail server.

const NEW_PASSWORD: &str = "another staple for the horse";

async fn by_mail() -> (Rewritten, SmtpDouble) {
    let clock = HandClock::new();
    let mail = SmtpDouble::start(&clock, None).await;
    let config = mail_section(&mail) + &subscribed("email", TEAM, REPO);
    let setup = Setup { config, slack: false, clock: Some(clock), ..Setup::default() };
    (Rewritten::new(setup).await, mail)
}

#[tokio::test]
async fn a_password_that_is_refused_is_read_anew_and_the_letter_comes_once() {
    let (rewritten, mail) = by_mail().await;
    let world = &rewritten.world;
    mail.expect(NEW_PASSWORD);
    rewritten.write(PASSWORD, NEW_PASSWORD);
    world.broken_run(UNKNOWN, "success").await;
    assert_eq!((mail.letters().len(), mail.refused()), (1, 1), "the one before was tried once");
    is_well(world).await;
    assert_eq!(rewritten.reload().await.unwrap().changed, Vec::<String>::new());
    again(world).await;
    let letters = mail.letters();
    assert_eq!((letters.len(), mail.refused()), (2, 1));
    assert_eq!(letters[1].header("In-Reply-To"), Some(letters[0].id()));
    rewritten.world.end().await;
}

#[tokio::test]
async fn letters_that_were_refused_in_vain_wait_for_the_new_password() {
    let (rewritten, mail) = by_mail().await;
    let world = &rewritten.world;
    mail.expect(NEW_PASSWORD);
    arrives(world, UNKNOWN).await;
    rounds(world, 60).await;
    let told = status(world).await;
    assert_eq!(
        (&told["troubles"][0]["platform"], &told["troubles"][0]["reason"]),
        (&json!("email"), &json!("credentials"))
    );
    let refused = mail.refused();
    assert!(mail.letters().is_empty() && refused > 0);
    rewritten.write(PASSWORD, NEW_PASSWORD);
    assert_eq!(rewritten.reload().await.unwrap().changed, ["email.password: changed"]);
    world.app.engine.fixed(None);
    world.settle().await;
    assert_eq!((mail.letters().len(), mail.refused()), (1, refused));
    is_well(world).await;
    rewritten.world.end().await;
}

// The URLs of Teams, and the URLs and secrets of webhooks.

const MOVED: &str = "/moved";
const NEW_SECRET: &str = "another-secret-of-the-receiver";

/// A world that tells Teams and a webhook, whose URLs and secret are in files.
struct Filed {
    sinks: Sinks,
    dir: TempDir,
}

impl Filed {
    async fn new() -> Self {
        let clock = HandClock::new();
        let (mail, receiver) = (SmtpDouble::start(&clock, None).await, Receiver::start(&clock).await);
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let config = format!(
            "\n[[teams]]\nname = \"builds\"\nurl_file = \"{at}/workflow\"\n\
             [[webhooks]]\nname = \"board\"\nurl_file = \"{at}/hook\"\nsecret_file = \"{at}/secret\"\n"
        );
        for (file, text) in [
            ("workflow", format!("http://{}{WORKFLOW}\n", receiver.at)),
            ("hook", format!("http://{}{HOOK}\n", receiver.at)),
            ("secret", format!("{SECRET}\n")),
        ] {
            std::fs::write(dir.path().join(file), text).unwrap();
        }
        let config = config + &subscribed("teams", "builds", REPO) + &subscribed("webhook", "board", REPO);
        let world = Sinks::world(config, clock).await;
        let text = world.text().to_owned();
        world.app.live.reads(Box::new(move || config::parse(&text, &[])));
        Self { sinks: Sinks { world, mail, receiver }, dir }
    }

    /// Writes the file of a secret anew; then it is in force.
    async fn put(&self, file: &str, text: &str, changed: &str) {
        write(&self.dir.path().join(file), text);
        assert_eq!(self.sinks.world.app.reload().await.unwrap().changed, [changed]);
    }

    async fn moves(&self, file: &str, changed: &str) {
        self.put(file, &format!("http://{}{MOVED}", self.sinks.receiver.at), changed).await;
    }

    fn posts(&self, path: &str) -> Vec<Post> {
        self.sinks.receiver.posts(path)
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, format!("{text}\n")).unwrap();
}

#[tokio::test]
async fn teams_is_told_at_the_new_url_from_the_next_reading_on() {
    let filed = Filed::new().await;
    filed.sinks.fails("success").await;
    assert_eq!(filed.posts(WORKFLOW).len(), 1);
    filed.moves("workflow", "teams.builds.url_file: the file changed").await;
    filed.sinks.again().await;
    assert_eq!((filed.posts(WORKFLOW).len(), filed.posts(MOVED).len()), (1, 1));
    assert_eq!(filed.sinks.receiver.asked(WORKFLOW).len(), 1, "nobody knocks there any more");
    is_well(&filed.sinks.world).await;
    filed.sinks.world.end().await;
}

#[tokio::test]
async fn a_card_that_the_old_url_of_teams_refused_comes_at_the_new_one_once() {
    let filed = Filed::new().await;
    let (world, receiver) = (&filed.sinks.world, &filed.sinks.receiver);
    receiver.fail(WORKFLOW, &vec![Lost::Says(404); 20]);
    arrives(world, UNKNOWN).await;
    rounds(world, 60).await;
    let told = status(world).await;
    assert!(told["troubles"][0]["why"].as_str().unwrap().contains("404: check its URL"), "{told}");
    let asked = receiver.asked(WORKFLOW).len();
    filed.moves("workflow", "teams.builds.url_file: the file changed").await;
    world.app.engine.fixed(None);
    world.settle().await;
    let posts = filed.posts(MOVED);
    assert_eq!((posts.len(), receiver.asked(MOVED).len(), receiver.asked(WORKFLOW).len()), (1, 1, asked));
    assert!(!posts[0].text.contains("Perhaps a repeat"), "a refusal is no doubt: {}", posts[0].text);
    is_well(world).await;
    filed.sinks.world.end().await;
}

fn seqs(posts: &[Post]) -> Vec<u64> {
    posts.iter().filter_map(|post| post.body["entry"]["seq"].as_u64()).collect()
}

/// Signed by this secret, and by nothing else.
fn all_signed(posts: &[Post], by: &str) -> bool {
    posts.iter().all(|post| [SECRET, NEW_SECRET].iter().all(|secret| post.is_signed(secret) == (*secret == by)))
}

#[tokio::test]
async fn events_are_signed_by_the_new_secret_and_go_to_the_new_url_from_the_next_reading_on() {
    let filed = Filed::new().await;
    filed.sinks.fails("success").await;
    let first = filed.posts(HOOK);
    assert!(!first.is_empty() && all_signed(&first, SECRET));
    filed.put("secret", NEW_SECRET, "webhooks.board.secret_file: the file changed").await;
    // Whoever receives them keeps to it.
    filed.sinks.receiver.expect(HOOK, NEW_SECRET);
    filed.sinks.receiver.expect(MOVED, NEW_SECRET);
    filed.sinks.world.sit("ben").await.say(&filed.sinks.world, "ack 1").await;
    let second = filed.posts(HOOK).split_off(first.len());
    assert!(!second.is_empty() && all_signed(&second, NEW_SECRET));
    filed.moves("hook", "webhooks.board.url_file: the file changed").await;
    filed.sinks.again().await;
    let third = filed.posts(MOVED);
    assert!(!third.is_empty() && all_signed(&third, NEW_SECRET));
    assert_eq!(filed.posts(HOOK).len(), first.len() + second.len(), "nothing goes to the old one");
    let entries = filed.sinks.world.incident(1).await.entries;
    assert_eq!(seqs(&[first, second, third].concat()), (1..=entries).collect::<Vec<_>>(), "each once, in order");
    is_well(&filed.sinks.world).await;
    filed.sinks.world.end().await;
}

#[tokio::test]
async fn events_that_were_refused_for_their_signature_come_in_order_by_the_new_secret() {
    let filed = Filed::new().await;
    let (world, receiver) = (&filed.sinks.world, &filed.sinks.receiver);
    receiver.expect(HOOK, NEW_SECRET);
    arrives(world, UNKNOWN).await;
    rounds(world, 60).await;
    let told = status(world).await;
    assert!(told["troubles"][0]["why"].as_str().unwrap().contains("401: check its secret"), "{told}");
    assert!(filed.posts(HOOK).is_empty());
    filed.put("secret", NEW_SECRET, "webhooks.board.secret_file: the file changed").await;
    world.app.engine.fixed(None);
    world.settle().await;
    let posts = filed.posts(HOOK);
    assert!(all_signed(&posts, NEW_SECRET));
    let entries = world.incident(1).await.entries;
    assert_eq!(seqs(&posts), (1..=entries).collect::<Vec<_>>());
    is_well(world).await;
    filed.sinks.world.end().await;
}

// Slack's app token and signing secret, and the console's token.

/// The real program: sockets are opened by the token of the start, and SIGHUP says that the new one waits.
#[tokio::test]
async fn a_new_app_token_of_slack_waits_for_a_restart_and_the_open_socket_goes_on() {
    let (place, stop) = (Place::new().await, CancellationToken::new());
    let slack = SlackDouble::start(&stop).await;
    std::fs::create_dir(place.path("secrets")).unwrap();
    // By its number the double tells whose socket it is.
    place.write("secrets/slack.app_token", "xapp-first-1\n");
    let section = format!(
        "[slack]\napi_url = \"http://{}/api\"\nbot_token = \"xoxb-double\"\n\
         [[subscriptions]]\nplatform = \"slack\"\nchannel = \"{CHANNEL}\"\n",
        slack.at
    );
    let config = place.configure("", "", &section);
    let mut program = Program::start(&config);
    program.addresses().await;
    slack.opened_by(1).await;
    slack.command("UADA", "help").await;
    place.write("secrets/slack.app_token", "xapp-second-2\n");
    program.signal("-HUP").await;
    let line = program.until("read the configuration again").await;
    assert_eq!(said(&line), "read the configuration again: nothing changed");
    let line = program.until("after a restart only").await;
    assert_eq!(said(&line), "in force after a restart only: slack.app_token: changed");
    slack.command("UADA", "help").await;
    program.signal("-TERM").await;
    let (status, _, lines) = program.end().await;
    assert_eq!(status, Some(0));
    let told = format!("{lines:?}");
    assert!(!told.contains("xapp-first") && !told.contains("xapp-second"), "no secret is shown");
    let mut program = Program::start(&config);
    program.addresses().await;
    slack.opened_by(2).await;
    slack.command("UADA", "help").await;
    program.signal("-TERM").await;
    assert_eq!(program.end().await.0, Some(0));
    stop.cancel();
}

#[tokio::test]
async fn what_slack_signs_is_checked_by_the_new_secret_from_the_next_reading_on() {
    const NEW: &str = "another-secret-of-slacks";
    let rewritten = Rewritten::new(Setup { http: true, ..Setup::default() }).await;
    let world = &rewritten.world;
    let ask = |secret: &'static str| {
        let stamp = world.clock.now().unix_s().to_string();
        let (answer, trigger) =
            (format!("http://{}/response/UBEN", world.slack.at), format!("tr-{}", world.slack.tick()));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("team_id", "T1"), ("channel_id", CHANNEL), ("user_id", "UBEN"), ("command", "/rescue")])
            .extend_pairs([("text", "help"), ("response_url", answer.as_str()), ("trigger_id", trigger.as_str())])
            .finish();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("v0:{stamp}:{body}").as_bytes());
        let code = format!("v0={}", hex(&mac.finalize().into_bytes()));
        let request = world.http.post(format!("http://{}/slack/commands", world.public_at)).body(body);
        let request = request.header("x-slack-request-timestamp", stamp).header("x-slack-signature", code);
        async move { request.send().await.unwrap().status() }
    };
    assert_eq!((ask(SLACK_SECRET).await.is_success(), ask(NEW).await), (true, StatusCode::UNAUTHORIZED));
    world.settle().await;
    let answered = world.slack.whispers_to("UBEN");
    assert!(answered > 0);
    rewritten.write(SLACK_SECRET, NEW);
    assert_eq!(rewritten.reload().await.unwrap().changed, ["slack.signing_secret: changed"]);
    assert_eq!((ask(SLACK_SECRET).await, ask(NEW).await.is_success()), (StatusCode::UNAUTHORIZED, true));
    world.settle().await;
    assert_eq!(world.slack.whispers_to("UBEN"), 2 * answered, "each that was let in is answered");
    rewritten.world.end().await;
}

#[tokio::test]
async fn the_consoles_token_changes_with_the_next_reading() {
    let rewritten = Rewritten::new(Setup { slack: false, open_console: false, ..Setup::default() }).await;
    let world = &rewritten.world;
    let read = |token: &'static str| {
        let request = world.http.get(format!("http://{}/metrics", world.private_at)).bearer_auth(token);
        async move { request.send().await.unwrap().status() }
    };
    assert_eq!(
        (read("console-token").await, read("console-rotated").await),
        (StatusCode::OK, StatusCode::UNAUTHORIZED)
    );
    rewritten.write("console-token", "console-rotated");
    assert_eq!(rewritten.reload().await.unwrap().changed, ["console.token: changed"]);
    assert_eq!(
        (read("console-token").await, read("console-rotated").await),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );
    rewritten.world.end().await;
}
