//! E-mail, Teams, webhooks and rescue.log, against servers that fail in the ways that such servers have.

mod command;
mod doctor;
mod email;
mod looks;
mod record;
mod restarts;
mod storm;
mod teams;
mod webhooks;

use crate::world::receiver::Receiver;
pub use crate::world::smtp::PASSWORD;
use crate::world::smtp::{SmtpDouble, USER};
use crate::world::{HandClock, REPO, Setup, World, spec};
use std::sync::Arc;

pub const TEAM: &str = "team@example.org";
pub const SECRET: &str = "a-secret-of-the-receiver";
pub const HOOK: &str = "/hook";
pub const WORKFLOW: &str = "/workflow";
/// Nothing that anybody knows: it stays open.
pub const UNKNOWN: &str =
    "##[group]Run ./frobnicate\nerror: the frobnicator said no\n##[error]Process completed with exit code 7.\n";

pub struct Sinks {
    pub world: World,
    pub mail: SmtpDouble,
    pub receiver: Receiver,
}

pub fn subscribed(platform: &str, channel: &str, repo: &str) -> String {
    format!(
        "[[subscriptions]]\nplatform = \"{platform}\"\nchannel = \"{channel}\"\nrepo = \"{repo}\"\nbranch = \"*\"\n"
    )
}

/// The mail server's section, in the clear on this machine.
pub fn mail_section(mail: &SmtpDouble) -> String {
    format!(
        "\n[email]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nusername = \"{USER}\"\npassword = \"{PASSWORD}\"\nfrom = \"CI Rescue <ci@example.org>\"\n",
        mail.at.port()
    )
}

pub fn posts_section(receiver: &Receiver) -> String {
    let at = receiver.at;
    format!(
        "[[teams]]\nname = \"builds\"\nurl = \"http://{at}{WORKFLOW}\"\n[[webhooks]]\nname = \"board\"\nurl = \"http://{at}{HOOK}\"\nsecret = \"{SECRET}\"\n"
    )
}

impl Sinks {
    /// A world without chats that tells all three of `repo`.
    pub async fn of(repo: &str, more: &str) -> Self {
        let clock = HandClock::new();
        let (mail, receiver) = (SmtpDouble::start(&clock, None).await, Receiver::start(&clock).await);
        let config = mail_section(&mail)
            + &posts_section(&receiver)
            + &subscribed("email", TEAM, repo)
            + &subscribed("teams", "builds", repo)
            + &subscribed("webhook", "board", repo)
            + more;
        Self { world: Self::world(config, clock).await, mail, receiver }
    }

    pub async fn new() -> Self {
        Self::of(REPO, "").await
    }

    pub async fn world(config: String, clock: Arc<HandClock>) -> World {
        World::with(Setup { config, slack: false, clock: Some(clock), ..Setup::default() }).await
    }

    /// A run that fails; what it ends in next is up to `then`.
    pub async fn fails(&self, then: &'static str) -> u64 {
        let id = self.world.forge.start(spec(UNKNOWN, then));
        self.world.deliver().await;
        self.world.forge.finish(id);
        self.world.deliver().await;
        id
    }

    /// A person has it run again, and it ends.
    pub async fn again(&self) {
        self.world.sit("ben").await.say(&self.world, "retry 1 force").await;
        self.world.deliver().await;
        for run in self.world.forge.going() {
            self.world.forge.finish(run);
        }
        self.world.deliver().await;
    }
}

/// Lets the engine work for so many rounds, a second of the bot's clock each, whether or not it comes to rest.
pub async fn rounds(world: &World, rounds: usize) {
    let engine = &world.app.engine;
    for _ in 0..rounds {
        world.clock.advance(1_000);
        engine.tick().await.expect("tick");
        while engine.turn().await.expect("turn") {}
        while engine.perform().await.expect("perform") {}
        for platform in engine.platforms().cloned().collect::<Vec<_>>() {
            engine.publish(&platform).await.expect("publish");
        }
    }
}

pub async fn status(world: &World) -> serde_json::Value {
    let url = format!("http://{}/api/status", world.public_at);
    world.http.get(url).bearer_auth("read-token").send().await.unwrap().json().await.unwrap()
}
