//! Counts what a history holds.

use super::history::{Cause, History, Truth};

/// The failing test outcomes of first attempts, by cause, in [`Cause::ALL`]'s
/// order.
pub fn first_failures(history: &History) -> [usize; 6] {
    count(history, |history, truth| {
        let line = &history.lines[truth.line];
        line.test.is_some() && line.attempt == 1
    })
}

/// The same for jobs that failed by themselves: no test of theirs reported.
pub fn job_failures(history: &History) -> [usize; 6] {
    count(history, |history, truth| {
        let line = &history.lines[truth.line];
        line.test.is_none() && line.attempt == 1 && truth.note != "by its tests"
    })
}

/// A text for people.
pub fn describe(history: &History) -> String {
    let mut text = format!("{} lines, {} failing\n", history.lines.len(), history.failures.len());
    text += &shares("tests, first attempts", first_failures(history));
    text += &shares("jobs by themselves", job_failures(history));
    let reruns = history.lines.iter().filter(|l| l.test.is_none() && l.attempt > 1).count();
    text + &format!("{reruns} job outcomes of later attempts\n")
}

fn count(history: &History, fits: impl Fn(&History, &Truth) -> bool) -> [usize; 6] {
    Cause::ALL.map(|cause| {
        let of_cause = history.failures.iter().filter(|truth| truth.cause == cause);
        of_cause.filter(|truth| fits(history, truth)).count()
    })
}

fn shares(title: &str, counts: [usize; 6]) -> String {
    let total: usize = counts.iter().sum();
    let mut text = format!("{title}: {total}\n");
    for (cause, count) in Cause::ALL.iter().zip(counts) {
        let percent = 100.0 * count as f64 / total.max(1) as f64;
        text += &format!("  {cause:<14?} {count:>6}  {percent:5.1} %\n");
    }
    text
}
