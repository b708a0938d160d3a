//! Which job wrote a report: nothing tells it but names.

use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Letters and digits, and numbers with their full stops (`3.12`).
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+(?:\.\d+)+|[^\W_]+").expect("a pattern"));

fn words(name: &str) -> BTreeSet<String> {
    WORD.find_iter(name).map(|word| word.as_str().to_lowercase()).collect()
}

/// The job of these that wrote a report, by the names of the artifact and of the file in it: the one whose name shares
/// most words with them, and some, or the only one. `None` where several are as likely.
#[must_use]
pub fn job_of<'j>(jobs: &[&'j str], report: &str) -> Option<&'j str> {
    if let [only] = jobs {
        return Some(only);
    }
    let told = words(report);
    let shared = |job: &str| words(job).intersection(&told).count();
    let best = jobs.iter().map(|job| shared(job)).max().filter(|best| *best > 0)?;
    let mut likely = jobs.iter().filter(|job| shared(job) == best);
    likely.next().filter(|_| likely.next().is_none()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_belong_to_jobs_by_name() {
        let matrix =
            ["test (ubuntu-latest, 3.11)", "test (ubuntu-latest, 3.12)", "test (windows-latest, 3.12)", "lint"];
        for (report, job) in [
            ("junit-ubuntu-latest-3.12/report.xml", Some(matrix[1])),
            ("test-results-3.11", Some(matrix[0])),
            ("Windows_Latest results", Some(matrix[2])),
            ("lint.sarif", Some("lint")),
            ("test-results", None),
            ("test-results-3.12", None),
            ("junit", None),
        ] {
            assert_eq!(job_of(&matrix, report), job, "{report}");
        }
        assert_eq!(job_of(&["build"], "junit"), Some("build"));
        assert_eq!(job_of(&[], "junit"), None);
        assert_eq!(job_of(&["lint", "test"], "test-results"), Some("test"));
    }

    proptest! {
        #[test]
        fn any_names_are_compared(jobs in prop::collection::vec(any::<String>(), 0..6), report in any::<String>()) {
            let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
            if let Some(job) = job_of(&jobs, &report) {
                prop_assert!(jobs.contains(&job));
            }
        }
    }
}
