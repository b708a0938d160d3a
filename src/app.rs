//! The rooms wired together: what `serve`, `demo` and the tests start from.

use crate::adapters::console::{self, Console, ConsoleDecoder};
use crate::adapters::discord::{self, Discord, InteractionDecoder};
use crate::adapters::git::Rooms;
use crate::adapters::github::{self, Credentials, GitHub, Pulls, Secret, Signature, Webhooks};
use crate::adapters::hooks::Hooks;
use crate::adapters::resolver::Resolver;
use crate::adapters::slack::{self, Slack, SocketDecoder};
use crate::card::{Places, Words};
use crate::config::{Config, People};
use crate::domain::actor::{Platform, Role};
use crate::domain::subscription::{Filter, Subscription};
use crate::domain::time::Time;
use crate::engine::{Budget, Engine, Parts, Scope};
use crate::ports::{
    Chat, Ci, Clock, Decoder, Door, Endpoint, Forge, Git, Health, Integration, Origin, PortError, Store, Turn, Verifier,
};
use crate::server::{self, Doors, Probe};
use axum::Router;
use futures::FutureExt;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the port's other side")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[allow(clippy::disallowed_methods, reason = "this is the port's other side")]
    fn elapsed_ms(&self) -> i64 {
        static START: OnceLock<Instant> = OnceLock::new();
        i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// Who sits at the console, and whether a token is asked for.
pub enum Seats {
    /// One operator, behind `console.token`.
    Operator,
    /// Several people without a token: the demo.
    Open(Vec<console::Person>),
}

const OPERATOR: &str = "operator";
/// Which workspace is ours, as Slack told it.
const SLACK_TEAM: &str = "slack_team";

/// Clones live beside the store.
fn rooms(config: &Config, github: Arc<GitHub>) -> Arc<dyn Git> {
    Arc::new(Rooms::new(beside(config, "-git"), github))
}

/// A directory beside the store.
fn beside(config: &Config, ending: &str) -> std::ffi::OsString {
    let mut dir = config.store.path.clone().into_os_string();
    dir.push(ending);
    dir
}

/// Everything, built and not yet running.
pub struct App {
    pub engine: Arc<Engine>,
    pub public: Router,
    /// Absent where the console would be open to everybody.
    pub private: Option<Router>,
    pub integrations: Arc<Vec<(String, String)>>,
    store: Arc<dyn Store>,
    slack: Option<Arc<Slack>>,
    slack_socket: Option<(String, secrecy::SecretString, Arc<Integration>)>,
    discord: Option<Arc<discord::Rest>>,
    discord_gateway: Option<discord::Listener>,
    discord_commands: (Option<String>, Option<String>),
    github: Option<Arc<GitHub>>,
    name: Arc<OnceLock<String>>,
}

impl App {
    /// Wires everything from the configuration. No integration is called yet: one that is down does not stop us.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn build(
        config: &Config,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        seats: Seats,
        console_hosts: Vec<String>,
        home: Option<String>,
    ) -> Result<Self, String> {
        // First of all, so that nothing is measured before there is a recorder.
        prometheus();
        let health = Health::new(clock.clone());
        let places = Places { home: home.clone(), web: GitHub::web_url(&config.github.api_url) };
        let words = Arc::new(Words::shipped(places).map_err(|why| why.to_string())?);
        let github = github(config, &clock, &health)?;
        let slack = slack(config, &health)?;
        if let Some(slack) = &slack {
            // Clicks accepted before a restart are ours to answer before Slack is asked again.
            let known = store.setting(SLACK_TEAM).await.map_err(|why| why.to_string())?;
            let known = known.and_then(|team| team.as_str().map(str::to_owned));
            known.map(|team| slack.team().set(team));
        }
        let console = Arc::new(Console::default());
        let name: Arc<OnceLock<String>> = Arc::default();
        let mut chats: Vec<Arc<dyn Chat>> = vec![console.clone()];
        let mut decoders: Vec<Arc<dyn Decoder>> = vec![
            Arc::new(ConsoleDecoder),
            Arc::new(Hooks { hosts: link_hosts(config) }),
            Arc::new(Webhooks { web_host: GitHub::web_host(&config.github.api_url), name: name.clone() }),
        ];
        if let Some(github) = github.as_ref().filter(|_| writes_to_github(config)) {
            chats.push(Arc::new(Pulls::new(github.clone())));
        }
        let discord = rest(config, &clock, &health)?;
        if let Some(rest) = &discord {
            chats.push(Arc::new(Discord::new(rest.clone())));
            decoders.push(Arc::new(InteractionDecoder { guild: config.discord.guild_id.clone() }));
        }
        if let Some(slack) = &slack {
            chats.push(slack.clone());
            decoders.push(Arc::new(SocketDecoder { team: slack.team() }));
        }
        let operator = matches!(seats, Seats::Operator).then(|| OPERATOR.to_owned());
        let directory = Arc::new(People::new(config.people.clone(), operator));
        let mut feeds: Vec<Subscription> = config.subscriptions.iter().map(crate::config::Feed::subscription).collect();
        feeds.push(console_feed());
        let engine = Engine::start(Parts {
            store: store.clone(),
            clock: clock.clone(),
            rules: config.policy.clone(),
            scope: Scope { repositories: config.github.repositories.clone(), branches: config.github.branches.clone() },
            budget: Budget::default(),
            words: words.clone(),
            chats,
            ci: github.clone().map(|github| github as Arc<dyn Ci>),
            forge: github.clone().map(|github| github as Arc<dyn Forge>),
            git: github.clone().map(|github| rooms(config, github)),
            resolver: Some(Arc::new(Resolver::new(beside(config, "-resolver"), |key| std::env::var_os(key)))),
            directory,
            decoders,
            feeds,
            home,
        })
        .await
        .map_err(|why| why.to_string())?;
        let integrations = Arc::new(integrations(config));
        let mut doors = doors(config, &engine, &clock, integrations.clone(), health.clone());
        let heard = discord::Intake {
            door: engine.clone(),
            ask: engine.clone(),
            origin: Origin::Socket,
            application: config.discord.application_id.clone(),
        };
        doors.endpoints = endpoints(config, &engine, &clock, slack.as_ref(), &heard)?;
        let private = private(config, &doors, &engine, console, words, seats, console_hosts)?;
        let slack_socket =
            config.slack.app_token.clone().filter(|_| slack.is_some() && config.slack.transport == "socket");
        Ok(Self {
            engine,
            public: server::public(doors),
            private,
            integrations,
            store,
            slack,
            slack_socket: slack_socket.map(|token| {
                (config.slack.api_url.clone(), token, health.integration("slack_socket", "Slack Socket Mode"))
            }),
            discord_gateway: gateway(config, discord.as_ref(), heard, &health),
            discord_commands: (config.discord.application_id.clone(), config.discord.guild_id.clone()),
            discord,
            github: github.filter(|_| writes_to_github(config)),
            name,
        })
    }

    /// Opens Slack's sockets, where Slack is configured.
    ///
    /// # Errors
    /// The token is not usable.
    pub async fn listen_to_slack(
        &self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<slack::Listener>, String> {
        let Some(slack) = &self.slack else { return Ok(None) };
        let (own, store, ends) = (slack.clone(), self.store.clone(), stop.clone());
        tasks.spawn(async move { learn_workspace(&own, &*store, &ends).await });
        let Some((api_url, token, health)) = &self.slack_socket else { return Ok(None) };
        let door: Arc<dyn Door> = self.engine.clone();
        let intake = slack::Intake { door, slack: slack.clone(), origin: Origin::Socket };
        slack::listen(api_url, token.expose_secret(), intake, health.clone(), (tasks, stop)).await.map(Some)
    }

    /// Registers Discord's commands and opens the gateway, where Discord is configured.
    pub fn listen_to_discord(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        if let Some(rest) = self.discord.clone() {
            let ((application, guild), ends) = (self.discord_commands.clone(), stop.clone());
            tasks.spawn(async move { register(&rest, application.as_deref(), guild.as_deref(), &ends).await });
        }
        if let Some(gateway) = self.discord_gateway.clone() {
            discord::listen(gateway, tasks, stop.clone());
        }
    }

    /// Learns how people call us on pull requests.
    fn learn_name(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (Some(github), name, ends) = (self.github.clone(), self.name.clone(), stop.clone()) else { return };
        tasks.spawn(async move {
            while let Err(why) = github.whoami().await.map(|who| name.set(who)) {
                tracing::debug!(%why, "GitHub does not answer yet");
                if pause(&ends).await {
                    return;
                }
            }
        });
    }

    /// Whether Slack has told which workspace is ours; until then, nobody there has a role.
    #[must_use]
    pub fn knows_workspace(&self) -> bool {
        self.slack.as_ref().is_some_and(|slack| slack.team().get().is_some())
    }

    /// Runs until `stop`: the engine's loops, both listeners, the sockets.
    ///
    /// # Errors
    /// What could not be started.
    pub async fn run(
        self,
        public: TcpListener,
        private: Option<TcpListener>,
        stop: CancellationToken,
    ) -> Result<(), String> {
        let tasks = TaskTracker::new();
        self.engine.run(&tasks, &stop);
        let sockets = self.listen_to_slack(&tasks, &stop).await?;
        self.listen_to_discord(&tasks, &stop);
        self.learn_name(&tasks, &stop);
        tasks.spawn(server::serve(public, self.public.clone(), stop.clone()));
        if let (Some(router), Some(private)) = (self.private.clone(), private) {
            tasks.spawn(server::serve(private, router, stop.clone()));
        }
        tasks.spawn(upkeep(stop.clone()));
        stop.cancelled().await;
        if let Some(sockets) = sockets {
            sockets.stop().await;
        }
        tasks.close();
        tasks.wait().await;
        Ok(())
    }
}

/// Where the cards of hooks may link to.
fn link_hosts(config: &Config) -> Vec<String> {
    let forge = GitHub::web_host(&config.github.api_url);
    config.hooks.hosts.iter().cloned().chain(std::iter::once(forge)).collect()
}

/// Everything on every branch: the page is the whole picture.
fn console_feed() -> Subscription {
    Subscription {
        platform: Platform::new(console::PLATFORM),
        channel: console::CHANNEL.into(),
        filter: Filter { branch: Some("*".into()), ..Filter::default() },
        role: None,
        fixed: true,
    }
}

/// Before an integration is called again. `true` when it is time to stop.
async fn pause(stop: &CancellationToken) -> bool {
    const PAUSE: Duration = Duration::from_secs(30);
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => false,
        () = stop.cancelled() => true,
    }
}

async fn register(rest: &discord::Rest, application: Option<&str>, guild: Option<&str>, stop: &CancellationToken) {
    loop {
        match discord::register(rest, application, guild).await {
            Ok(true) => return tracing::info!("registered the commands with Discord"),
            Ok(false) => return tracing::debug!("Discord has the commands already"),
            // Integrations that are down are reported once, by themselves.
            Err(PortError::Permanent { why }) => tracing::warn!(%why, "Discord refuses the commands"),
            Err(why) => tracing::debug!(%why, "could not register the commands with Discord yet"),
        }
        if pause(stop).await {
            return;
        }
    }
}

async fn learn_workspace(slack: &Slack, store: &dyn Store, stop: &CancellationToken) {
    loop {
        match slack.whoami().await {
            Ok(who) => {
                tracing::info!("connected to Slack as {who}");
                let team = slack.team().get().map(|team| team.as_str().into());
                let settings = vec![(SLACK_TEAM.to_owned(), team)];
                if let Err(why) = store.commit(Turn { settings, ..Turn::default() }).await {
                    tracing::warn!(%why, "could not store the Slack workspace");
                }
                return;
            }
            Err(why) => tracing::debug!(%why, "Slack does not answer yet"),
        }
        if pause(stop).await {
            return;
        }
    }
}

/// Without credentials public data can be read and nothing written.
fn writes_to_github(config: &Config) -> bool {
    config.github.token.is_some() || config.github.app_id.is_some()
}

fn rest(config: &Config, clock: &Arc<dyn Clock>, health: &Health) -> Result<Option<Arc<discord::Rest>>, String> {
    let Some(bot_token) = config.discord.bot_token.clone() else { return Ok(None) };
    let settings = discord::Settings { api_url: config.discord.api_url.clone(), bot_token, clock: clock.clone() };
    discord::Rest::new(settings).map(|rest| Some(Arc::new(rest.watched(health.integration("discord", "Discord")))))
}

fn gateway(
    config: &Config,
    rest: Option<&Arc<discord::Rest>>,
    intake: discord::Intake,
    health: &Health,
) -> Option<discord::Listener> {
    let token = config.discord.bot_token.as_ref().filter(|_| config.discord.transport == "gateway")?;
    Some(discord::Listener {
        api_url: config.discord.api_url.clone(),
        token: token.expose_secret().to_owned(),
        intake,
        rest: rest?.clone(),
        health: health.integration("discord_gateway", "Discord's gateway"),
    })
}

/// The addresses that Slack and Discord call, where their transport is HTTP.
fn endpoints(
    config: &Config,
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    slack: Option<&Arc<Slack>>,
    heard: &discord::Intake,
) -> Result<Vec<Arc<dyn Endpoint>>, String> {
    let mut all: Vec<Arc<dyn Endpoint>> = Vec::new();
    let secret = config.slack.signing_secret.clone().filter(|_| config.slack.transport == "http");
    if let (Some(slack), Some(secret)) = (slack, secret) {
        let signature = Arc::new(slack::Signature { secret, clock: clock.clone() });
        let intake = slack::Intake { door: engine.clone(), slack: slack.clone(), origin: Origin::Signed };
        for kind in [slack::Kind::Events, slack::Kind::Commands, slack::Kind::Interactions] {
            all.push(Arc::new(slack::Address { kind, signature: signature.clone(), intake: intake.clone() }));
        }
    }
    let key = config.discord.public_key.as_ref().filter(|_| config.discord.transport == "http");
    if let Some(key) = key.filter(|_| config.discord.bot_token.is_some()) {
        let key = discord::Key::parse(key)?;
        let intake = discord::Intake { origin: Origin::Signed, ..heard.clone() };
        all.push(Arc::new(discord::Interactions { key, clock: clock.clone(), intake }));
    }
    Ok(all)
}

fn github(config: &Config, clock: &Arc<dyn Clock>, health: &Health) -> Result<Option<Arc<GitHub>>, String> {
    let credentials = credentials(config)?;
    let file = |path: &std::path::PathBuf| std::fs::read(path).map_err(|why| format!("github.ca_file: {why}"));
    let settings = github::Settings {
        api_url: config.github.api_url.clone(),
        ca_pem: config.github.ca_file.as_ref().map(file).transpose()?,
        credentials,
        clock: clock.clone(),
    };
    GitHub::new(settings).map(|github| Some(Arc::new(github.watched(health.integration("github", "GitHub")))))
}

/// The App before a plain token; without either, public data can still be read.
fn credentials(config: &Config) -> Result<Credentials, String> {
    if let (Some(id), Some(path)) = (config.github.app_id, &config.github.private_key_file) {
        let pem = std::fs::read_to_string(path).map_err(|why| format!("github.private_key_file: {why}"))?;
        return Credentials::app(id, &pem).map_err(|why| format!("github.private_key_file: {why}"));
    }
    Ok(config.github.token.clone().map_or(Credentials::Nobody, Credentials::Token))
}

fn slack(config: &Config, health: &Health) -> Result<Option<Arc<Slack>>, String> {
    let Some(bot_token) = config.slack.bot_token.clone() else { return Ok(None) };
    let settings = slack::Settings { api_url: config.slack.api_url.clone(), bot_token };
    Slack::new(&settings).map(|slack| Some(Arc::new(slack.watched(health.integration("slack", "Slack")))))
}

/// Each way in or out with `on`, or why it is off.
fn integrations(config: &Config) -> Vec<(String, String)> {
    let say = |on: bool, off: &str| if on { "on".to_owned() } else { format!("off: {off}") };
    let github = writes_to_github(config);
    let socket = config.slack.app_token.is_some() && config.slack.transport == "socket";
    let signed = config.slack.signing_secret.is_some() && config.slack.transport == "http";
    let keyed = config.discord.public_key.is_some() || config.discord.transport == "gateway";
    vec![
        ("github webhooks".into(), say(config.github.webhook_secret.is_some(), "set github.webhook_secret")),
        ("github api".into(), say(github, "set github.token, or github.app_id and github.private_key_file")),
        ("slack cards".into(), say(config.slack.bot_token.is_some(), "set slack.bot_token")),
        (
            "slack commands".into(),
            say(
                config.slack.bot_token.is_some() && (socket || signed),
                "set slack.bot_token with slack.app_token (socket) or slack.signing_secret (http)",
            ),
        ),
        ("discord cards".into(), say(config.discord.bot_token.is_some(), "set discord.bot_token")),
        (
            "discord commands".into(),
            say(config.discord.bot_token.is_some() && keyed, "set discord.bot_token, and discord.public_key for http"),
        ),
        ("hooks".into(), say(config.hooks.token.is_some(), "set hooks.token")),
        (
            "api".into(),
            say(
                config.api.read_token.is_some() || config.api.act_token.is_some(),
                "set api.read_token or api.act_token",
            ),
        ),
        ("console".into(), say(config.console.token.is_some(), "set console.token")),
    ]
}

fn doors(
    config: &Config,
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    integrations: Arc<Vec<(String, String)>>,
    health: Arc<Health>,
) -> Doors {
    let mut secrets: Vec<Secret> =
        config.github.webhook_secret.iter().map(|text| Secret { text: text.clone(), until: None }).collect();
    secrets.extend(config.github.webhook_secret_previous.iter().map(|previous| match previous {
        crate::config::Previous::Always(text) => Secret { text: text.clone(), until: None },
        crate::config::Previous::Until { secret, until } => {
            Secret { text: secret.clone(), until: Some(Time(until.timestamp_millis())) }
        }
    }));
    let signature = Signature { secrets, app_id: config.github.app_id, clock: clock.clone() };
    let token = |secret: &Option<secrecy::SecretString>| secret.clone().map(Arc::new);
    Doors {
        door: engine.clone(),
        ask: engine.clone(),
        github: config.github.webhook_secret.is_some().then(|| Arc::new(signature) as Arc<dyn Verifier>),
        endpoints: Vec::new(),
        hook_token: token(&config.hooks.token),
        read_token: token(&config.api.read_token),
        act_token: token(&config.api.act_token),
        integrations,
        health,
    }
}

fn private(
    config: &Config,
    doors: &Doors,
    engine: &Arc<Engine>,
    console: Arc<Console>,
    words: Arc<Words>,
    seats: Seats,
    hosts: Vec<String>,
) -> Result<Option<Router>, String> {
    let token = config.console.token.clone().map(Arc::new);
    let (people, token) = match seats {
        Seats::Operator if token.is_none() => return Ok(None),
        Seats::Operator => {
            (vec![console::Person { id: OPERATOR.into(), name: OPERATOR.into(), role: Role::Admin }], token)
        }
        Seats::Open(people) => (people, None),
    };
    let settings = console::Settings {
        console,
        door: engine.clone(),
        ask: engine.clone(),
        words,
        token: token.clone(),
        people,
        hosts,
        previews: vec![
            console::Preview { platform: slack::PLATFORM, name: "Slack", message: slack::message },
            console::Preview { platform: discord::PLATFORM, name: "Discord", message: discord::message },
        ],
    };
    let pages = console::router(settings)?;
    let (prometheus, engine) = (prometheus(), engine.clone());
    let render = move || {
        let (prometheus, engine) = (prometheus.clone(), engine.clone());
        // Queues as they are now.
        async move {
            engine.measure().await;
            prometheus.render()
        }
        .boxed()
    };
    let probe = Probe { token, render: Arc::new(render) };
    Ok(Some(server::private(doors.clone(), probe, pages)))
}

/// The process's recorder of metrics.
fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let make = || {
        let seconds = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &seconds);
        let recorder = builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        // Somebody else's recorder stays in place; ours then shows nothing.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        handle
    };
    HANDLE.get_or_init(make).clone()
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
    for (name, help) in [
        ("ci_rescue_deliveries_total", "Deliveries received, by source and outcome."),
        ("ci_rescue_events_total", "Events that changed nothing, by reason."),
        ("ci_rescue_incidents_opened_total", "Incidents opened."),
        ("ci_rescue_effects_total", "Effects performed, by kind and outcome."),
        ("ci_rescue_cards_total", "Writes to chat platforms, by platform and kind."),
        ("ci_rescue_dead_letters_total", "Deliveries set aside because they could not be processed."),
        ("ci_rescue_integration_failures_total", "Failed calls, by integration."),
    ] {
        describe_counter!(name, help);
    }
    for (name, help) in [
        ("ci_rescue_queue_depth", "Rows waiting, by queue."),
        ("ci_rescue_cards_behind", "Cards that do not show the latest state of their incident, by platform."),
        ("ci_rescue_incidents", "Incidents stored, by state."),
        (
            "ci_rescue_integration_up",
            "Whether an integration answers (1) or is down (0); absent before the first call.",
        ),
        ("ci_rescue_integration_changed_timestamp_seconds", "When an integration last went up or down, Unix time."),
        ("ci_rescue_github_quota_remaining", "GitHub API calls left, by owner and resource."),
        ("ci_rescue_github_quota_limit", "GitHub API calls allowed per window, by owner and resource."),
        ("ci_rescue_github_quota_reset_timestamp_seconds", "When GitHub's quota is reset, Unix time."),
        ("ci_rescue_build_info", "The running version, as a label; always 1."),
    ] {
        describe_gauge!(name, help);
    }
    describe_histogram!("ci_rescue_effect_seconds", Unit::Seconds, "Time taken by effects, by kind.");
    gauge!("ci_rescue_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

async fn upkeep(stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(5);
    let handle = prometheus();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => handle.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}

/// What a browser may call a listener: its address, and its loopback names.
#[must_use]
pub fn hosts_of(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let mut hosts = vec![address.to_string()];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")));
    }
    hosts
}
