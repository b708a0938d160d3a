//! The log: lines on standard error, as text or as JSON objects.

use super::terminal::{self, Log};
use ci_rescue::evidence::redact;
use ci_rescue::ports::TRACE;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::panic::PanicHookInfo;
use tracing_subscriber::fmt::format::{DefaultFields, Format as Lines};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, filter, fmt};

/// Libraries whose lines repeat ours, or say nothing to operators.
const TAMED: &str = "sled=off,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=error,tower=warn,tower_http=warn,\
                     octocrab=warn,opentelemetry=off,slack_morphism=off,serenity=off,tokio_tungstenite=off,tungstenite=off,\
                     tokio_postgres=off,deadpool_postgres=off";

/// The variable that chooses the format.
pub const FORMAT: &str = "CI_RESCUE_LOG";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for people
    Text,
    /// A JSON object a line
    Json,
}

impl Format {
    /// For commands without an option for it.
    fn of_environment() -> Self {
        let json = std::env::var(FORMAT).is_ok_and(|kind| kind == "json");
        if json { Self::Json } else { Self::Text }
    }
}

/// Logs to standard error; `RUST_LOG` chooses what, and `CI_RESCUE_LOG=json` makes each line a JSON object.
pub fn log(level: &str) {
    start(level, Format::of_environment(), None);
}

/// The same in this format. Spans go to `traces`.
pub fn start(level: &str, format: Format, traces: Option<&SdkTracerProvider>) {
    use opentelemetry::trace::TracerProvider;
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|text| !text.trim().is_empty());
    let wanted = wanted.map(|text| text.parse::<EnvFilter>());
    let (filter, wrong) = match wanted {
        Some(Ok(filter)) => (Some(filter), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    let filter = filter.unwrap_or_else(|| EnvFilter::new(format!("{level},{TAMED}")));
    let lines = match format {
        Format::Json => lines().json().boxed(),
        Format::Text => lines().with_target(false).boxed(),
    };
    // What is for traces alone would stand before every line.
    let lines = lines.with_filter(filter).with_filter(filter::filter_fn(|meta| meta.target() != TRACE));
    let spans = traces.map(|traces| {
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("ci-rescue"));
        let layer = layer.with_threads(false).with_location(false).with_target(false).with_tracked_inactivity(false);
        layer.with_filter(filter::filter_fn(|meta| meta.target() == TRACE))
    });
    tracing_subscriber::registry().with(lines).with(spans).init();
    std::panic::set_hook(Box::new(panicked));
    if let Some(why) = wrong {
        tracing::warn!("RUST_LOG is ignored: {why}");
    }
}

/// Why the program cannot go on, in `format`. Whatever `RUST_LOG` hides, and also before [`start`].
pub fn last_words(format: Format, why: &str) {
    if format == Format::Text {
        return eprintln!("ci-rescue: {}", masked(why));
    }
    let line = tracing_subscriber::registry().with(lines().json());
    tracing::subscriber::with_default(line, || tracing::error!("{}", masked(why)));
}

type Layered<S> = fmt::Layer<S, DefaultFields, Lines, Box<dyn Fn() -> Log + Send + Sync>>;

fn lines<S>() -> Layered<S> {
    let colours = terminal::has_colour(&std::io::stderr());
    let writer: Box<dyn Fn() -> Log + Send + Sync> = Box::new(move || Log { colours });
    fmt::layer().with_ansi(colours).log_internal_errors(false).with_writer(writer)
}

fn masked(text: &str) -> String {
    redact::text(text, &mut redact::Counts::default()).into_owned()
}

/// A panic's own lines would be no JSON, and its words may quote a secret.
fn panicked(panic: &PanicHookInfo<'_>) {
    let why = panic.payload_as_str().unwrap_or("a panic without words");
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, "panicked: {}", masked(why));
}
