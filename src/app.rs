//! The rooms wired together: what `serve`, `demo` and the tests start from.

pub mod agents;
mod alone;
mod audit;
mod clock;
mod console;
pub mod containers;
mod discord;
mod github;
pub mod greeting;
pub mod known;
mod leading;
mod live;
mod metrics;
mod platform;
mod providers;
pub mod sinks;
mod slack;
pub mod tls;
pub mod traces;
mod wiring;

use crate::adapters::console::{Console, ConsoleDecoder};
use crate::adapters::github::{GitHub, Pulls, Webhooks};
use crate::adapters::hooks::Hooks;
use crate::config::{Config, Feed, OPERATOR};
use crate::domain::pointer::Sites;
use crate::domain::subscription::Subscription;
use crate::domain::summary::Schedule;
use crate::engine::Engine;
use crate::ports::{Chat, Ci, Clock, Decoder, Health, Replicas, Store};
use crate::server::{self, Doors, Front, Proxies, Tls};
pub use alone::alone;
use axum::Router;
pub use clock::SystemClock;
pub use console::{Seats, hosts_of, is_on as console_is_on, oidc};
pub use github::accounts;
use leading::Work;
pub use live::{Live, Reloaded, Source};
use platform::Wired;
use std::ffi::OsString;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wiring::Wiring;

/// What is under way gets this long when we stop: service managers kill after 30 seconds, and traces are sent after it.
const GRACE: Duration = Duration::from_secs(20);

/// Everything, built and not yet running.
pub struct App {
    pub engine: Arc<Engine>,
    pub public: Router,
    /// Absent where the console would be open to everybody.
    pub private: Option<Router>,
    /// Each way in or out with `on`, or why it is off.
    pub integrations: Arc<Vec<(String, String)>>,
    proxies: Proxies,
    /// Of the public listener and the private one.
    tls: [Option<Tls>; 2],
    work: Work,
    /// Where several processes share the store.
    replicas: Option<Arc<dyn Replicas>>,
    /// What may be read anew while we run.
    pub live: Arc<Live>,
}

/// A directory beside the store.
fn beside(config: &Config, ending: &str) -> OsString {
    let mut dir = config.store.path.clone().into_os_string();
    dir.push(ending);
    dir
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
        let certificates = tls::read(config, clock.now())?;
        tls::tell(&certificates, clock.now());
        let operator = matches!(seats, Seats::Operator).then(|| OPERATOR.to_owned());
        let wiring = Wiring::of(config, &store, &clock, operator, home).await?;
        let console = Arc::new(Console::default());
        let mut feeds: Vec<Subscription> = config.subscriptions.iter().map(Feed::subscription).collect();
        feeds.push(console::feed());
        let chats = chats(&console, wiring.writable().as_ref(), &wiring.platforms);
        let replicas = store.replicas().map_err(|why| why.to_string())?;
        let engine = Engine::start(wiring.parts(config, store, chats, feeds)?).await.map_err(|why| why.to_string())?;
        let writable = wiring.writable();
        let Wiring { health, words, platforms, name, directory, accounts, live, .. } = wiring;
        let integrations = Arc::new(integrations(config));
        let mut endpoints = Vec::new();
        for platform in &platforms {
            endpoints.extend(platform.endpoints(&engine)?);
        }
        let tls = tls::listeners(&certificates)?;
        live.follow(&directory, &tls);
        let doors = Doors {
            door: engine.clone(),
            ask: engine.clone(),
            insight: engine.clone(),
            github: github::verifier(config, &clock, &live)?,
            endpoints,
            hook_token: live.part(config, &["hooks.token"], |config| Ok(config.hooks.token.clone()))?,
            read_token: live.part(config, &["api.read_token"], |config| Ok(config.api.read_token.clone()))?,
            act_token: live.part(config, &["api.act_token"], |config| Ok(config.api.act_token.clone()))?,
            integrations: integrations.clone(),
            health: health.clone(),
            tried: Arc::default(),
        };
        let ways = console::ways(config, accounts.as_ref(), &clock)?;
        let live_here = live.clone();
        let made =
            console::Made { console, words, seats, hosts: console_hosts, clock, directory, ways, live: live_here };
        let private = console::private(config, &doors, &engine, made)?;
        let proxies = Proxies::new(config.server.proxies.iter().map(String::as_str));
        let public = server::public(doors);
        let work = Work { engine: engine.clone(), platforms, github: writable, name };
        Ok(Self { engine, public, private, integrations, proxies, tls, work, replicas, live })
    }

    /// Reads the configuration anew and puts in force what may change.
    ///
    /// # Errors
    /// As [`Live::reload`].
    pub async fn reload(&self) -> Result<Reloaded, String> {
        reload(&self.live, &self.engine).await
    }

    /// Introduces us to the chat platforms and opens connections to them; they close after `stop`.
    ///
    /// # Errors
    /// What is configured cannot work.
    pub async fn listen(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        self.work.listen(tasks, stop).await
    }

    /// Whether people can be told apart on every platform; until then, nobody has a role there.
    #[must_use]
    pub fn knows_people(&self) -> bool {
        self.work.platforms.iter().all(|platform| platform.is_known())
    }

    /// Runs until `stop`: the engine's loops, both listeners, the connections. What is under way then is finished, or cut
    /// off after 20 seconds.
    ///
    /// # Errors
    /// What could not be started.
    pub async fn run(
        self,
        public: TcpListener,
        private: Option<TcpListener>,
        stop: CancellationToken,
    ) -> Result<(), String> {
        self.run_until(public, private, stop, GRACE).await
    }

    /// The same with another time for what is under way at the end.
    ///
    /// # Errors
    /// As [`App::run`].
    pub async fn run_until(
        self,
        public: TcpListener,
        private: Option<TcpListener>,
        stop: CancellationToken,
        grace: Duration,
    ) -> Result<(), String> {
        let tasks = TaskTracker::new();
        match self.replicas {
            None => self.work.begin(&tasks, &stop).await?,
            Some(replicas) => drop(tasks.spawn(self.work.take_turns(replicas, stop.clone()))),
        }
        let [public_tls, private_tls] = self.tls.clone();
        let serve = |listener, router, tls| {
            let front = Front { proxies: self.proxies.clone(), tls, ..Front::default() };
            server::serve_behind(listener, router, front, stop.clone())
        };
        tasks.spawn(serve(public, self.public.clone(), public_tls));
        if let (Some(router), Some(private)) = (self.private.clone(), private) {
            tasks.spawn(serve(private, router, private_tls));
        }
        tasks.spawn(metrics::upkeep(stop.clone()));
        stop.cancelled().await;
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            let cut = self.engine.performing();
            let cut = if cut.is_empty() { "connections".to_owned() } else { cut.join(", ") };
            tracing::warn!("stopped before this was done, and the next start goes on with it: {cut}");
        }
        Ok(())
    }
}

/// The same, for whoever has no [`App`] any more.
///
/// # Errors
/// As [`Live::reload`].
pub async fn reload(live: &Live, engine: &Engine) -> Result<Reloaded, String> {
    live.reload(engine, console::feed()).await
}

/// A CI provider with the clock that it goes by.
pub type TimedCi = (Arc<dyn Ci>, Arc<dyn Clock>);

/// The CI provider, for commands that work without a server.
///
/// # Errors
/// A sentence for the operator.
pub fn ci(config: &Config) -> Result<TimedCi, String> {
    if !github::writes(config) {
        return Err("set github.token, or github.app_id and github.private_key_file".into());
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = github::client(config, &clock, &Health::new(clock.clone()), None)?;
    let ci = client.ok_or("GitHub is not configured")?;
    Ok((ci, clock))
}

/// The digests that the configuration asks for.
fn digests(config: &Config) -> Vec<Schedule> {
    let zone = config.mentions.mentions().zone_name();
    config.digests.iter().filter_map(|digest| digest.schedule(&zone)).collect()
}

/// Where links lead that we know: the forge's pages, and the console at its public address.
#[must_use]
pub fn sites(config: &Config) -> Sites {
    Sites::new(GitHub::web_url(&config.github.api_url).as_deref(), console::url_of(config).as_deref())
}

/// Where cards go: the console, pull requests, the platforms.
fn chats(console: &Arc<Console>, github: Option<&Arc<GitHub>>, platforms: &[Arc<dyn Wired>]) -> Vec<Arc<dyn Chat>> {
    let mut all: Vec<Arc<dyn Chat>> = vec![console.clone()];
    all.extend(github.map(|github| Arc::new(Pulls::new(github.clone())) as Arc<dyn Chat>));
    all.extend(platforms.iter().map(|platform| platform.chat()));
    all
}

fn decoders(config: &Config, name: &Arc<OnceLock<String>>, platforms: &[Arc<dyn Wired>]) -> Vec<Arc<dyn Decoder>> {
    let mut all: Vec<Arc<dyn Decoder>> = vec![
        Arc::new(ConsoleDecoder),
        Arc::new(Hooks { hosts: github::link_hosts(config) }),
        Arc::new(Webhooks {
            web_host: GitHub::web_host(&config.github.api_url),
            name: name.clone(),
            app: config.github.app_id,
        }),
    ];
    all.extend(platforms.iter().map(|platform| platform.decoder()));
    all
}

/// Each way in or out with `on`, or why it is off.
fn integrations(config: &Config) -> Vec<(String, String)> {
    let api = config.api.read_token.is_some() || config.api.act_token.is_some();
    let mut all = github::states(config);
    all.extend(platform::all().iter().flat_map(|platform| platform.states(config)));
    all.extend(sinks::states(config));
    all.extend([
        platform::state("hooks", config.hooks.token.is_some(), "set hooks.token"),
        platform::state("api", api, "set api.read_token or api.act_token"),
        platform::state("console", console::is_on(config), "set console.token or a way of sign_in"),
    ]);
    all
}
