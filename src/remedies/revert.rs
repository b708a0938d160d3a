//! revert: what a merged pull request or a commit changed is taken back, by the way it landed; several together where they
//! build on each other.

use super::code::{self, Target, Wanting};
use super::{Offering, PlanContext, Remedy, hope};
use crate::domain::action::ChangeSpec;
use crate::domain::cause::{Cause, Judged};
use crate::domain::change::{Direction, Method, Pick};
use crate::domain::effect::Lookup;
use crate::domain::evidence::{Category, Evidence};
use crate::domain::facts::{ChangeFacts, Known, PullFacts};
use crate::domain::form::{Choice, Field, Form, TYPED};
use crate::domain::ids::short_sha;
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::refs::is_commit;
use crate::domain::suspect::{Suspect, Suspicion};
use crate::domain::text::{inert, listing};

pub struct Revert;

impl Remedy for Revert {
    fn id(&self) -> &'static str {
        "revert"
    }

    fn is_once(&self) -> bool {
        true
    }

    /// The commit that the evidence isolates, on the branch where it landed; where it isolates none, the person chooses.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let suspicion = incident.suspicion.as_ref()?;
        if incident.base.is_some() || !incident.on_default_branch() {
            return None;
        }
        let Some(best) = suspicion.bracketed() else { return of_several(incident, suspicion) };
        let label = match best.pull {
            Some(pull) => format!("Revert #{pull}"),
            None => format!("Revert {}", short_sha(&best.sha)),
        };
        let because = best.because.first().map_or_else(
            || format!("nothing but {} landed since the last green run", short_sha(&best.sha)),
            |why| format!("{} landed since the last green run: {why}", short_sha(&best.sha)),
        );
        let passed = incident.judged.as_ref().is_some_and(|judged| judged.record.passed_here > 0);
        // Nothing in the failure points to it: it is only the one that is there, and other things changed as well.
        let sure = match best.score {
            1.. => 0.95,
            0 if passed || is_outside(incident) || is_elsewhere(incident) || suspicion.moved.len() > 1 => 0.2,
            // One try more is cheap while the code need not be to blame.
            0 if !is_of_code(incident) && hope::tries(incident) == 0 => 0.5,
            0 => 0.7,
        };
        let help = sure * hope::of_a_breakage(incident);
        Some(Offering { wish: suspected(), label, help, because, at_once: false, form: None })
    }

    fn check(&self, wish: &Wish) -> Result<(), String> {
        match wish {
            Wish::Revert { pulls, commit: None } if pulls.is_empty() => Err("name it: pr=NUMBER or commit=SHA".into()),
            Wish::Revert { pulls, commit } => named(pulls, commit.as_ref()).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Revert { pulls, commit } = context.wish else { return Planning::Refused(Vec::new()) };
        let (mut what, because) = match What::of(context.incident, pulls, commit.as_ref()) {
            Ok(found) => found,
            Err(why) => return Planning::Refused(vec![why]),
        };
        if let What::Suspected { pull, sha, subject } = &what {
            what = match brought(context, *pull, sha) {
                Ok(true) => What::Pulls(vec![*pull]),
                Ok(false) => What::Commit { sha: sha.clone(), subject: subject.clone() },
                Err(needs) => return *needs,
            };
        }
        let wanting = match what {
            What::Pulls(numbers) => of_pulls(context, &numbers),
            What::Suspected { sha, subject, .. } | What::Commit { sha, subject } => {
                of_commit(context.incident, &sha, &subject)
            }
        };
        match wanting {
            Ok(mut wanting) => {
                wanting.because.extend(because);
                code::plan(context, &wanting)
            }
            Err(planning) => *planning,
        }
    }
}

/// What `revert` means without a name.
fn suspected() -> Wish {
    Wish::Revert { pulls: Vec::new(), commit: None }
}

/// The chance that a commit broke it, where several landed and none stands out. In published data, 40 % of such ranges
/// had no culprit (Henderson et al., "Flake Aware Culprit Finding", ICST 2023).
const ONE_OF_THEM: f64 = 0.6;

fn of_several(incident: &Incident, suspicion: &Suspicion) -> Option<Offering> {
    // By commit: a subject may name another's pull request.
    let choice = |suspect: &Suspect| Choice {
        value: format!("commit={}", suspect.sha).into(),
        words: format!("{} {}", short_sha(&suspect.sha), suspect.subject.line(60)),
    };
    let several = u32::try_from(suspicion.commits).unwrap_or(u32::MAX);
    (suspicion.suspects.len() > 1).then(|| Offering {
        wish: suspected(),
        label: "Revert a commit".into(),
        help: ONE_OF_THEM / f64::from(several) * hope::of_a_breakage(incident),
        because: format!("{several} commits landed since the last green run, and the failure points to none of them"),
        at_once: false,
        form: Some(Form {
            title: "Revert a commit".into(),
            fields: vec![Field::choice(TYPED, "Commit", suspicion.suspects.iter().map(choice))],
        }),
    })
}

/// What failed is made of the repository's files alone.
fn is_of_code(incident: &Incident) -> bool {
    let of_code = |evidence: &Evidence| evidence.is_deterministic() || evidence.category == Category::Test;
    incident.headline().is_some_and(of_code)
}

/// What failed does not live in the repository: commits rarely change it.
fn is_outside(incident: &Incident) -> bool {
    let outside = |evidence: &Evidence| {
        evidence.advice.is_some()
            || matches!(
                evidence.category,
                Category::SecretMissing
                    | Category::Permission
                    | Category::QualityGate
                    | Category::Infra
                    | Category::Network
            )
    };
    incident.headline().is_some_and(outside)
}

/// Branches without the commit fail in the same way: it is more likely something else.
fn is_elsewhere(incident: &Incident) -> bool {
    let chance = |judged: &Judged| judged.chance(Cause::Dependency) + judged.chance(Cause::Infra);
    incident.judged.as_ref().is_some_and(|judged| chance(judged) > 0.5)
}

/// What is to be taken back.
enum What {
    Pulls(Vec<u64>),
    Commit {
        sha: String,
        subject: String,
    },
    /// A commit whose subject names a pull request, which may not be the one that brought it.
    Suspected {
        pull: u64,
        sha: String,
        subject: String,
    },
}

/// Whether the pull request became this commit, once it is known.
fn brought(context: &PlanContext<'_>, number: u64, sha: &str) -> Result<bool, Box<Planning>> {
    match context.facts.pulls.iter().find(|(have, _)| *have == number) {
        None => Err(Box::new(Planning::Needs(vec![Lookup::Pull { repo: context.incident.repo.clone(), number }]))),
        Some((_, Known::Is(pull))) => Ok(pull.commits.iter().any(|commit| commit == sha)),
        Some((_, Known::Unavailable(_))) => Ok(false),
    }
}

/// What the wish names, if anything.
fn named(pulls: &[u64], commit: Option<&String>) -> Result<Option<What>, String> {
    match (pulls, commit) {
        ([_, ..], Some(_)) => Err("use either pr= or commit=, not both".into()),
        ([_, ..], None) => Ok(Some(What::Pulls(pulls.to_vec()))),
        ([], Some(sha)) if is_commit(sha) => {
            Ok(Some(What::Commit { sha: sha.to_ascii_lowercase(), subject: String::new() }))
        }
        ([], Some(_)) => Err("a commit id has 7 to 64 hexadecimal digits".into()),
        ([], None) => Ok(None),
    }
}

impl What {
    /// What was named; else the incident's own pull request, else the commit that the evidence brackets, with why.
    fn of(incident: &Incident, pulls: &[u64], commit: Option<&String>) -> Result<(Self, Vec<String>), String> {
        match named(pulls, commit)? {
            Some(what) => Ok((what, Vec::new())),
            None => Self::meant(incident),
        }
    }

    fn meant(incident: &Incident) -> Result<(Self, Vec<String>), String> {
        match incident.pulls.as_slice() {
            [one] => return Ok((Self::Pulls(vec![*one]), Vec::new())),
            [_, _, ..] => return Err("the incident has several pull requests: choose with pr=NUMBER".into()),
            [] => {}
        }
        let suspicion = incident.suspicion.as_ref();
        if let Some(best) = suspicion.and_then(|suspicion| suspicion.bracketed()) {
            let mut because =
                vec![format!("it landed between the last green run and the failing one, {}", alone(incident))];
            because.extend(best.because.iter().cloned());
            let what = match best.pull {
                Some(pull) => Self::Suspected { pull, sha: best.sha.clone(), subject: best.subject.raw().to_owned() },
                None => Self::Commit { sha: best.sha.clone(), subject: best.subject.raw().to_owned() },
            };
            return Ok((what, because));
        }
        let names: Vec<String> = suspicion.iter().flat_map(|s| &s.suspects).map(name).collect();
        Err(match names.as_slice() {
            [] => "found nothing that landed since the last green run: name it with pr=NUMBER or commit=SHA".into(),
            names => format!("the evidence is not conclusive: choose one of {}", listing(names, 5)),
        })
    }
}

/// Whether anything else landed in between, in words.
fn alone(incident: &Incident) -> String {
    match incident.suspicion.as_ref().map_or(0, |suspicion| suspicion.commits) {
        0 | 1 => "and nothing else did".into(),
        n => format!("and of the {n} commits between, the failure points to it"),
    }
}

fn name(suspect: &Suspect) -> String {
    let how = suspect.pull.map_or_else(|| format!("commit={}", short_sha(&suspect.sha)), |n| format!("pr={n}"));
    format!("{how} ({})", inert(suspect.subject.raw(), 60))
}

fn of_commit(incident: &Incident, sha: &str, subject: &str) -> Result<Wanting, Box<Planning>> {
    let onto = code::default_branch(incident).map_err(|why| Box::new(Planning::Refused(vec![why])))?;
    let title = format!("Revert {} {}", short_sha(sha), inert(subject, 80)).trim_end().to_owned();
    let pick = Pick { direction: Direction::Revert, commits: vec![sha.to_owned()], method: None };
    Ok(Wanting {
        summary: title.clone(),
        targets: vec![Target { onto, message: format!("{title}\n"), title, change: ChangeSpec::Pick(pick) }],
        ..common()
    })
}

fn of_pulls(context: &PlanContext<'_>, numbers: &[u64]) -> Result<Wanting, Box<Planning>> {
    let mut all = merged(context, numbers)?;
    all.sort_by_key(|facts| facts.merged_at);
    let refused = |why: String| Box::new(Planning::Refused(vec![why]));
    let first = *all.first().ok_or_else(|| refused("name a pull request".into()))?;
    if let Some(other) = all.iter().find(|facts| facts.onto != first.onto) {
        let why = format!("#{} targets {} and #{} targets {}", first.number, first.onto, other.number, other.onto);
        return Err(refused(format!("{why}: revert them one at a time")));
    }
    let onto = first.onto.parse().map_err(|why| refused(format!("base branch: {why}")))?;
    let title = match all.as_slice() {
        [one] => format!("Revert #{} {}", one.number, inert(one.title.raw(), 80)),
        many => {
            let names: Vec<String> = many.iter().map(|facts| format!("#{}", facts.number)).collect();
            format!("Revert {}", listing(&names, 10))
        }
    };
    let method = if all.len() > 1 { Some(Method::Each) } else { first.method };
    let commits = all.iter().flat_map(|facts| facts.commits.iter().cloned()).collect();
    let pick = Pick { direction: Direction::Revert, commits, method };
    Ok(Wanting {
        summary: title.clone(),
        because: all.iter().map(|facts| how(facts)).collect(),
        targets: vec![Target { onto, message: format!("{title}\n"), title, change: ChangeSpec::Pick(pick) }],
        ..common()
    })
}

fn common() -> Wanting {
    Wanting {
        label: "ci:revert",
        undo: "revert this pull request, which lands the change again",
        drafts: true,
        group: Some(together),
        ..Wanting::of("revert")
    }
}

/// What else could be done about a conflict: taking back what was built on it as well.
fn together(change: &ChangeFacts) -> Option<String> {
    let number = |subject: &str| subject.strip_suffix(')')?.rsplit_once("(#")?.1.parse::<u64>().ok();
    let numbers: Vec<String> =
        change.related.iter().filter_map(|related| number(&related.subject)).map(|n| n.to_string()).collect();
    (!numbers.is_empty()).then(|| format!("to revert them together, add {} to pr=", numbers.join(",")))
}

/// The pull requests that are meant, once all are known and merged.
pub fn merged<'f>(context: &PlanContext<'f>, numbers: &[u64]) -> Result<Vec<&'f PullFacts>, Box<Planning>> {
    let facts = context.facts;
    let repo = &context.incident.repo;
    let of = |number: &u64| facts.pulls.iter().find(|(have, _)| have == number).map(|(_, known)| known);
    let unknown = numbers.iter().filter(|number| of(number).is_none());
    let lookups: Vec<Lookup> = unknown.map(|number| Lookup::Pull { repo: repo.clone(), number: *number }).collect();
    if !lookups.is_empty() {
        return Err(Box::new(Planning::Needs(lookups)));
    }
    let mut refused = Vec::new();
    let mut all = Vec::new();
    for number in numbers {
        match of(number) {
            None => {}
            Some(Known::Unavailable(why)) => refused.push(format!("cannot read #{number}: {why}")),
            Some(Known::Is(facts)) if facts.closed => {
                refused.push(format!("#{number} was closed without merging"));
            }
            Some(Known::Is(facts)) if !facts.merged => {
                refused.push(format!("#{number} is not merged yet: try again after the merge"));
            }
            Some(Known::Is(facts)) => all.push(facts),
        }
    }
    if refused.is_empty() { Ok(all) } else { Err(Box::new(Planning::Refused(refused))) }
}

/// How it was merged, in words.
pub fn how(facts: &PullFacts) -> String {
    match facts.method {
        Some(Method::Merge) => format!("#{} was merged with a merge commit", facts.number),
        Some(Method::Rebase) => {
            format!("#{} was rebased onto the base branch as {} commits", facts.number, facts.commits.len())
        }
        Some(Method::Squash | Method::Each) | None => format!("#{} was squashed into one commit", facts.number),
    }
}
