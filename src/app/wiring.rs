//! What every engine is wired from, with or without doors.

use super::live::Live;
use super::platform::{self, Base, Wired};
use super::{agents, audit, beside, console, containers, decoders, digests, github, metrics, providers, sinks};
use crate::adapters::github::{GitHub, OAuth};
use crate::adapters::resolver::Resolver;
use crate::card::{Places, Words};
use crate::config::{AgentSection, Config, LivePeople};
use crate::domain::subscription::Subscription;
use crate::engine::{Parts, RepoFilter, Settings};
use crate::ports::{Accounts, Chat, Ci, Clock, Forge, Health, Store};
use std::sync::{Arc, OnceLock};

pub struct Wiring {
    pub health: Arc<Health>,
    pub words: Arc<Words>,
    pub platforms: Vec<Arc<dyn Wired>>,
    /// Our name at GitHub, once it is known.
    pub name: Arc<OnceLock<String>>,
    pub directory: Arc<LivePeople>,
    pub live: Arc<Live>,
    pub accounts: Option<Arc<OAuth>>,
    clock: Arc<dyn Clock>,
    github: Option<Arc<GitHub>>,
    writes: bool,
    home: Option<String>,
}

impl Wiring {
    /// Calls nobody. `operator` is whoever the console's token stands for.
    pub async fn of(
        config: &Config,
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        operator: Option<String>,
        home: Option<String>,
    ) -> Result<Self, String> {
        // First of all, so that nothing is measured before there is a recorder.
        metrics::prometheus();
        let health = Health::new(clock.clone());
        let proxied = config.console.url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        let home = home.or(proxied);
        let places = Places { home: home.clone(), web: GitHub::web_url(&config.github.api_url) };
        let words = Arc::new(Words::shipped(places).map_err(|why| why.to_string())?);
        let live = Live::new(config, clock.clone());
        let github = github::client(config, clock, &health, Some(&live))?;
        let base = Base { config, store, clock, health: &health, live: &live };
        let mut platforms = Vec::new();
        for platform in platform::all() {
            platforms.extend(platform.wire(&base).await?);
        }
        let (people, groups) = (config.people.clone(), config.groups.clone());
        Ok(Self {
            words,
            platforms,
            name: Arc::default(),
            directory: Arc::new(LivePeople::new(people, groups, operator, clock.clone())),
            accounts: github::accounts(config)?,
            clock: clock.clone(),
            github,
            writes: github::writes(config),
            live,
            home,
            health,
        })
    }

    /// GitHub, where we may write to it.
    pub fn writable(&self) -> Option<Arc<GitHub>> {
        self.github.clone().filter(|_| self.writes)
    }

    pub fn parts(
        &self,
        config: &Config,
        store: Arc<dyn Store>,
        chats: Vec<Arc<dyn Chat>>,
        feeds: Vec<Subscription>,
    ) -> Result<Parts, String> {
        let github = self.github.clone();
        Ok(Parts {
            store,
            clock: self.clock.clone(),
            settings: settings(config, &config.agents, config.repro.runner.is_some(), feeds),
            words: self.words.clone(),
            chats,
            audit: audit::logs(config)?,
            sinks: sinks::all(config, &self.words, &self.health, &self.live)?,
            ci: github.clone().map(|github| github as Arc<dyn Ci>),
            forge: github.clone().map(|github| github as Arc<dyn Forge>),
            git: github.map(|github| github::rooms(config, beside(config, "-git"), github)),
            resolver: Some(Arc::new(Resolver::new(beside(config, "-resolver"), |key| std::env::var_os(key)))),
            agents: agents::room(config)?,
            containers: containers::room(config)?,
            status: providers::pages(config)?,
            directory: self.directory.clone(),
            accounts: self.accounts.clone().map(|accounts| accounts as Arc<dyn Accounts>),
            decoders: decoders(config, &self.name, &self.platforms),
            health: self.health.clone(),
            console_url: self.home.clone().or_else(|| console::url_of(config)),
            home: self.home.clone(),
        })
    }
}

/// What the engine goes by until the configuration says otherwise.
pub fn settings(config: &Config, agents: &[AgentSection], containers: bool, feeds: Vec<Subscription>) -> Settings {
    Settings {
        rules: crate::domain::Rules { loops: config.loops.loops(agents), containers, ..config.policy.clone() },
        mentions: config.mentions.mentions(),
        filter: RepoFilter {
            repositories: config.github.repositories.clone(),
            branches: config.github.branches.clone(),
        },
        feeds,
        digests: digests(config),
        verdict_check: config.github.verdict_check,
        watching: config.schedules.watching(),
    }
}
