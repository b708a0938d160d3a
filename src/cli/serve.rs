//! `serve`: the bot itself.

use super::{ConfigArg, log, runtime};
use ci_rescue::app::{self, App, Seats, SystemClock, hosts_of, known, traces};
use ci_rescue::config;
use ci_rescue::engine::Engine;
use ci_rescue::evidence::redact;
use ci_rescue::ports::Door;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub fn run(args: &ConfigArg) -> Result<(), String> {
    let config = args.load()?;
    let runtime = runtime()?;
    let provider = {
        // The exporter sends by this runtime.
        let _inside = runtime.enter();
        traces::provider(&config.traces).map_err(|why| format!("{}: {why}", config.name("traces.endpoint")))?
    };
    log("info", provider.as_ref());
    redact::know(config::secrets(&config));
    if let Some(count) = known::load(&config)? {
        tracing::info!(count, "loaded the known issues of known_issues.file");
    }
    raise_descriptors();
    runtime.block_on(async {
        let store = super::at::configured(&config)?;
        let public = bind("server.listen", &config.server.listen).await?;
        // Where nobody could sign in there is no console, and nothing to listen for.
        let private = if app::console_is_on(&config) {
            Some(bind("console.listen", &config.console.listen).await?)
        } else {
            None
        };
        let public_at = address(&public)?;
        let private_at = private.as_ref().map(address).transpose()?;
        let app = App::build(
            &config,
            store,
            Arc::new(SystemClock),
            Seats::Operator,
            private_at.map(hosts_of).unwrap_or_default(),
            None,
        )
        .await?;
        for (name, state) in app.integrations.iter() {
            tracing::info!("{name}: {state}");
        }
        let console = private_at.map_or_else(|| "off".to_owned(), |at| format!("http://{at}"));
        tracing::info!(public = %public_at, %console, "CI Rescue is running");
        // Whoever started us and waits for the address reads it here.
        println!("listening on http://{public_at}, console {console}");
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone()));
        tokio::spawn(try_again_on_signal(app.engine.clone()));
        let ended = app.run(public, private, stop).await;
        if let Some(provider) = provider {
            traces::stop(provider).await;
        }
        ended?;
        tracing::info!("stopped; everything accepted is on disk");
        Ok(())
    })
}

/// Connections are file descriptors, and the usual limit is from the time of `select`: as many as we may have.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(why) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%why, "the limit of file descriptors stays as it is");
    }
}

pub async fn bind(key: &str, address: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|why| format!("{key} {address}: {why}"))
}

pub fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|why| why.to_string())
}

/// SIGHUP: what waits for something to be fixed is tried at once.
async fn try_again_on_signal(engine: Arc<Engine>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return tracing::warn!("cannot listen for SIGHUP");
    };
    while hangup.recv().await.is_some() {
        tracing::info!("trying again what waits for something to be fixed");
        engine.fixed(None);
    }
}

/// Ctrl-C, or what a service manager sends.
pub async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(why) => {
            tracing::warn!(%why, "cannot listen for the termination signal");
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    stop.cancel();
}
