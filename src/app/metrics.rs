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
        ("ci_rescue_artifacts_total", "Artifacts with test reports, by what came of them."),
        ("ci_rescue_requests_refused_total", "Requests without the right proof of origin, by its kind and outcome."),
        ("ci_rescue_integration_failures_total", "Failed calls, by integration."),
    ] {
        describe_counter!(name, help);
    }
    for (name, help) in [
        ("ci_rescue_queue_depth", "Rows waiting, by queue."),
        ("ci_rescue_cards_behind", "Cards that do not show the latest state of their incident, by platform."),
        ("ci_rescue_channels_closed", "Channels that cannot be written to, by platform and reason."),
        ("ci_rescue_cards_held", "Cards that wait for a channel that cannot be written to, by platform."),
        ("ci_rescue_incidents", "Incidents stored, by state."),
        (
            "ci_rescue_integration_up",
            "Whether an integration answers (1) or is down (0); absent before the first call.",
        ),
        ("ci_rescue_integration_changed_timestamp_seconds", "When an integration last went up or down, Unix time."),
        ("ci_rescue_github_quota_remaining", "GitHub API calls left, by owner and resource."),
        ("ci_rescue_github_quota_limit", "GitHub API calls allowed per window, by owner and resource."),
        ("ci_rescue_github_quota_reset_timestamp_seconds", "When GitHub's quota is reset, Unix time."),
        ("ci_rescue_time_to_green_seconds", "From a failure to green in the last 30 days, mean and median."),
        (
            "ci_rescue_fix_seconds",
            "From a failure to green where another commit was needed, in the last 30 days: median.",
        ),
        ("ci_rescue_green_builds_ratio", "Runs of default branches of the last 30 days that were green in the end."),
        ("ci_rescue_retries_passed_ratio", "Retried incidents of the last 30 days that passed by it."),
        (
            "ci_rescue_new_failures_recognised_ratio",
            "New failures of the last 30 days that had a cause or a known issue within a day.",
        ),
        ("ci_rescue_duplicates", "Incidents of the last 30 days that joined an older one."),
        ("ci_rescue_escalations", "Escalations of the last 30 days; wrong ones were of failures that were none."),
        ("ci_rescue_fix_pulls", "Pull requests of the bot's of the last 30 days, by how they ended."),
        ("ci_rescue_proposals", "Proposals of the last 30 days, by remedy and state."),
        ("ci_rescue_verdict_brier_score", "Brier score of the chance to pass again, as first told; 0 is perfect."),
        ("ci_rescue_verdicts_told", "Incidents by the chance to pass again that was told (percent), and what came."),
        (
            "ci_rescue_suite_flake_ratio",
            "The chance that a job fails with nothing broken: the worst, at most 50 by name while the process runs.",
        ),
        ("ci_rescue_loops", "Loops of fixing agents of the last 30 days, the newest hundred, by specialist and state."),
        ("ci_rescue_loop_seconds", "From the request for a loop to the push that passed, by specialist: median."),
        ("ci_rescue_agent_cost_dollars", "What the loops of the last 30 days cost, by specialist."),
        ("ci_rescue_agent_budget_dollars", "Money for fixing agents today, from midnight UTC: spent, and its limit."),
        ("ci_rescue_certificate_expires_timestamp_seconds", "When a listener's certificate expires, Unix time."),
        ("ci_rescue_audit_behind", "Entries of the audit that a log has not taken, by log."),
        ("ci_rescue_build_info", "The running version, as a label; always 1."),
    ] {
        describe_gauge!(name, help);
    }
    for (name, help) in [
        ("ci_rescue_effect_seconds", "Time taken by effects, by kind."),
        ("ci_rescue_acknowledge_seconds", "Time from a delivery's proof of origin to its being on disk, by source."),
        ("ci_rescue_delivery_wait_seconds", "Time that deliveries waited in the inbox."),
    ] {
        describe_histogram!(name, Unit::Seconds, help);
    }
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
