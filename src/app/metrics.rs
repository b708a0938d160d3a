//! The process's metrics: the recorder, what each means, and their upkeep.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The process's recorder of metrics.
pub fn prometheus() -> PrometheusHandle {
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

/// Until `stop`.
pub async fn upkeep(stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(5);
    let handle = prometheus();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => handle.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}
