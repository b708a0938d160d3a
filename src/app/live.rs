//! The configuration that is in force, and how another one comes into force while we run.

use super::{known, tls, wiring};
use crate::config::{self, AgentSection, Change, Config, ConfigError, LivePeople, Values};
use crate::domain::subscription::Subscription;
use crate::domain::time::{MINUTE_MS, Time};
use crate::engine::Engine;
use crate::evidence::redact;
use crate::ports::{Clock, Renewable, Renewal};
use crate::server::Tls;
use secrecy::SecretString;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Where the configuration is read anew.
pub type Source = Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>;

/// Puts something in force that was found good.
type Commit = Box<dyn FnOnce() + Send>;
type Prepare = Box<dyn Fn(&Config) -> Result<Commit, String> + Send + Sync>;

/// Something that another configuration may replace.
struct Part {
    /// The keys that it is made of, with all that is below them.
    keys: Vec<String>,
    /// A neighbour may refuse it.
    secret: bool,
    prepare: Prepare,
}

/// How soon what a neighbour refuses is read anew once more.
const AGAIN_MS: i64 = MINUTE_MS;

/// Keys of what the engine goes by.
const SETTINGS: [&str; 9] = [
    "policy",
    "mentions",
    "subscriptions",
    "digests",
    "schedules",
    "github.repositories",
    "github.branches",
    "github.skip_flag",
    "github.verdict_check",
];
/// Of `[loops]`, what is a limit. Guides and templates are read once.
const LIMITS: [&str; 9] = [
    "loops.attempts_max",
    "loops.budget_cents",
    "loops.daily_budget_cents",
    "loops.attempt_budget_cents",
    "loops.first_look_seconds",
    "loops.look_seconds",
    "loops.ci_minutes",
    "loops.apart_minutes",
    "loops.analyst_budget_cents",
];
/// Masked at once, wherever they turn up.
const MASKED: &str = "redaction";

/// What came of reading the configuration anew.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// In force now, a line each.
    pub changed: Vec<String>,
    /// They differ and wait for a restart.
    pub restart: Vec<String>,
}

pub struct Live {
    clock: Arc<dyn Clock>,
    source: OnceLock<Source>,
    parts: Mutex<Vec<Part>>,
    /// What is in force.
    values: Mutex<Values>,
    /// Agents are those of the start.
    agents: Vec<AgentSection>,
    /// Whether containers were on at the start.
    containers: bool,
    renewed: Mutex<Option<Time>>,
    /// One reading at a time.
    reading: tokio::sync::Mutex<()>,
}

/// As the log tells it.
fn masked(change: &Change) -> String {
    redact::text(&change.to_string(), &mut redact::Counts::default()).into_owned()
}

/// A secret without which its integration cannot go on.
///
/// # Errors
/// It was removed.
pub fn kept(key: &str, secret: Option<&SecretString>) -> Result<SecretString, String> {
    secret.cloned().ok_or_else(|| format!("{key} cannot be removed while the bot runs: restart it"))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    #[must_use]
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            source: OnceLock::new(),
            parts: Mutex::default(),
            values: Mutex::new(config.origin.values.clone()),
            agents: config.agents.clone(),
            containers: config.repro.runner.is_some(),
            renewed: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        })
    }

    /// Where to read it from. Without one, nothing is read anew.
    pub fn reads(&self, source: Source) {
        let _ = self.source.set(source);
    }

    /// Something that is made of these keys, and made anew when one of them changed.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn part<T: Send + Sync + 'static>(
        self: &Arc<Self>,
        config: &Config,
        keys: &[&str],
        make: impl Fn(&Config) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Renewable<T>, String> {
        let cell = Renewable::from(make(config)?).by(self.renewal());
        let own = cell.clone();
        self.on(keys, true, move |config| {
            let (made, own) = (make(config)?, own.clone());
            Ok(Box::new(move || own.put(made)))
        });
        Ok(cell)
    }

    fn on(
        &self,
        keys: &[&str],
        secret: bool,
        prepare: impl Fn(&Config) -> Result<Commit, String> + Send + Sync + 'static,
    ) {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        locked(&self.parts).push(Part { keys, secret, prepare: Box::new(prepare) });
    }

    /// The people and the certificates.
    pub fn follow(&self, people: &Arc<LivePeople>, listeners: &[Option<Tls>; 2]) {
        let people = Arc::clone(people);
        self.on(&["people", "groups"], false, move |config| {
            let (people, new) = (Arc::clone(&people), (config.people.clone(), config.groups.clone()));
            Ok(Box::new(move || people.replace(new.0, new.1)))
        });
        let all = tls::LISTENERS.iter().zip(listeners).filter_map(|(section, own)| Some((*section, own.clone()?)));
        for (section, own) in all {
            let (keys, clock) =
                (["tls_cert_file", "tls_key_file"].map(|key| format!("{section}.{key}")), self.clock.clone());
            let prepare = move |config: &Config| {
                let now = clock.now();
                let certificate = tls::of(config, section, now)?;
                let certificate = certificate
                    .ok_or_else(|| format!("{section}.tls_cert_file cannot be removed while the bot runs"))?;
                let own = own.clone();
                let commit: Commit = Box::new(move || {
                    own.show(&certificate);
                    tls::told(section, &certificate, now);
                });
                Ok(commit)
            };
            self.on(&keys.each_ref().map(String::as_str), false, prepare);
        }
    }

    fn renewal(self: &Arc<Self>) -> Renewal {
        let own = Arc::downgrade(self);
        Arc::new(move || {
            if let Some(own) = own.upgrade() {
                own.renew();
            }
        })
    }

    /// Whatever a neighbour may refuse, read anew: a secret's file may have been replaced. A configuration that is broken
    /// meanwhile changes nothing.
    fn renew(&self) {
        let now = self.clock.now();
        let Some(source) = self.source.get() else { return };
        {
            let mut renewed = locked(&self.renewed);
            if renewed.is_some_and(|at| (0..AGAIN_MS).contains(&now.ms_since(at))) {
                return;
            }
            *renewed = Some(now);
        }
        let read = source().map_err(|why| why.to_string());
        let made = read.and_then(|config| Ok((self.prepared(&config, true)?, config)));
        match made {
            Ok((commits, config)) => {
                redact::know(config::secrets(&config));
                for (change, commit) in commits {
                    if let Some(commit) = commit {
                        commit();
                    }
                    tracing::info!("read anew, since it was refused: {change}");
                    locked(&self.values).adopt(&change);
                }
            }
            Err(why) => tracing::debug!(%why, "what was refused cannot be read anew"),
        }
    }

    /// Each change that a part is made of, with what puts it in force: once a part.
    fn prepared(&self, config: &Config, secrets: bool) -> Result<Vec<(Change, Option<Commit>)>, String> {
        let changes = locked(&self.values).changes(&config.origin.values);
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for part in locked(&self.parts).iter().filter(|part| part.secret || !secrets) {
            let of = |change: &&Change| part.keys.iter().any(|key| change.is_below(key));
            let own: Vec<&Change> = changes.iter().filter(of).collect();
            if own.is_empty() {
                continue;
            }
            match (part.prepare)(config) {
                Ok(commit) => {
                    let mut commit = Some(commit);
                    all.extend(own.into_iter().map(|change| (change.clone(), commit.take())));
                }
                Err(why) => faults.push(why),
            }
        }
        if faults.is_empty() { Ok(all) } else { Err(faults.join("\n")) }
    }

    /// Reads the configuration anew and puts in force what may change; or, where something is wrong with it, nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it, a line each. The one before stays in force.
    pub async fn reload(&self, engine: &Engine, console: Subscription) -> Result<Reloaded, String> {
        let _one = self.reading.lock().await;
        let Some(source) = self.source.get() else { return Ok(Reloaded::default()) };
        let config = source().map_err(|why| why.to_string())?;
        if let Some(path) = &config.known_issues.file {
            known::read(path)?;
        }
        let commits = self.prepared(&config, false)?;
        let changes = locked(&self.values).changes(&config.origin.values);
        let is_setting = |change: &Change| SETTINGS.iter().chain(&LIMITS).any(|key| change.is_below(key));
        let is_live = |change: &Change| {
            is_setting(change) || change.is_below(MASKED) || commits.iter().any(|(one, _)| one == change)
        };
        let (live, waiting): (Vec<Change>, Vec<Change>) = changes.into_iter().partition(is_live);
        // First of all, so that nothing new is shown.
        redact::know(config::secrets(&config));
        commits.into_iter().filter_map(|(_, commit)| commit).for_each(|commit| commit());
        if live.iter().any(is_setting) {
            let mut feeds: Vec<Subscription> = config.subscriptions.iter().map(config::Feed::subscription).collect();
            feeds.push(console);
            let settings = wiring::settings(&config, &self.agents, self.containers, feeds);
            engine.apply(settings).await.map_err(|why| format!("in force, but digests could not be stored: {why}"))?;
        }
        let mut values = locked(&self.values);
        for change in &live {
            values.adopt(change);
        }
        let words = |changes: &[Change]| changes.iter().map(masked).collect();
        Ok(Reloaded { changed: words(&live), restart: words(&waiting) })
    }
}
