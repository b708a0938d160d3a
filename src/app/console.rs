//! The console, wired: who sits there, what it shows, and the probes beside it.

use super::metrics::prometheus;
use super::platform;
use crate::adapters::console::{self, Console};
use crate::card::Words;
use crate::config::{Config, OPERATOR};
use crate::domain::actor::{Platform, Role};
use crate::domain::subscription::{Filter, Subscription};
use crate::engine::Engine;
use crate::ports::Clock;
use crate::server::{self, Doors, Probe};
use axum::Router;
use futures::FutureExt;
use std::net::SocketAddr;
use std::sync::Arc;

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
}

/// The private listener: console, metrics, API. `None` where it would be open to everybody.
///
/// # Errors
/// A page's template does not compile.
pub fn private(config: &Config, doors: &Doors, engine: &Arc<Engine>, made: Made) -> Result<Option<Router>, String> {
    let token = config.console.token.clone().map(Arc::new);
    let (people, token) = match made.seats {
        Seats::Operator if token.is_none() => return Ok(None),
        Seats::Operator => {
            (vec![console::Person { id: OPERATOR.into(), name: OPERATOR.into(), role: Role::Admin }], token)
        }
        Seats::Open(people) => (people, None),
    };
    let url = config.console.url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let named = url.as_ref().and_then(host_of);
    let settings = console::Settings {
        console: made.console,
        door: engine.clone(),
        ask: engine.clone(),
        words: made.words,
        token: token.clone(),
        people,
        hosts: made.hosts.into_iter().chain(named.clone()).collect(),
        tls_host: named.filter(|_| url.is_some_and(|url| url.scheme() == "https")),
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
    let probe = Probe { token, render: Arc::new(render) };
    Ok(Some(server::private(doors.clone(), probe, pages)))
}

/// What a browser sends as Host, in lower case.
fn host_of(url: &url::Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
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
