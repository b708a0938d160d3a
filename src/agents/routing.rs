//! Which specialist looks after a failure: `rules/routing.toml`.

use crate::domain::agent::{Loops, Records, Routed};
use crate::domain::evidence::{Category, Evidence};
use crate::domain::incident::Incident;
use crate::domain::subscription::{glob, slug};
use crate::domain::text::{Untrusted, clean_line};
use regex::Regex;
use serde::{Deserialize, Deserializer};
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Specialist {
    name: String,
    area: String,
    workflows: Vec<String>,
    #[serde(default)]
    vague: Vec<String>,
    /// How its tools say that they failed.
    errors: Pattern,
    /// How what runs other tools says that one of them failed.
    #[serde(default)]
    wrappers: Pattern,
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

/// Expressions, any of which fits; none where there are none.
#[derive(Default)]
struct Pattern(Option<Regex>);

impl Pattern {
    fn last<'l>(&self, log: &'l str) -> Option<regex::Match<'l>> {
        self.0.as_ref()?.find_iter(log).last()
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let all = Vec::<String>::deserialize(from)?;
        let any = format!("(?m){}", all.iter().map(|one| format!("(?:{one})")).collect::<Vec<_>>().join("|"));
        Regex::new(&any).map(Some).map(Self).map_err(serde::de::Error::custom)
    }
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

/// What a specialist that fixed more failures of the workflow than it failed on has in its favour: as much as a vague name.
const RECORD_WEIGHT: f64 = 2.0;

/// The specialist for a failure. Each source votes for those that it speaks for most, who share its weight.
#[must_use]
pub fn route(case: &Case<'_>) -> Routed {
    Ranking::of(case, &Records::new()).first()
}

/// How much speaks for each specialist.
struct Ranking {
    weights: Vec<f64>,
    because: Vec<Vec<String>>,
}

impl Ranking {
    /// What came of earlier loops in this workflow counts as well: each specialist's votes are multiplied by how often it
    /// fixed a failure (rule of succession, so that none is shut out), as far as that is below one half.
    fn of(case: &Case<'_>, records: &Records) -> Self {
        let all = &ROUTING.specialist;
        let (mut weights, mut because) = (vec![0.0; all.len()], vec![Vec::new(); all.len()]);
        for (votes, weight) in votes(case).iter().zip(WEIGHTS) {
            let most = votes.iter().map(|(count, _)| *count).max().unwrap_or(0);
            let ahead = votes.iter().filter(|(count, _)| *count == most).count();
            for (at, (count, word)) in votes.iter().enumerate() {
                because[at].extend(word.clone());
                if most > 0 && *count == most {
                    weights[at] += weight / f64::from(u32::try_from(ahead).unwrap_or(u32::MAX));
                }
            }
        }
        for (at, one) in all.iter().enumerate() {
            let Some(record) = records.get(&one.name) else { continue };
            let tries = record.fixed + record.failed;
            if record.fixed > record.failed {
                weights[at] += RECORD_WEIGHT;
            }
            weights[at] *= (2.0 * f64::from(record.fixed + 1) / f64::from(tries + 2)).min(1.0);
            because[at].push(format!("fixed {} of {tries} failures of this workflow", record.fixed));
        }
        Self { weights, because }
    }

    /// The first of those with the most votes.
    fn best(&self, may: impl Fn(usize) -> bool) -> Option<usize> {
        let known = (0..self.weights.len()).rev().filter(|at| self.weights[*at] > 0.0 && may(*at));
        known.max_by(|a, b| self.weights[*a].total_cmp(&self.weights[*b]))
    }

    fn first(&self) -> Routed {
        let found = self.best(|_| true);
        let at = found.or_else(|| ROUTING.specialist.iter().position(|one| one.name == ROUTING.fallback));
        let (Some(at), cast) = (at, self.weights.iter().sum::<f64>()) else { return Routed::default() };
        let one = &ROUTING.specialist[at];
        let (confidence, because) = match found {
            Some(at) => (self.weights[at] / cast, self.because[at].join("; ")),
            None => (FALLBACK, "nothing in its workflow, log or files speaks for anybody".to_owned()),
        };
        let (specialist, area) = (one.name.clone(), one.area.clone());
        Routed { specialist, area, confidence, because, has_agent: false, second: None }
    }

    /// Who has an agent and comes next, or else whoever looks after all the rest.
    fn second(&self, first: &str, loops: &Loops) -> Option<String> {
        let name = |at: usize| ROUTING.specialist[at].name.as_str();
        let may = |name: &str| name != first && loops.has_agent(name);
        let found = self.best(|at| may(name(at))).map(name);
        found.or_else(|| Some(ROUTING.fallback.as_str()).filter(|name| may(name))).map(str::to_owned)
    }
}

/// For each source and specialist, how much speaks for them, and what.
fn votes(case: &Case<'_>) -> [Vec<(usize, Option<String>)>; 4] {
    let names = [slug(case.workflow), stem(case.path)];
    let log = plain(case.log);
    let all = &ROUTING.specialist;
    let named = |globs: &[String]| {
        let name = names.iter().find(|name| globs.iter().any(|want| glob(want, name)));
        (usize::from(name.is_some()), name.map(|name| format!("the workflow is {}", clean_line(name, 60))))
    };
    let (workflow, vague) = (|s: &Specialist| named(&s.workflows), |s: &Specialist| named(&s.vague));
    let files = |s: &Specialist| {
        let mut found = case.files.iter().filter(|file| s.files.iter().any(|want| glob(want, file)));
        let first = found.clone().next();
        (found.by_ref().count(), first.map(|file| format!("{} changed", clean_line(file, 80))))
    };
    [all.iter().map(workflow).collect(), logged(&log), all.iter().map(vague).collect(), all.iter().map(files).collect()]
}

/// The log's vote: how tools say that they failed, by the last of them; else the command that ran last; else what is named
/// anywhere.
fn logged(log: &str) -> Vec<(usize, Option<String>)> {
    let all = &ROUTING.specialist;
    let by = |pattern: fn(&Specialist) -> &Pattern| -> Vec<_> { all.iter().map(|s| pattern(s).last(log)).collect() };
    let says_so = |lasts: &Vec<Option<regex::Match<'_>>>| lasts.iter().any(Option::is_some);
    let lasts = Some(by(|s| &s.errors)).filter(says_so).unwrap_or_else(|| by(|s| &s.wrappers));
    // Of two that begin at the same place, the longer one says more.
    if let Some(last) = lasts.iter().flatten().map(|found| (found.start(), found.end())).max() {
        let vote = |found: &Option<regex::Match<'_>>| {
            let found = found.filter(|found| (found.start(), found.end()) == last);
            (
                usize::from(found.is_some()),
                found.map(|found| format!("the log says “{}”", clean_line(found.as_str(), 60))),
            )
        };
        return lasts.iter().map(vote).collect();
    }
    let named = |text: &str| -> Vec<(usize, Option<String>)> {
        let words = |s: &Specialist| {
            let found: Vec<&str> = s.words.iter().map(String::as_str).filter(|word| says(text, word)).collect();
            (found.len(), found.first().map(|word| format!("the log mentions {word}")))
        };
        all.iter().map(words).collect()
    };
    let ran = log.lines().rev().find_map(command).map(named);
    ran.filter(|votes| votes.iter().any(|(count, _)| *count > 0)).unwrap_or_else(|| named(log))
}

/// The command of a line that says what is run.
fn command(line: &str) -> Option<&str> {
    ["##[group]run ", "[command]", "run ", "$ ", "+ "].iter().find_map(|mark| line.strip_prefix(mark))
}

/// Of a log, the end that is looked at, in bytes; of a line, its beginning, in characters.
const LOG_MAX: usize = 256 << 10;
const LINE_MAX: usize = 1_000;

/// The end of a log in lower case, without time stamps and colours: what the failing step printed last counts.
fn plain(log: &str) -> String {
    static NOISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)\x1b\[[0-9;]*[a-z]|^(?:[^\t\n]*\t[^\t\n]*\t)?\u{feff}?\d{4}-\d\d-\d\dt[\d:.]+z ?")
            .expect("a valid pattern")
    });
    let start = (log.len().saturating_sub(LOG_MAX)..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(0);
    let mut end = String::with_capacity(log.len() - start);
    for line in log[start..].lines() {
        end.extend(line.chars().take(LINE_MAX).flat_map(char::to_lowercase));
        end.push('\n');
    }
    NOISE.replace_all(&end, "").into_owned()
}

/// The name of the workflow's file: `.github/workflows/controller-ci.yml@main` is `controller-ci`.
fn stem(path: &str) -> String {
    let path = path.split('@').next().unwrap_or(path);
    let file = path.rsplit('/').next().unwrap_or(path);
    slug(file.trim_end_matches(".yaml").trim_end_matches(".yml"))
}

/// Whether a text has the words, not as a part of others or of a path.
fn says(text: &str, words: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        let (first, last) = (words.chars().next(), words.chars().next_back());
        !((is_letter(first) && (is_letter(before) || before.is_some_and(|c| "/:._".contains(c))))
            || (is_letter(last) && (is_letter(after) || after.is_some_and(|c| "_(".contains(c)))))
    })
}

/// The specialist for an incident, by what is on its record and by what came of earlier loops in its workflow.
#[must_use]
pub fn of_incident(incident: &Incident, loops: &Loops, records: &Records) -> Routed {
    let by = |records| ranking(incident.workflow.raw(), names(incident), &incident.evidence, records);
    let mut ranking = by(records);
    let mut first = ranking.first();
    // Records choose among those who have an agent.
    if !records.is_empty() && !loops.has_agent(&first.specialist) {
        ranking = by(&Records::new());
        first = ranking.first();
    }
    let second = ranking.second(&first.specialist, loops);
    Routed { has_agent: loops.has_agent(&first.specialist), second, ..first }
}

/// The same by the rules alone; `None` where nothing speaks for anybody.
#[must_use]
pub fn by_rules(incident: &Incident) -> Option<String> {
    of_evidence(incident.workflow.raw(), names(incident), &incident.evidence)
}

fn names(incident: &Incident) -> impl Iterator<Item = &str> {
    incident.jobs.iter().flat_map(|job| [Some(&job.name), job.step.as_ref()]).flatten().map(Untrusted::raw)
}

/// The specialist for what was found in logs, by the rules alone; `names` are of jobs and steps. `None` where nothing speaks
/// for anybody.
pub fn of_evidence<'a>(workflow: &str, names: impl Iterator<Item = &'a str>, evidence: &[Evidence]) -> Option<String> {
    let ranking = ranking(workflow, names, evidence, &Records::new());
    ranking.best(|_| true).map(|at| ROUTING.specialist[at].name.clone())
}

fn ranking<'a>(
    workflow: &str,
    names: impl Iterator<Item = &'a str>,
    evidence: &[Evidence],
    records: &Records,
) -> Ranking {
    let lines = evidence.iter().flat_map(|evidence| &evidence.errors).map(|line| line.text.raw());
    let mut log = lines.collect::<Vec<&str>>().join("\n");
    for name in names {
        log.push('\n');
        log.push_str(name);
    }
    let tests = evidence.iter().flat_map(|evidence| &evidence.failing_tests);
    let files: Vec<&str> = tests.filter_map(|test| test.file.as_ref()).map(Untrusted::raw).collect();
    Ranking::of(&Case { workflow, path: "", log: &log, files }, records)
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
    fn what_came_of_earlier_loops_counts() {
        let record = |fixed, failed| crate::domain::agent::Record { fixed, failed };
        let case = Case { workflow: "Checks", log: "cargo test failed", files: vec!["src/a.ts"], ..Case::default() };
        for (records, want) in [
            (vec![], "Rex"),
            (vec![("Rex", record(0, 1))], "Rex"),
            (vec![("Rex", record(0, 9))], "Blaze"),
            (vec![("Rex", record(9, 9))], "Rex"),
            (vec![("Rex", record(0, 2)), ("Blaze", record(2, 0))], "Blaze"),
            (vec![("Bolt", record(3, 0))], "Rex"),
        ] {
            let records: Records = records.into_iter().map(|(name, record)| (name.to_owned(), record)).collect();
            let found = Ranking::of(&case, &records).first();
            assert_eq!(found.specialist, want, "{records:?}: {found:?}");
            assert!((0.0..=1.0).contains(&found.confidence), "{found:?}");
        }
    }

    #[test]
    fn who_takes_over_has_an_agent() {
        let ranking = Ranking::of(
            &Case { log: "cargo test failed", files: vec!["src/a.ts"], ..Case::default() },
            &Records::new(),
        );
        for (agents, want) in [
            (vec!["rex"], None),
            (vec!["rex", "blaze"], Some("Blaze")),
            (vec!["rex", "atlas"], Some("Atlas")),
            (vec!["rex", "bolt"], None),
            (vec!["rex", "atlas", "blaze"], Some("Blaze")),
        ] {
            let loops = Loops { agents: agents.iter().map(|name| (*name).to_owned()).collect(), ..Loops::default() };
            assert_eq!(ranking.second("Rex", &loops).as_deref(), want, "{agents:?}");
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
