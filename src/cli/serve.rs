//! `serve`: the bot itself.

use super::log::{self, Format};
use super::{BAD_INPUT, ConfigArg, runtime};
use ci_rescue::app::{self, App, Live, Reloaded, Seats, SystemClock, hosts_of, known, traces};
use ci_rescue::config;
use ci_rescue::engine::Engine;
use ci_rescue::evidence::redact;
use ci_rescue::ports::Door;
#[cfg(target_os = "linux")]
use rustix::process::DumpableBehavior;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// How the log is written
    #[arg(long, value_name = "FORMAT", env = log::FORMAT, value_enum, default_value = "text")]
    log_format: Format,
}

pub fn run(args: &Args) -> u8 {
    let Err(why) = start(args) else { return 0 };
    log::last_words(args.log_format, &why);
    BAD_INPUT
}

fn start(args: &Args) -> Result<(), String> {
    let config = args.config.load()?;
    let runtime = runtime()?;
    let provider = {
        // The exporter sends by this runtime.
        let _inside = runtime.enter();
        traces::provider(&config.traces).map_err(|why| format!("{}: {why}", config.name("traces.endpoint")))?
    };
    log::start("info", args.log_format, provider.as_ref());
    redact::know(config::secrets(&config));
    if let Some(count) = known::load(&config)? {
        tracing::info!(count, "loaded the known issues of known_issues.file");
    }
    raise_descriptors();
    keep_memory_private();
    let ended = runtime.block_on(async {
        // Before anybody knows that we run: until then a signal kills, and nothing is sealed.
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone());
        let hangups = signal(SignalKind::hangup()).map_err(|why| format!("cannot listen for SIGHUP: {why}"))?;
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
        let scheme = |certificate: &Option<_>| if certificate.is_some() { "https" } else { "http" };
        let console_scheme = scheme(&config.console.tls_cert_file);
        let console = private_at.map_or_else(|| "off".to_owned(), |at| format!("{console_scheme}://{at}"));
        tracing::info!(public = %public_at, %console, "CI Rescue is running");
        // Whoever started us and waits for the address reads it here; whoever collects JSON has the line above.
        if args.log_format == Format::Text {
            println!("listening on {}://{public_at}, console {console}", scheme(&config.server.tls_cert_file));
        }
        let again = args.config.clone();
        app.live.reads(Box::new(move || again.read()));
        tokio::spawn(read_again_on_signal(hangups, app.live.clone(), app.engine.clone()));
        let ended = app.run(public, private, stop).await;
        if let Some(provider) = provider {
            traces::stop(provider).await;
        }
        ended?;
        tracing::info!("stopped; everything accepted is on disk");
        Ok(())
    });
    // What holds the store lets go of it, and the store is sealed. What was cut off is not waited for any longer.
    runtime.shutdown_timeout(CLOSING);
    ended
}

/// With the time for what is under way and for traces it makes 25 seconds.
const CLOSING: Duration = Duration::from_secs(2);

/// Connections are file descriptors, and the usual limit is from the time of `select`: as many as we may have.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(why) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%why, "the limit of file descriptors stays as it is");
    }
}

/// Memory holds tokens and keys: no crash writes it to disk, and no other process of the account reads it.
fn keep_memory_private() {
    let limit = getrlimit(Resource::Core);
    let done = setrlimit(Resource::Core, Rlimit { current: Some(0), ..limit });
    #[cfg(target_os = "linux")]
    let done = done.and_then(|()| rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable));
    if let Err(why) = done {
        tracing::warn!(%why, "a crash may write a core dump, which holds secrets");
    }
}

pub async fn bind(key: &str, address: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|why| format!("{key} {address}: {why}"))
}

pub fn address(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|why| why.to_string())
}

/// SIGHUP: the configuration is read anew, and what waits for something to be fixed is tried at once.
async fn read_again_on_signal(mut hangups: Signal, live: Arc<Live>, engine: Arc<Engine>) {
    while hangups.recv().await.is_some() {
        match app::reload(&live, &engine).await {
            Ok(Reloaded { changed, restart }) => {
                let changed = if changed.is_empty() { "nothing changed".to_owned() } else { changed.join("\n") };
                tracing::info!("read the configuration again: {changed}");
                if !restart.is_empty() {
                    tracing::warn!("in force after a restart only: {}", restart.join("\n"));
                }
            }
            Err(why) => tracing::error!("the configuration is as it was, since the new one is wrong:\n{why}"),
        }
        tracing::info!("trying again what waits for something to be fixed");
        engine.fixed(None);
    }
}

/// Ctrl-C, or what a service manager sends, from now on.
pub fn stop_on_signal(stop: CancellationToken) {
    let (mut interrupt, mut terminate) = match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(interrupt), Ok(terminate)) => (interrupt, terminate),
        (Err(why), _) | (_, Err(why)) => {
            tracing::warn!(%why, "cannot listen for the termination signal");
            return;
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
        stop.cancel();
    });
}
