//! Who makes it so: inbox → step → commit → outbox → perform, timers, cards, and what was missed.
//!
//! Each loop's body is a method that does one piece of work and says whether there was any, so that tests pump by hand
//! what [`Engine::run`] repeats.

mod access;
mod advisories;
pub mod agents;
pub mod analyst;
mod ask;
mod at_work;
mod calibrating;
mod checkup;
mod chronicle;
mod code;
mod commit_checks;
mod completing;
pub mod containers;
mod context;
mod desk;
mod door;
pub mod export;
mod feeds;
pub mod fill;
mod filling;
mod forms;
mod gauges;
mod groups;
pub mod history;
mod holders;
mod homes;
mod house;
pub mod insight;
mod keyed;
mod late;
mod ledger;
mod links;
mod look;
mod loops;
mod markers;
mod mentions;
mod merge;
mod names;
mod notify;
mod owners;
mod perform;
mod pointers;
mod presses;
mod preview;
mod providers;
mod publish;
mod range;
mod reconcile;
pub mod record;
pub mod rehearse;
mod replicas;
mod reports;
mod repro;
mod resolve;
mod rest;
mod review;
mod reviews;
mod run;
mod schedules;
mod seal;
mod seen;
mod settings;
mod sharing;
mod spans;
mod stats;
mod summaries;
mod surfaces;
mod suspects;
mod tail;
mod timers;
mod tracks;
mod trail;
pub mod trying;
mod turn;
pub mod verdict;

pub use publish::troubles;
pub use seal::KEY as SEAL_KEY;
pub use settings::Settings;

use crate::card::Words;
use crate::domain::Repo;
use crate::domain::actor::Platform;
use crate::domain::facts::Hold;
use crate::domain::ids::IncidentNo;
use crate::domain::subscription::{Subscription, glob, repo_glob};
use crate::domain::time::Time;
use crate::incident::Index;
use crate::ports::{
    Accounts, AuditLog, Chat, Ci, Clock, Decoder, Directory, Forge, Git, Health, Query, Replicas, Resolver, Sink,
    StatusPages, Store, StoreError, Ticks,
};
use arc_swap::ArcSwap;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Mutex, Notify, watch};

/// Which repositories and branches are ours. Empty lists mean all.
#[derive(Clone, Debug, Default)]
pub struct RepoFilter {
    pub repositories: Vec<String>,
    pub branches: Vec<String>,
}

impl RepoFilter {
    #[must_use]
    pub fn has_repo(&self, repo: &Repo) -> bool {
        self.repositories.is_empty() || self.repositories.iter().any(|want| repo_glob(want, repo.as_str()))
    }

    /// Whether repositories of more than one owner may turn up.
    #[must_use]
    pub fn has_several_owners(&self) -> bool {
        let all = self.repositories.iter().map(|repo| Some(repo.as_str()));
        crate::domain::subscription::owners(all).unwrap_or(true)
    }

    #[must_use]
    pub fn has(&self, repo: &Repo, branch: &str) -> bool {
        let any = |list: &[String], text: &str| list.is_empty() || list.iter().any(|want| glob(want, text));
        self.has_repo(repo) && any(&self.branches, branch)
    }
}

/// Everything the engine is given.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
    pub words: Arc<Words>,
    pub chats: Vec<Arc<dyn Chat>>,
    pub sinks: Vec<Sink>,
    /// Where entries of the audit go.
    pub audit: Vec<Arc<dyn AuditLog>>,
    pub ci: Option<Arc<dyn Ci>>,
    pub forge: Option<Arc<dyn Forge>>,
    pub git: Option<Arc<dyn Git>>,
    pub resolver: Option<Arc<dyn Resolver>>,
    pub agents: Option<agents::AgentRoom>,
    /// Where code of repositories may run.
    pub containers: Option<containers::ContainerRoom>,
    /// Where providers say that something is wrong.
    pub status: Option<Arc<dyn StatusPages>>,
    pub directory: Arc<dyn Directory>,
    /// Who proves whose account at the forge is whose.
    pub accounts: Option<Arc<dyn Accounts>>,
    pub decoders: Vec<Arc<dyn Decoder>>,
    pub health: Arc<Health>,
    /// Where incidents can be read in a browser.
    pub home: Option<String>,
    /// Where others reach the console, for links to it.
    pub console_url: Option<String>,
}

/// What only one turn at a time may touch.
struct State {
    index: Index,
    next_incident: u64,
    /// From the configuration.
    fixed: Vec<Subscription>,
    /// Added by command.
    feeds: Vec<Subscription>,
    names: names::Names,
    homes: homes::Homes,
}

pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: ArcSwap<Settings>,
    words: Arc<Words>,
    chats: BTreeMap<Platform, Arc<dyn Chat>>,
    sinks: BTreeMap<Platform, Sink>,
    trails: trail::Trails,
    ci: Option<Arc<dyn Ci>>,
    forge: Option<Arc<dyn Forge>>,
    git: Option<Arc<dyn Git>>,
    resolver: Option<Arc<dyn Resolver>>,
    agents: Option<agents::AgentRoom>,
    containers: Option<containers::ContainerRoom>,
    status: Option<Arc<dyn StatusPages>>,
    at_work: at_work::AtWork,
    /// Where several processes may share the store: this one among them.
    replicas: Option<Arc<dyn Replicas>>,
    /// This process is about to end: agents at work are stopped.
    stopping: AtomicBool,
    directory: Arc<dyn Directory>,
    accounts: Option<Arc<dyn Accounts>>,
    /// When the members of groups were asked for last.
    grouped: std::sync::Mutex<Option<Time>>,
    decoders: HashMap<&'static str, Arc<dyn Decoder>>,
    health: Arc<Health>,
    home: Option<String>,
    console_url: Option<String>,
    seal: seal::Seal,
    installation: String,
    state: Mutex<State>,
    /// When each channel may be written to again.
    slots: Mutex<HashMap<(Platform, String), Time>>,
    /// How fast cards may be edited, where the platform counts edits apart from posts.
    edits: BTreeMap<Platform, EditBudget>,
    /// Channels that refuse us.
    gates: publish::Gates,
    presses: presses::Presses,
    /// What the forge said that accounts may read.
    answers: Mutex<access::Answers>,
    /// Commits whose verdict check is being looked at: an older look must not write last.
    looked_at: keyed::Keyed<(Repo, String)>,
    /// What the forge said of branches, for people who type.
    branches: Mutex<completing::Branches>,
    /// The figures' gauges.
    shown: Mutex<gauges::Shown>,
    reports: reports::Reports,
    filling: Option<filling::Filling>,
    /// What wildcards of the filter are matched against.
    listed: std::sync::Mutex<reconcile::Listed>,
    turn_due: Notify,
    effect_due: Notify,
    /// Entries of the audit wait to be handed over.
    trail_due: Notify,
    /// Counts the turns that left a card behind: no publisher misses one.
    card_due: watch::Sender<u64>,
    /// Whether a write failed since the last one that did not.
    store_fails: AtomicBool,
}

type EditBudget = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

/// The budgets of the platforms that have one.
fn budgets(chats: &[Arc<dyn Chat>], clock: &Arc<dyn Clock>) -> BTreeMap<Platform, EditBudget> {
    let budget = |chat: &Arc<dyn Chat>| {
        let (a_minute, burst) = chat.edits_a_minute()?;
        let quota = Quota::per_minute(a_minute).allow_burst(burst);
        Some((chat.platform(), RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(clock)))))
    };
    chats.iter().filter_map(budget).collect()
}

const HOLD: &str = "hold";
const NEXT_INCIDENT: &str = "next_incident";
const FEEDS: &str = "feed:";

impl Engine {
    /// Reads what the store remembers and gets ready to work.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, StoreError> {
        let secrets = seal::Secrets::load(&*parts.store).await?;
        let feeds = stored_feeds(&*parts.store).await?;
        let (index, next_incident) = rebuild(&*parts.store).await?;
        let names = names::Names::load(&*parts.store).await?;
        let homes = homes::load(&*parts.store).await?;
        let edits = budgets(&parts.chats, &parts.clock);
        let reports = reports::Reports::new(&parts.clock);
        let filling = filling::Filling::of(&parts);
        let fixed = parts.settings.feeds.clone();
        let replicas = parts.store.replicas()?;
        let engine = Arc::new(Self {
            replicas,
            store: parts.store,
            clock: parts.clock,
            settings: ArcSwap::from_pointee(parts.settings),
            words: parts.words,
            edits,
            chats: parts.chats.into_iter().map(|chat| (chat.platform(), chat)).collect(),
            sinks: parts.sinks.into_iter().map(|sink| (sink.platform(), sink)).collect(),
            trails: trail::Trails::new(parts.audit),
            ci: parts.ci,
            forge: parts.forge,
            git: parts.git,
            resolver: parts.resolver,
            agents: parts.agents,
            containers: parts.containers,
            status: parts.status,
            at_work: at_work::AtWork::default(),
            stopping: AtomicBool::new(false),
            directory: parts.directory,
            accounts: parts.accounts,
            grouped: std::sync::Mutex::default(),
            health: parts.health,
            decoders: parts.decoders.into_iter().map(|decoder| (decoder.source(), decoder)).collect(),
            home: parts.home,
            console_url: parts.console_url,
            seal: secrets.seal,
            installation: secrets.installation,
            state: Mutex::new(State { index, next_incident, fixed, feeds, names, homes }),
            slots: Mutex::new(HashMap::new()),
            gates: publish::Gates::default(),
            presses: presses::Presses::default(),
            answers: Mutex::default(),
            looked_at: keyed::Keyed::default(),
            branches: Mutex::default(),
            shown: Mutex::default(),
            reports,
            filling,
            listed: std::sync::Mutex::default(),
            turn_due: Notify::new(),
            effect_due: Notify::new(),
            trail_due: Notify::new(),
            card_due: watch::Sender::new(0),
            store_fails: AtomicBool::new(false),
        });
        // Of several replicas, only the one that leads does; it does so when it begins to.
        if engine.replicas.is_none() {
            engine.resume().await?;
        }
        Ok(engine)
    }

    /// The emergency stop, read from the store: it must hold at once, and after a restart.
    async fn read_hold(&self) -> Result<Option<Hold>, StoreError> {
        let stored = self.store.setting(HOLD).await?;
        let read = |value| {
            serde_json::from_value(value)
                .map_err(|why| StoreError::Broken(format!("cannot read the emergency stop: {why}")))
        };
        stored.map(read).transpose()
    }
}

impl State {
    /// All feeds: configured and added by command.
    fn all_feeds(&self) -> impl Iterator<Item = &Subscription> {
        self.fixed.iter().chain(&self.feeds)
    }
}

async fn stored_feeds(store: &dyn Store) -> Result<Vec<Subscription>, StoreError> {
    let rows = store.settings(FEEDS).await?;
    Ok(rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect())
}

/// The routing index and the next incident's number, from what is stored.
async fn rebuild(store: &dyn Store) -> Result<(Index, u64), StoreError> {
    let mut index = Index::default();
    for (key, seen) in store.runs().await? {
        index.saw_run(key, seen);
    }
    let open = store.incidents(&Query { open_only: true, limit: usize::MAX, ..Query::default() }).await?;
    for incident in open.iter().rev() {
        index.note(incident);
    }
    let newest = store.incidents(&Query { limit: 1, ..Query::default() }).await?;
    let counted = store.setting(NEXT_INCIDENT).await?.and_then(|n| n.as_u64()).unwrap_or(1);
    let after = newest.first().map_or(1, |incident| incident.no.0 + 1);
    Ok((index, counted.max(after)))
}

/// The key of an incident's timer.
fn timer_key(no: IncidentNo, timer: crate::domain::event::Timer) -> String {
    format!("{}:{timer:?}", no.0)
}
