//! Each neighbour's faults on each of its calls: every effect once, and every card right in the end.

use super::house::House;
use super::wire::{Answer, Fault, Planted, Wire};
use crate::world::discord::DiscordDouble;
use crate::world::slack::SlackDouble;
use crate::world::{HandClock, REPO, forge};
use ci_rescue::adapters::{discord, github, slack};
use ci_rescue::domain::RunId;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Chat, Ci, PortError};
use secrecy::SecretString;
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

/// What a proxy, or a network's front page, says in a neighbour's place.
const HTML: &str = "content-type: text/html\r\n";
const PAGE: &str = "<html><title>Sign in to this network</title></html>";
const JSON: &str = "content-type: application/json\r\n";

const fn page(status: &'static str) -> Answer {
    Answer { status, headers: HTML, body: PAGE }
}

const fn says(status: &'static str, body: &'static str) -> Answer {
    Answer { status, headers: JSON, body }
}

/// What happens to connections, on any of them.
const LINES: [Fault; 7] = [
    Fault::Cut,
    Fault::Lost,
    Fault::Half,
    Fault::Slow,
    Fault::Noise,
    Fault::After(page("500 Internal Server Error")),
    Fault::Instead(page("502 Bad Gateway")),
];

/// Where in the course of things a fault is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// From the beginning: the first card.
    Breaks,
    /// When its first card stands: the next state, and what is told of it.
    Retried,
}

use When::{Breaks, Retried};

async fn comes_right(when: When, wire: fn(&House) -> &Wire, faults: &[Planted]) {
    let house = House::open().await;
    if when == Breaks {
        wire(&house).plant(faults);
    }
    house.breaks().await;
    if when == Retried {
        wire(&house).plant(faults);
    }
    house.is_retried().await;
    house.is_right(&format!("{when:?} {faults:?}")).await;
    house.end().await;
}

const LIMITED: &str = r#"{"message": "API rate limit exceeded"}"#;

const GITHUB: [Fault; 4] = [
    Fault::Instead(Answer {
        status: "429 Too Many Requests",
        headers: "content-type: application/json\r\nretry-after: 60\r\n",
        body: LIMITED,
    }),
    Fault::Instead(says("429 Too Many Requests", LIMITED)),
    Fault::Instead(says("403 Forbidden", r#"{"message": "You have exceeded a secondary rate limit."}"#)),
    Fault::Instead(Answer {
        status: "403 Forbidden",
        // Two minutes past noon.
        headers: "content-type: application/json\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1767268920\r\n",
        body: LIMITED,
    }),
];

#[tokio::test]
async fn threat_041_githubs_faults_do_everything_once() {
    for (when, method, path) in [
        (Breaks, "GET", "/logs"),
        (Breaks, "GET", "/_logs/"),
        (Breaks, "GET", "/comments"),
        (Breaks, "POST", "/comments"),
        (Retried, "POST", "/rerun"),
        (Retried, "PATCH", "/comments/"),
    ] {
        for fault in LINES.into_iter().chain(GITHUB) {
            comes_right(when, |house| &house.to_github, &[(method, path, fault)]).await;
        }
    }
}

/// A proxy answers instead of GitHub: that is no word of GitHub's, and passes.
#[tokio::test]
async fn another_program_in_githubs_place_is_waited_out() {
    for (when, method, path) in [
        (Breaks, "GET", "/logs"),
        (Breaks, "GET", "/comments"),
        (Breaks, "POST", "/comments"),
        (Retried, "POST", "/rerun"),
        (Retried, "PATCH", "/comments/"),
    ] {
        for status in ["200 OK", "302 Found", "403 Forbidden", "407 Proxy Authentication Required"] {
            let fault = Fault::Instead(page(status));
            comes_right(when, |house| &house.to_github, &[(method, path, fault)]).await;
        }
    }
}

const POST: &str = "/chat.postMessage";

const SLACK: [Fault; 6] = [
    Fault::Instead(Answer {
        status: "429 Too Many Requests",
        headers: "content-type: application/json\r\nretry-after: 30\r\n",
        body: r#"{"ok": false, "error": "ratelimited"}"#,
    }),
    Fault::Instead(says("429 Too Many Requests", r#"{"ok": false, "error": "ratelimited"}"#)),
    Fault::Instead(page("429 Too Many Requests")),
    Fault::Instead(page("302 Found")),
    Fault::Instead(page("200 OK")),
    Fault::After(page("200 OK")),
];

#[tokio::test]
async fn threat_042_slacks_faults_do_everything_once() {
    for (when, path) in [(Breaks, POST), (Retried, POST), (Retried, "/chat.update"), (Retried, "/chat.postEphemeral")] {
        for fault in LINES.into_iter().chain(SLACK) {
            comes_right(when, |house| &house.to_slack, &[("POST", path, fault)]).await;
        }
    }
    // Whether it is there has to be asked, and that fails, too.
    for fault in LINES.into_iter().chain(SLACK) {
        let look = ("GET", "/conversations.history", fault);
        comes_right(Breaks, |house| &house.to_slack, &[("POST", POST, Fault::Lost), look]).await;
    }
}

const DISCORD: [Fault; 5] = [
    Fault::Instead(Answer {
        status: "429 Too Many Requests",
        headers: "content-type: application/json\r\nretry-after: 30\r\nx-ratelimit-scope: shared\r\n",
        body: r#"{"message": "The resource is being rate limited.", "retry_after": 29.5, "global": false}"#,
    }),
    Fault::Instead(Answer {
        status: "429 Too Many Requests",
        headers: "content-type: application/json\r\nretry-after: 3\r\nx-ratelimit-global: true\r\n",
        body: r#"{"message": "You are being rate limited.", "retry_after": 2.5, "global": true}"#,
    }),
    Fault::Instead(says("429 Too Many Requests", r#"{"message": "You are being rate limited."}"#)),
    Fault::Instead(page("302 Found")),
    Fault::Instead(page("200 OK")),
];

#[tokio::test]
async fn discords_faults_do_everything_once() {
    for (when, method, path) in [
        (Breaks, "POST", "/messages"),
        (Retried, "PATCH", "/messages/"),
        // One whose answer is lost is there at the next try: 160004.
        (Retried, "POST", "/threads"),
        (Retried, "POST", "/messages"),
    ] {
        for fault in LINES.into_iter().chain(DISCORD) {
            comes_right(when, |house| &house.to_discord, &[(method, path, fault)]).await;
        }
    }
    for fault in LINES.into_iter().chain(DISCORD) {
        let look = ("GET", "/messages", fault);
        comes_right(Breaks, |house| &house.to_discord, &[("POST", "/messages", Fault::Lost), look]).await;
    }
}

/// As long as the clients wait, which is up to a minute.
#[tokio::test]
async fn an_answer_that_never_comes_is_looked_for() {
    let github = comes_right(Breaks, |house| &house.to_github, &[("POST", "/comments", Fault::Silent)]);
    let slack = comes_right(Breaks, |house| &house.to_slack, &[("POST", POST, Fault::Silent)]);
    let discord = comes_right(Breaks, |house| &house.to_discord, &[("POST", "/messages", Fault::Silent)]);
    tokio::join!(github, slack, discord);
}

fn chat_of_slack(api_url: String) -> slack::Slack {
    let bot_token = SecretString::from("xoxb-double").into();
    slack::Slack::new(&slack::Settings { api_url, bot_token }).unwrap()
}

fn chat_of_discord(api_url: String) -> discord::Discord {
    let bot_token = SecretString::from("discord-double").into();
    let settings = discord::Settings { api_url, bot_token, clock: HandClock::new() };
    discord::Discord::new(discord::Rest::new(settings).unwrap().into())
}

/// What may be tried again, or looked for.
fn passes(why: &PortError) -> bool {
    matches!(why, PortError::Transient { .. } | PortError::Ambiguous { .. })
}

/// Nobody there speaks TLS: it is no refusal, and nothing is told to whoever stands there.
#[tokio::test]
async fn a_handshake_that_fails_is_tried_again() {
    let stop = CancellationToken::new();
    let (sandbox, forge_at, _) = forge(&HandClock::new(), None).await;
    let (slack, discord) = (SlackDouble::start(&stop).await, DiscordDouble::start(&stop).await);
    let at = |at: SocketAddr, path: &str| format!("https://{at}{path}");
    let (talk, speak) = (chat_of_slack(at(slack.at, "/api")), chat_of_discord(at(discord.at, "/api/v10")));
    let settings = github::Settings {
        api_url: at(forge_at, ""),
        ca_pem: None,
        credentials: github::Credentials::Token(SecretString::from("forge-token")).into(),
        clock: HandClock::new(),
    };
    let github = github::GitHub::new(settings).unwrap();
    for why in [
        talk.direct("UADA", "words").await.unwrap_err(),
        speak.direct("1001", "words").await.unwrap_err(),
        github.run(&REPO.parse().unwrap(), RunId(1)).await.unwrap_err(),
    ] {
        assert!(passes(&why), "{why:?}");
    }
    assert!(slack.messages().is_empty() && discord.messages().is_empty() && sandbox.lock().calls.is_empty());
    stop.cancel();
}

/// Whoever takes an answer that is none for "there is no such message" posts another.
#[tokio::test]
async fn a_look_that_was_not_answered_finds_nothing_out() {
    let stop = CancellationToken::new();
    let (slack, discord) = (SlackDouble::start(&stop).await, DiscordDouble::start(&stop).await);
    let (to_slack, to_discord) = (Wire::to(slack.at).await, Wire::to(discord.at).await);
    let talk = chat_of_slack(format!("http://{}/api", to_slack.at));
    let speak = chat_of_discord(format!("http://{}/api/v10", to_discord.at));
    for answer in [page("200 OK"), says("200 OK", "{}"), says("200 OK", ""), says("200 OK", "{\"ok\": true}")] {
        to_slack.plant(&[("GET", "/conversations.history", Fault::Instead(answer))]);
        let found = talk.find("C0BUILDS", None, "marker", Time(0)).await;
        assert!(found.as_ref().is_err_and(passes), "Slack, {answer:?}: {found:?}");
        to_discord.plant(&[("GET", "/messages", Fault::Instead(answer))]);
        let found = speak.find("700", None, "marker", Time(0)).await;
        assert!(found.as_ref().is_err_and(passes), "Discord, {answer:?}: {found:?}");
    }
    stop.cancel();
}
