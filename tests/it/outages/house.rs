//! A whole installation with a wire before each of its neighbours.

use super::recovery::work_off;
use super::wire::Wire;
use crate::world::discord::{self, DiscordDouble};
use crate::world::slack::SlackDouble;
use crate::world::{HandClock, NETWORK_LOG, REPO, SECRET, config_text, discord_text, forge, listener, spec};
use ci_rescue::app::{App, Seats, hosts_of};
use ci_rescue::config;
use ci_rescue::demo::{Forge, sign};
use ci_rescue::domain::{IncidentNo, Stage};
use ci_rescue::ports::{Ask, Store};
use ci_rescue::store::{Ledger, Memory};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const PULL: u64 = 9;
/// Time goes on in steps of this many milliseconds.
const STEP_MS: i64 = 20_000;
/// Longer than any pause that a fault asks for.
const MINUTES: i64 = 12;

pub struct House {
    pub clock: Arc<HandClock>,
    pub forge: Forge,
    pub slack: SlackDouble,
    pub discord: DiscordDouble,
    pub to_github: Wire,
    pub to_slack: Wire,
    pub to_discord: Wire,
    app: App,
    store: Arc<dyn Store>,
    public_at: SocketAddr,
    tasks: TaskTracker,
    /// Of the bot, and of its neighbours.
    stops: [CancellationToken; 3],
    _rooms: TempDir,
}

impl House {
    pub async fn open() -> Self {
        let rooms = tempfile::tempdir().expect("a directory");
        let clock = HandClock::new();
        let (stop, theirs) = (CancellationToken::new(), CancellationToken::new());
        let (forge, forge_at, forge_stop) = forge(&clock, None).await;
        forge.permit(REPO, "ben", "write");
        let (slack, discord) = (SlackDouble::start(&theirs).await, DiscordDouble::start(&theirs).await);
        let to_github = Wire::to(forge_at).await;
        let (to_slack, to_discord) = (Wire::to(slack.at).await, Wire::to(discord.at).await);
        let text = config_text(to_github.at, Some(to_slack.at), "", &discord_text(to_discord.at));
        let mut config = config::parse(&text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}"));
        config.store.path = rooms.path().join("store");
        let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).expect("a ledger"));
        let (public, public_at) = listener().await;
        let hosts = hosts_of(public_at);
        let app =
            App::build(&config, store.clone(), clock.clone(), Seats::Operator, hosts, None).await.expect("an app");
        let tasks = TaskTracker::new();
        tasks.spawn(ci_rescue::server::serve(public, app.public.clone(), stop.clone()));
        app.listen(&tasks, &stop).await.expect("connections");
        discord.connected().await;
        discord.until(|double| !double.commands().is_null()).await;
        slack.connected().await;
        let known = async {
            while !app.knows_people() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), known).await.expect("the workspace is known");
        let stops = [stop, theirs, forge_stop];
        Self {
            clock,
            forge,
            slack,
            discord,
            to_github,
            to_slack,
            to_discord,
            app,
            store,
            public_at,
            tasks,
            stops,
            _rooms: rooms,
        }
    }

    /// Does what can be done now.
    async fn work(&self) {
        work_off(&self.app.engine).await;
    }

    async fn pass(&self) {
        for _ in 0..MINUTES * 60_000 / STEP_MS {
            self.clock.advance(STEP_MS);
            self.work().await;
        }
    }

    async fn deliver(&self) {
        for hook in self.forge.take_hooks() {
            let body = hook.body.replace("{web}", &format!("http://{}", self.to_github.at));
            let request = reqwest::Client::new()
                .post(format!("http://{}/webhooks/github", self.public_at))
                .header("content-type", "application/json")
                .header("x-github-event", hook.event)
                .header("x-github-delivery", &hook.id)
                .header("x-hub-signature-256", sign(SECRET, body.as_bytes()));
            assert!(request.body(body).send().await.expect("an answer").status().is_success(), "{}", hook.event);
        }
        self.work().await;
        self.pass().await;
    }

    /// A pull request's run breaks.
    pub async fn breaks(&self) {
        let mut run = spec(NETWORK_LOG, "success");
        (run.branch, run.pull) = ("topic".into(), Some(PULL));
        let id = self.forge.start(run);
        self.forge.finish(id);
        self.deliver().await;
    }

    /// Somebody asks about it and retries it, and it passes.
    pub async fn is_retried(&self) {
        self.slack.command("UBEN", "why 1").await;
        self.work().await;
        self.slack.command("UBEN", "retry 1").await;
        self.work().await;
        self.pass().await;
        for id in self.forge.going() {
            self.forge.finish(id);
        }
        self.deliver().await;
    }

    /// Everything was done once, and every card shows it.
    pub async fn is_right(&self, what: &str) {
        for wire in [&self.to_github, &self.to_slack, &self.to_discord] {
            assert_eq!(wire.unmet(), [], "{what}: nothing met it");
        }
        let incident = self.store.incident(IncidentNo(1)).await.expect("a store").expect("an incident");
        let states: Vec<&str> = incident.proposals.iter().map(|proposal| proposal.state.as_str()).collect();
        assert_eq!((incident.stage, states), (Stage::Resolved, vec!["done"]), "{what}");
        let counts = self.app.engine.counts().await.expect("counts");
        assert_eq!((counts.inbox, counts.outbox, counts.dirty, counts.given_up), (0, 0, 0, 0), "{what}: {counts:?}");
        let attempts: Vec<u32> = self.forge.lock().runs.values().map(|run| run.attempt).collect();
        assert_eq!(attempts, [2], "{what}: it was re-run once");
        let on_pull: Vec<String> = self.ours().into_iter().filter(|body| body.contains("/card -->")).collect();
        let on_slack: Vec<String> = self.slack.cards().iter().map(crate::world::slack::Message::words).collect();
        let on_discord: Vec<String> = self.discord.cards().iter().map(discord::Message::words).collect();
        for (place, cards) in [("the pull request", on_pull), ("Slack", on_slack), ("Discord", on_discord)] {
            assert_eq!(cards.len(), 1, "{what}: {place}: {cards:#?}");
            assert!(cards[0].contains("resolved"), "{what}: {place}: {}", cards[0]);
        }
        self.notes_are_told_once(what);
    }

    /// What we wrote on pull requests.
    fn ours(&self) -> Vec<String> {
        let state = self.forge.lock();
        let all = state.repos[REPO].comments.iter().filter_map(|comment| comment["body"].as_str());
        all.filter(|body| body.starts_with("<!-- ci-rescue/")).map(str::to_owned).collect()
    }

    fn notes_are_told_once(&self, what: &str) {
        let slack = self.slack.messages().into_iter().filter(|message| message.thread_ts.is_some());
        let slack: Vec<String> = slack.map(|message| message.metadata["event_payload"]["marker"].to_string()).collect();
        let discord = self.discord.messages().into_iter().filter(|message| message.channel != discord::CHANNEL);
        let discord: Vec<String> =
            discord.map(|message| message.body["embeds"][0]["footer"]["text"].to_string()).collect();
        for (place, notes) in [("Slack", slack), ("Discord", discord)] {
            assert!(!notes.is_empty(), "{what}: {place}: nothing was told");
            assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), notes.len(), "{what}: {place}: {notes:?}");
        }
    }

    pub async fn end(self) {
        for stop in &self.stops {
            stop.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }
}
