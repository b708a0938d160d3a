//! The console, wired: who sits there, what it shows, and the probes beside it.

use super::live::Live;
use super::metrics::prometheus;
use super::platform;
use crate::adapters::console::{self, Console};
use crate::adapters::github::OAuth;
use crate::adapters::oidc::{self, Oidc};
use crate::card::Words;
use crate::config::{Config, OPERATOR};
use crate::domain::actor::{Platform, Role};
use crate::domain::subscription::{Filter, Subscription};
use crate::engine::Engine;
use crate::ports::{Clock, Directory, SignIn};
use crate::server::{self, Doors, Probe};
use axum::Router;
use futures::FutureExt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The ports that go without saying.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// Who sits at the console, and whether a token is asked for.
pub enum Seats {
    /// One operator, behind `console.token`.
    Operator,
    /// Several people without a token: the demo.
    Open(Vec<console::Person>),
}

/// Everything on every branch: the page is the whole picture.
pub fn feed() -> Subscription {
    Subscription {
        platform: Platform::new(console::PLATFORM),
        channel: console::CHANNEL.into(),
        filter: Filter { branch: Some("*".into()), ..Filter::default() },
        role: None,
        fixed: true,
        added: None,
    }
}

/// What the console is made of.
pub struct Made {
    pub console: Arc<Console>,
    pub words: Arc<Words>,
    pub seats: Seats,
    /// Values of Host that are ours, beside that of `console.url`.
    pub hosts: Vec<String>,
    pub clock: Arc<dyn Clock>,
    pub directory: Arc<dyn Directory>,
    /// Providers at which people sign in.
    pub ways: Vec<Arc<dyn SignIn>>,
    pub live: Arc<Live>,
}

/// Whether anybody could sign in to it.
#[must_use]
pub fn is_on(config: &Config) -> bool {
    config.console.token.is_some() || config.sign_in.is_on()
}

/// `OpenID` Connect, where it is configured.
///
/// # Errors
/// The issuer is no address.
pub fn oidc(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Oidc>, String> {
    let own = &config.sign_in;
    let (Some(issuer), Some(client_id)) = (own.oidc_issuer.clone(), own.oidc_client_id.clone()) else {
        return Ok(None);
    };
    let (client_secret, domains) = (own.oidc_client_secret.clone(), own.oidc_domains.clone());
    let (groups_claim, clock) = (own.oidc_groups_claim.clone(), clock.clone());
    Oidc::new(oidc::Settings { issuer, client_id, client_secret, domains, groups_claim, clock }).map(Some)
}

/// Every provider at which people sign in.
pub fn ways(
    config: &Config,
    github: Option<&Arc<OAuth>>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Arc<dyn SignIn>>, String> {
    let mut all: Vec<Arc<dyn SignIn>> = Vec::new();
    all.extend(github.filter(|_| config.sign_in.github).map(|github| github.clone() as Arc<dyn SignIn>));
    all.extend(oidc(config, clock)?.map(|oidc| Arc::new(oidc) as Arc<dyn SignIn>));
    Ok(all)
}

fn proxy(config: &Config) -> Result<Option<console::Proxy>, String> {
    let own = &config.sign_in;
    let Some(header) = &own.proxy_header else { return Ok(None) };
    let named = |key: &str, name: &str| name.parse().map_err(|_| format!("sign_in.{key}: {name} is no header's name"));
    let groups = own.proxy_groups_header.as_ref().map(|name| named("proxy_groups_header", name)).transpose()?;
    let from = own.proxies.iter().filter_map(|text| server::network(text)).collect();
    Ok(Some(console::Proxy { header: named("proxy_header", header)?, groups, from }))
}

/// The private listener: console, metrics, API. `None` where it would be open to everybody.
///
/// # Errors
/// A page's template does not compile.
pub fn private(config: &Config, doors: &Doors, engine: &Arc<Engine>, made: Made) -> Result<Option<Router>, String> {
    let token = made.live.part(config, &["console.token"], |config| Ok(config.console.token.clone()))?;
    let (people, token, open) = match made.seats {
        Seats::Operator if !is_on(config) => return Ok(None),
        Seats::Operator => {
            let operator = console::Person { id: OPERATOR.into(), name: OPERATOR.into(), role: Role::Admin };
            (vec![operator], token, false)
        }
        Seats::Open(people) => (people, None.into(), true),
    };
    let url = config.console.url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let named = url.as_ref().and_then(host_of);
    let hosts: Vec<String> = made.hosts.into_iter().chain(named.clone()).collect();
    let by_proxy = named.filter(|_| url.is_some_and(|url| url.scheme() == "https"));
    let own = config.console.tls_cert_file.is_some();
    let settings = console::Settings {
        console: made.console,
        door: engine.clone(),
        ask: engine.clone(),
        insight: engine.clone(),
        features: doors.integrations.clone(),
        words: made.words,
        token: token.clone(),
        open,
        people,
        directory: made.directory,
        ways: made.ways,
        proxy: proxy(config)?,
        tls_hosts: if own { hosts.clone() } else { by_proxy.into_iter().collect() },
        hosts,
        clock: made.clock,
        previews: platform::all().map(platform::Platform::preview).into(),
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
    let probe = Probe { token, open, render: Arc::new(render) };
    Ok(Some(server::private(doors.clone(), probe, pages)))
}

/// Where others reach it, as the configuration says; without a slash at the end.
pub fn url_of(config: &Config) -> Option<String> {
    config.console.url.as_deref().map(|url| url.trim_end_matches('/').to_owned())
}

/// What a browser sends as Host, in lower case.
fn host_of(url: &url::Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// What a browser may call a listener: its address, and its loopback names.
#[must_use]
pub fn hosts_of(address: SocketAddr) -> Vec<String> {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut names = vec![ip];
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        names.extend(["127.0.0.1", "localhost", "[::1]"].map(str::to_owned));
    }
    let port = address.port();
    let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    // Browsers leave out the port that goes without saying.
    if [HTTP, HTTPS].contains(&port) {
        hosts.extend(names);
    }
    hosts
}
