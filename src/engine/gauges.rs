//! Gauges for the metrics page: queues as they are now, figures as they were minutes ago.

mod agents;
mod rooms;

use super::Engine;
use crate::domain::figures::{BINS, Figures};
use crate::ports::StoreError;
use metrics::gauge;
use std::collections::BTreeSet;

/// Figures are taken anew when they are this old.
const FIGURES_MS: i64 = 5 * crate::domain::time::MINUTE_MS;
/// Jobs named by label while the process runs: their names come from outside, so there is a bound on them.
const SUITES_MAX: usize = 50;
/// The label of those beyond.
const OTHERS: &str = "others";

/// What the figures' gauges were set to last.
#[derive(Default)]
pub struct Shown {
    /// When, by [`crate::ports::Clock::elapsed_ms`].
    at: Option<i64>,
    suites: BTreeSet<String>,
    ends: BTreeSet<(String, String)>,
    loops: BTreeSet<(String, String)>,
}

impl Engine {
    /// Sets the gauges.
    pub async fn measure(&self) {
        let Ok(counts) = self.store.counts().await else { return };
        for (name, value) in [
            ("inbox", counts.inbox),
            ("outbox", counts.outbox),
            ("timers", counts.timers),
            ("cards", counts.behind.values().sum()),
            ("dead_letters", counts.dead),
        ] {
            gauge!("ci_rescue_queue_depth", "queue" => name).set(value as f64);
        }
        for platform in self.platforms() {
            let behind = counts.behind.get(&platform.0).copied().unwrap_or(0);
            gauge!("ci_rescue_cards_behind", "platform" => platform.0.clone()).set(behind as f64);
        }
        gauge!("ci_rescue_incidents", "state" => "open").set(counts.open as f64);
        gauge!("ci_rescue_incidents", "state" => "all").set(counts.incidents as f64);
        self.measure_rooms().await;
        self.measure_budget().await;
        self.measure_figures().await;
    }

    async fn measure_figures(&self) {
        let now = self.clock.elapsed_ms();
        let mut shown = self.shown.lock().await;
        if shown.at.is_some_and(|at| now.saturating_sub(at) < FIGURES_MS) {
            return;
        }
        let read = async { Ok::<_, StoreError>((self.figures(None).await?, self.late_loops().await?)) };
        match read.await {
            Ok((figures, loops)) => {
                shown.at = Some(now);
                shown.set(&figures);
                shown.set_loops(&loops);
            }
            Err(why) => tracing::error!(%why, "could not count the figures"),
        }
    }
}

/// What nothing is known of is no number.
fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn seconds(ms: Option<i64>) -> f64 {
    known(ms.map(|ms| ms as f64 / 1_000.0))
}

impl Shown {
    fn set(&mut self, figures: &Figures) {
        let to_green = figures.to_green;
        gauge!("ci_rescue_time_to_green_seconds", "stat" => "mean").set(seconds(to_green.map(|times| times.mean)));
        gauge!("ci_rescue_time_to_green_seconds", "stat" => "median").set(seconds(to_green.map(|times| times.median)));
        gauge!("ci_rescue_fix_seconds", "stat" => "median").set(seconds(figures.fix.map(|times| times.median)));
        gauge!("ci_rescue_green_builds_ratio").set(known(figures.builds.ratio()));
        gauge!("ci_rescue_retries_passed_ratio").set(known(figures.retries.ratio()));
        gauge!("ci_rescue_new_failures_recognised_ratio").set(known(figures.recognised.ratio()));
        gauge!("ci_rescue_duplicates").set(f64::from(figures.duplicates));
        let escalated = figures.wrong_escalations;
        gauge!("ci_rescue_escalations", "verdict" => "wrong").set(f64::from(escalated.yes));
        gauge!("ci_rescue_escalations", "verdict" => "right").set(f64::from(escalated.of - escalated.yes));
        let pulls = figures.pulls;
        for (end, count) in [("merged", pulls.merged), ("closed", pulls.closed), ("open", pulls.open)] {
            gauge!("ci_rescue_fix_pulls", "end" => end).set(f64::from(count));
        }
        gauge!("ci_rescue_verdict_brier_score").set(known(figures.calibration.brier));
        for (at, bin) in figures.calibration.bins.iter().enumerate() {
            let said = format!("{}-{}", at * 100 / BINS, (at + 1) * 100 / BINS);
            gauge!("ci_rescue_verdicts_told", "said" => said.clone(), "came" => "passed").set(f64::from(bin.yes));
            gauge!("ci_rescue_verdicts_told", "said" => said, "came" => "failed").set(f64::from(bin.of - bin.yes));
        }
        self.set_ends(figures);
        self.set_suites(figures);
    }

    fn set_ends(&mut self, figures: &Figures) {
        let set = |remedy: &str, state: &str, count: u32| {
            gauge!("ci_rescue_proposals", "remedy" => remedy.to_owned(), "state" => state.to_owned())
                .set(f64::from(count));
        };
        self.ends.iter().for_each(|(remedy, state)| set(remedy, state, 0));
        for ended in &figures.remedies {
            set(&ended.remedy, &ended.state, ended.count);
            self.ends.insert((ended.remedy.clone(), ended.state.clone()));
        }
    }

    fn set_suites(&mut self, figures: &Figures) {
        let set = |suite: &str, rate: f64| {
            gauge!("ci_rescue_suite_flake_ratio", "suite" => suite.to_owned()).set(rate);
        };
        self.suites.iter().for_each(|suite| set(suite, f64::NAN));
        // The worst come first, so that what is left for those beyond is the worst of them.
        let mut beyond = None;
        for suite in &figures.suites {
            let name = format!("{} {}", suite.repo, suite.job);
            if self.suites.len() < SUITES_MAX || self.suites.contains(&name) {
                set(&name, suite.rate);
                self.suites.insert(name);
            } else {
                beyond = beyond.or(Some(suite.rate));
            }
        }
        set(OTHERS, known(beyond));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::figures::Suite;

    #[test]
    fn names_from_outside_have_a_bound() {
        let mut shown = Shown::default();
        for n in 0..1_000 {
            let suite = Suite {
                repo: "acme/shop".into(),
                job: format!("job {n}"),
                executions: 1,
                flakes: 1.0,
                rate: 0.5,
                low: 0.0,
                high: 1.0,
            };
            shown.set(&Figures { suites: vec![suite], ..Figures::default() });
        }
        assert_eq!(shown.suites.len(), SUITES_MAX);
    }
}
