//! Another configuration while it runs: what comes into force, what waits for a restart, and what is refused whole.

use super::tls::{client, keys, pair};
use super::{Place, Program, said};
use crate::world::{Setup, World};
use ci_rescue::app::Reloaded;
use ci_rescue::config;
use ci_rescue::demo::sign;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A world whose configuration can be written anew.
pub struct Rewritten {
    pub world: World,
    text: Arc<Mutex<String>>,
}

impl Rewritten {
    pub async fn new(setup: Setup) -> Self {
        let world = World::with(setup).await;
        let text = Arc::new(Mutex::new(world.text().to_owned()));
        let read = Arc::clone(&text);
        world.app.live.reads(Box::new(move || config::parse(&read.lock().unwrap(), &[])));
        Self { world, text }
    }

    pub fn write(&self, was: &str, is: &str) {
        let mut text = self.text.lock().unwrap();
        assert!(text.contains(was), "{was}\n{text}");
        *text = text.replacen(was, is, 1);
    }

    pub async fn reload(&self) -> Result<Reloaded, String> {
        self.world.app.reload().await
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.world.public_at);
        self.world.http.get(url).bearer_auth("read-token").send().await.unwrap().json().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.world.private_at);
        self.world.http.get(url).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn rules_people_and_subscriptions_come_into_force_at_once() {
    let rewritten = Rewritten::new(Setup { config: "[policy]\ndaily_limit = 10\n".into(), ..Setup::default() }).await;
    assert_eq!(rewritten.reload().await, Ok(Reloaded::default()), "nothing changed");
    assert!(rewritten.get("/api/budget").await["reason"].as_str().unwrap().starts_with("10 of 10 "));
    rewritten.write("daily_limit = 10", "daily_limit = 3");
    rewritten.write("role = \"responder\"", "role = \"viewer\"\n[[people]]\nname = \"fay\"\nrole = \"approver\"");
    let feed = "[[subscriptions]]\nplatform = \"slack\"\n";
    rewritten.write(feed, &format!("{feed}channel = \"C0OTHER\"\nbranch = \"*\"\n{feed}"));
    let reloaded = rewritten.reload().await.unwrap();
    assert_eq!(
        reloaded.changed,
        [
            "people.ben.role: \"responder\" -> \"viewer\"",
            "people.fay.name: set to \"fay\"",
            "people.fay.role: set to \"approver\"",
            "policy.daily_limit: 10 -> 3",
            "subscriptions {branch = \"*\", channel = \"C0OTHER\", platform = \"slack\"}: added",
        ]
    );
    assert_eq!(reloaded.restart, Vec::<String>::new());
    assert!(rewritten.get("/api/budget").await["reason"].as_str().unwrap().starts_with("3 of 3 "));
    assert!(rewritten.page("/people").await.contains("fay"));
    rewritten.world.broken_run(crate::world::NETWORK_LOG, "failure").await;
    let mut channels: Vec<String> = rewritten.world.slack.cards().into_iter().map(|card| card.channel).collect();
    channels.sort();
    assert_eq!(channels, ["C0BUILDS", "C0OTHER"]);
    assert_eq!(rewritten.reload().await, Ok(Reloaded::default()), "it is in force");
    rewritten.world.end().await;
}

#[tokio::test]
async fn a_broken_one_is_refused_whole() {
    let rewritten = Rewritten::new(Setup { config: "[policy]\ndaily_limit = 10\n".into(), ..Setup::default() }).await;
    rewritten.write("daily_limit = 10", "daily_limit = 3\nmode = \"perhaps\"");
    rewritten.write("role = \"responder\"", "role = \"king\"");
    let why = rewritten.reload().await.unwrap_err();
    assert!(why.lines().count() == 2 && why.contains("policy.mode") && why.contains("people[1].role"), "{why}");
    assert!(rewritten.get("/api/budget").await["reason"].as_str().unwrap().starts_with("10 of 10 "), "as it was");
    rewritten.write("mode = \"perhaps\"", "");
    rewritten.write("role = \"king\"", "role = \"responder\"");
    assert_eq!(rewritten.reload().await.unwrap().changed, ["policy.daily_limit: 10 -> 3"]);
    // What an integration cannot do without is an error, too, and nothing else changes.
    rewritten.write("daily_limit = 3", "daily_limit = 4");
    rewritten.write("bot_token = \"xoxb-double\"\n", "");
    let why = rewritten.reload().await.unwrap_err();
    assert_eq!(why, "slack.bot_token cannot be removed while the bot runs: restart it");
    assert!(rewritten.get("/api/budget").await["reason"].as_str().unwrap().starts_with("3 of 3 "), "as it was");
    rewritten.world.end().await;
}

#[tokio::test]
async fn a_new_secret_is_masked_in_the_very_lines_that_tell_of_the_change() {
    let rewritten = Rewritten::new(Setup::default()).await;
    rewritten.write("it-is-a-secret", "a-plain-new-phrase");
    rewritten.write(
        "role = \"responder\"",
        "role = \"responder\"\n[[people]]\nname = \"a-plain-new-phrase\"\nrole = \"viewer\"",
    );
    let reloaded = rewritten.reload().await.unwrap();
    assert!(reloaded.changed.iter().any(|line| line.contains("[redacted]")), "{reloaded:?}");
    assert!(!format!("{reloaded:?}").contains("a-plain-new-phrase"), "{reloaded:?}");
    rewritten.world.end().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_named_until_there_is_one() {
    let rewritten = Rewritten::new(Setup { config: "[policy]\ndaily_limit = 10\n".into(), ..Setup::default() }).await;
    rewritten.write("[hooks]\n", "[hooks]\nhosts = [\"ci.example.org\"]\n");
    rewritten.write("[console]\n", "[console]\nurl = \"https://rescue.example.org\"\n");
    let waits = [
        "console.url: set to \"https://rescue.example.org\"".to_owned(),
        "hooks.hosts: set to [\"ci.example.org\"]".to_owned(),
    ];
    rewritten.write("daily_limit = 10", "daily_limit = 3");
    let reloaded = rewritten.reload().await.unwrap();
    assert_eq!((reloaded.changed, reloaded.restart), (vec!["policy.daily_limit: 10 -> 3".into()], waits.to_vec()));
    let reloaded = rewritten.reload().await.unwrap();
    assert_eq!((reloaded.changed, reloaded.restart), (vec![], waits.to_vec()), "still");
    rewritten.world.end().await;
}

/// The real program, by its signal.
#[tokio::test]
async fn a_hangup_reads_certificates_secrets_and_rules_anew() {
    let place = Place::new().await;
    let (Some((first, first_key)), Some((second, second_key))) =
        (pair(place.dir.path(), "first", "20"), pair(place.dir.path(), "second", "20"))
    else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let (shown, shown_key) = (place.path("shown.pem"), place.path("shown.key"));
    let show = |certificate: &std::path::Path, key: &std::path::Path| {
        std::fs::copy(certificate, &shown).unwrap();
        std::fs::copy(key, &shown_key).unwrap();
    };
    show(&first, &first_key);
    std::fs::create_dir(place.path("secrets")).unwrap();
    let secret = place.write("secrets/github.webhook_secret", "the-first-webhook-secret\n");
    let config = place.configure(&keys(&shown, &shown_key), "", "[policy]\nmode = \"observe\"");
    let text = std::fs::read_to_string(&config).unwrap().replace("webhook_secret = \"it-is-a-secret\"\n", "");
    std::fs::write(&config, &text).unwrap();
    let mut program = Program::start(&config);
    let (at, _) = program.addresses().await;
    let (old, new) = (client(&first).build().unwrap(), client(&second).pool_max_idle_per_host(0).build().unwrap());
    let health = format!("https://{at}/health");
    // Its connection stays open.
    assert!(old.get(&health).send().await.unwrap().status().is_success());
    assert!(new.get(&health).send().await.is_err());
    show(&second, &second_key);
    std::fs::write(&secret, "the-second-webhook-secret\n").unwrap();
    std::fs::write(
        &config,
        text.replace("mode = \"observe\"", "mode = \"act\"")
            .replace("[server]\n", "[server]\nproxies = [\"10.0.0.1\"]\n"),
    )
    .unwrap();
    program.signal("-HUP").await;
    let line = program.until("read the configuration again").await;
    assert_eq!(
        said(&line),
        "read the configuration again: github.webhook_secret: changed\npolicy.mode: \"observe\" -> \"act\"\n\
         server.tls_cert_file: the file changed\nserver.tls_key_file: the file changed"
    );
    let line = program.until("after a restart only").await;
    assert_eq!(said(&line), "in force after a restart only: server.proxies: set to [\"10.0.0.1\"]");
    program.until("trying again what waits").await;
    assert!(new.get(&health).send().await.unwrap().status().is_success(), "whoever connects now sees the second");
    assert!(old.get(&health).send().await.unwrap().status().is_success(), "an open connection goes on");
    let hook = |secret: &'static str| {
        let body = "{\"zen\": \"it works\"}";
        let request = new.post(format!("https://{at}/webhooks/github")).header("content-type", "application/json");
        let request = request.header("x-github-event", "ping").header("x-github-delivery", format!("by-{secret}"));
        let request = request.header("x-hub-signature-256", sign(secret, body.as_bytes())).body(body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((hook("the-first-webhook-secret").await, hook("the-second-webhook-secret").await), (401, 202));
    // A pair that does not fit, and a key that does not exist: all stays.
    show(&first, &second_key);
    std::fs::write(&config, text.replace("mode = \"observe\"", "mode = \"suggest\"")).unwrap();
    program.signal("-HUP").await;
    let line = program.until("the new one is wrong").await;
    assert!(line["level"] == "ERROR" && said(&line).contains("the key is not the certificate's"), "{line}");
    std::fs::write(&config, text.replace("[policy]", "[polity]")).unwrap();
    program.signal("-HUP").await;
    let line = program.until("the new one is wrong").await;
    assert!(said(&line).contains("polity"), "{line}");
    assert!(new.get(&health).send().await.unwrap().status().is_success());
    show(&first, &first_key);
    std::fs::write(&config, &text).unwrap();
    program.signal("-HUP").await;
    let line = program.until("read the configuration again").await;
    assert!(said(&line).contains("policy.mode: \"act\" -> \"observe\""), "the one between was never in force: {line}");
    program.signal("-TERM").await;
    let (status, _, lines) = program.end().await;
    assert_eq!(status, Some(0));
    assert!(!format!("{lines:?}").contains("webhook-secret"), "no secret is shown");
}
