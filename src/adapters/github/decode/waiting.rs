//! Jobs that wait for a runner of one's own.

use super::event;
use crate::adapters::github::payload::Job;
use crate::domain::event::{Event, Failure, Scope};
use crate::domain::ids::Repo;
use crate::domain::text::Untrusted;
use crate::ports::Heard;

/// Labels of one job that are read.
const LABELS_MAX: usize = 20;

/// What the job asks for; nothing where GitHub's own machines do.
fn labels(job: &Job) -> Vec<Untrusted> {
    let all = &job.labels;
    if all.iter().any(|label| is_hosted(label)) {
        return Vec::new();
    }
    all.iter().take(LABELS_MAX).map(|label| label.as_str().into()).collect()
}

/// `ubuntu-24.04`, `windows-latest` (docs.github.com, "GitHub-hosted runners"); `windows-cuda` is somebody's own.
fn is_hosted(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let version = ["ubuntu-", "windows-", "macos-"].iter().find_map(|system| label.strip_prefix(system));
    version.is_some_and(|rest| rest.starts_with("latest") || rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A job that waits for a runner of one's own concerns that runner before it concerns its run.
pub(super) fn ask(failure: &mut Failure, job: &Job) {
    failure.labels = labels(job);
    if !failure.labels.is_empty() {
        failure.scope = Scope::Runner;
    }
}

/// It waits no more: it started, or it ended, which it may have done without a runner.
pub(super) fn left(repo: &Repo, action: &str, job: &Job) -> Vec<Heard> {
    let labels = labels(job);
    let started = action == "in_progress" || job.runner_id.is_some_and(|id| id > 0);
    if labels.is_empty() || !matches!(action, "in_progress" | "completed") {
        return Vec::new();
    }
    event(Event::LeftQueue { repo: repo.clone(), labels, job_id: job.id, started })
}

#[cfg(test)]
mod tests {
    use super::is_hosted;

    #[test]
    fn machines_of_githubs_are_told_from_ones_own() {
        for (label, hosted) in [
            ("ubuntu-latest", true),
            ("ubuntu-24.04-arm", true),
            ("Windows-2025", true),
            ("macos-15-large", true),
            ("windows-cuda", false),
            ("ubuntu", false),
            ("self-hosted", false),
            ("macos-m4", false),
        ] {
            assert_eq!(is_hosted(label), hosted, "{label}");
        }
    }
}
