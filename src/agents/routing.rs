//! Which specialist looks after a failure: `rules/routing.toml`.

use crate::domain::agent::Routed;
use crate::domain::evidence::Category;
use crate::domain::incident::Incident;
use crate::domain::subscription::{glob, slug};
use crate::domain::text::clean_line;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specialist {
    name: String,
    area: String,
    workflows: Vec<String>,
    #[serde(default)]
    vague: Vec<String>,
    words: Vec<String>,
    files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Routing {
    fallback: String,
    specialist: Vec<Specialist>,
    model: std::collections::BTreeMap<String, String>,
}

static ROUTING: LazyLock<Routing> =
    LazyLock::new(|| toml::from_str(include_str!("../../rules/routing.toml")).expect("the shipped routing is valid"));

/// What is known of a failure, as far as routing looks at it.
#[derive(Clone, Debug, Default)]
pub struct Case<'a> {
    pub workflow: &'a str,
    /// The workflow's file, where it is known.
    pub path: &'a str,
    pub log: &'a str,
    pub files: Vec<&'a str>,
}

/// What a vote of the workflow's name, of the log and of the changed files weighs: each decides over those after it.
/// A name that many workflows have comes after the log.
const WEIGHTS: [f64; 4] = [8.0, 4.0, 2.0, 1.0];
/// Where nothing speaks for anybody.
const FALLBACK: f64 = 0.2;

/// The specialist for a failure. Each source votes for those that it speaks for most, who share its weight.
#[must_use]
pub fn route(case: &Case<'_>) -> Routed {
    let rules = &*ROUTING;
    let sources = votes(case);
    let mut weights = vec![0.0; rules.specialist.len()];
    let mut cast = 0.0;
    for (votes, weight) in sources.iter().zip(WEIGHTS) {
        let most = votes.iter().map(|(count, _)| *count).max().unwrap_or(0);
        if most == 0 {
            continue;
        }
        cast += weight;
        let ahead: Vec<usize> = (0..votes.len()).filter(|at| votes[*at].0 == most).collect();
        for at in &ahead {
            #[allow(clippy::cast_precision_loss, reason = "a handful")]
            let share = weight / ahead.len() as f64;
            weights[*at] += share;
        }
    }
    let best =
        (0..weights.len()).rev().max_by(|a, b| weights[*a].total_cmp(&weights[*b])).filter(|at| weights[*at] > 0.0);
    let Some(best) = best else {
        let because = "nothing in its workflow, log or files speaks for anybody".to_owned();
        let specialist = rules.fallback.clone();
        let area = area(&specialist).to_owned();
        return Routed { specialist, area, confidence: FALLBACK, because, has_agent: false };
    };
    let because: Vec<&str> = sources.iter().filter_map(|votes| votes[best].1.as_deref()).collect();
    Routed {
        specialist: rules.specialist[best].name.clone(),
        area: rules.specialist[best].area.clone(),
        confidence: weights[best] / cast,
        because: because.join("; "),
        has_agent: false,
    }
}

/// For each source and specialist, how much speaks for them, and what.
fn votes(case: &Case<'_>) -> [Vec<(usize, Option<String>)>; 4] {
    let names = [slug(case.workflow), stem(case.path)];
    let log = case.log.to_lowercase();
    let all = &ROUTING.specialist;
    let named = |globs: &[String]| {
        let name = names.iter().find(|name| globs.iter().any(|want| glob(want, name)));
        (usize::from(name.is_some()), name.map(|name| format!("the workflow is {}", clean_line(name, 60))))
    };
    let (workflow, vague) = (|s: &Specialist| named(&s.workflows), |s: &Specialist| named(&s.vague));
    let words = |s: &Specialist| {
        let found: Vec<&str> = s.words.iter().map(String::as_str).filter(|word| says(&log, word)).collect();
        (found.len(), found.first().map(|word| format!("the log mentions {word}")))
    };
    let files = |s: &Specialist| {
        let mut found = case.files.iter().filter(|file| s.files.iter().any(|want| glob(want, file)));
        let first = found.clone().next();
        (found.by_ref().count(), first.map(|file| format!("{} changed", clean_line(file, 80))))
    };
    [
        all.iter().map(workflow).collect(),
        all.iter().map(words).collect(),
        all.iter().map(vague).collect(),
        all.iter().map(files).collect(),
    ]
}

/// The name of the workflow's file: `.github/workflows/controller-ci.yml@main` is `controller-ci`.
fn stem(path: &str) -> String {
    let path = path.split('@').next().unwrap_or(path);
    let file = path.rsplit('/').next().unwrap_or(path);
    slug(file.trim_end_matches(".yaml").trim_end_matches(".yml"))
}

/// Whether a text has the words, not as a part of others.
fn says(text: &str, words: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        let (first, last) = (words.chars().next(), words.chars().next_back());
        !((is_letter(first) && is_letter(before)) || (is_letter(last) && is_letter(after)))
    })
}

/// The specialist for an incident, by what is on its record.
#[must_use]
pub fn of_incident(incident: &Incident, agents: &[String]) -> Routed {
    let lines = incident.evidence.iter().flat_map(|evidence| &evidence.errors).map(|line| line.text.raw());
    let names = incident.jobs.iter().flat_map(|job| [Some(&job.name), job.step.as_ref()]).flatten();
    let log: Vec<&str> = lines.chain(names.map(crate::domain::Untrusted::raw)).collect();
    let log = log.join("\n");
    let tests = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests);
    let files: Vec<&str> = tests.filter_map(|test| test.file.as_ref()).map(crate::domain::Untrusted::raw).collect();
    let routed = route(&Case { workflow: incident.workflow.raw(), path: "", log: &log, files });
    let has_agent = agents.iter().any(|name| *name == routed.specialist.to_lowercase());
    Routed { has_agent, ..routed }
}

/// Every specialist's name.
pub fn specialists() -> impl Iterator<Item = &'static str> {
    ROUTING.specialist.iter().map(|one| one.name.as_str())
}

/// The area that a specialist looks after: the first half of a failure's type.
#[must_use]
pub fn area(specialist: &str) -> &'static str {
    let found = ROUTING.specialist.iter().find(|one| one.name == specialist);
    found.map_or("general", |one| one.area.as_str())
}

/// The model that is recommended for a category.
#[must_use]
pub fn model(category: Category) -> String {
    let models = &ROUTING.model;
    models.get(category.as_str()).or_else(|| models.get("default")).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_vote_in_the_order_of_their_weight() {
        for (workflow, path, log, files, want) in [
            ("controller-ci", "", "", vec![], "Rex"),
            ("Controller CI", "", "", vec![], "Rex"),
            ("controller_ci", "", "", vec![], "Rex"),
            ("HEALER_Nightly", "", "", vec![], "Rex"),
            ("UI_Tests", "", "", vec![], "Blaze"),
            ("Docker Images", "", "clippy: cargo test", vec!["src/a.ts"], "Bolt"),
            ("Checks", "", "clippy: cargo test", vec!["src/a.ts"], "Rex"),
            ("Shop Release", "", "", vec![], "Atlas"),
            ("Checks", ".github/workflows/Helm_Charts.yaml@refs/heads/main", "", vec![], "Bolt"),
            ("Build", ".github/workflows/frontend-build.yml@main", "", vec![], "Blaze"),
            ("ui-checks", "", "error: clippy::unwrap_used", vec!["src/main.rs"], "Blaze"),
            ("Build", "", "npm ERR! code 1\ntsc failed", vec!["src/main.rs"], "Blaze"),
            ("Build", "", "", vec!["charts/app/Chart.yaml"], "Bolt"),
            ("docker-publish", "", "denied: permission_denied ghcr.io", vec![], "Bolt"),
            ("Build", "", "denied: permission_denied: ghcr.io/acme", vec![], "Atlas"),
            ("Build", "", "something", vec!["README"], "Atlas"),
            ("shop-ci", "", "FAILED tests/test_cart.py::test_total (pytest)", vec![], "Atlas"),
            ("shop-ci", "", "something", vec![], "Rex"),
            ("shop-ci", "", "npm ERR! code 1", vec!["src/main.rs"], "Blaze"),
            ("", "", "", vec![], "Atlas"),
        ] {
            let found = route(&Case { workflow, path, log, files });
            assert_eq!(found.specialist, want, "{workflow} {path} {log}: {found:?}");
            assert!((0.0..=1.0).contains(&found.confidence) && !found.because.is_empty(), "{found:?}");
        }
    }

    #[test]
    fn words_are_not_found_inside_others() {
        assert!(says("ran npm ci", "npm") && says("[npm]", "npm") && says("error[e0308]", "error[e"));
        assert!(!says("pnpm install", "npm") && !says("npmrc", "npm"));
    }

    #[test]
    fn who_agrees_is_more_confident() {
        let alone = route(&Case { workflow: "controller-ci", ..Case::default() });
        let torn = route(&Case { workflow: "controller-ci", log: "npm failed", ..Case::default() });
        assert!(alone.confidence > torn.confidence && torn.confidence > 0.5, "{alone:?} {torn:?}");
    }
}
