//! quarantine: one test does not count for a time: skipped in the source by its framework's own idiom, or left out by the
//! list that CI asks for. Each has an entry in the ledger, a tracking issue, an owner and a last day.

use super::code::{self, Target, Wanting};
use super::{Offering, PlanContext, Remedy, hope, issue, ledger};
use crate::domain::action::{Action, ChangeSpec};
use crate::domain::cause::{Cause, Judged, JudgedTest};
use crate::domain::effect::Lookup;
use crate::domain::evidence::FailingTest;
use crate::domain::facts::Known;
use crate::domain::form::{CHOICES_MAX, Choice, Field, Form};
use crate::domain::ids::Digest;
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Plan, PlannedAction, Planning};
use crate::domain::quarantined::{Quarantined, day};
use crate::domain::text::{Untrusted, inert};
use crate::domain::time::DAY_MS;
use crate::frameworks;

pub struct Quarantine;

/// A test is skipped for at most this long without a person's word.
pub const DAYS_MAX: i64 = 90;

/// A test that flakes as often costs more by its failures than it finds while it is skipped.
const OFTEN: f64 = 0.03;
/// At this rate, a failure that comes again on its retry is more often the flake than a breakage beside it.
const VERY_OFTEN: f64 = 0.1;
/// So many flakes are no accident.
const PROVEN: u32 = 4;
/// How much runs to come count beside this one.
const LATER: f64 = 0.6;
/// Once may be an accident.
const TWICE: u32 = 2;
/// Where several tests fail, leaving out one of them helps the next run at best by half.
const OF_SEVERAL: f64 = 0.5;

impl Remedy for Quarantine {
    fn id(&self) -> &'static str {
        "quarantine"
    }

    fn nature(&self) -> Nature {
        Nature { bets_on_chance: true, exact: true, hides: true, ..Nature::default() }
    }

    fn is_automatic(&self) -> bool {
        true
    }

    /// A retry that passed is the best evidence that it flakes.
    fn follows(&self) -> bool {
        true
    }

    /// Failing tests with evidence that they are flaky. It helps everybody after this run, so a retry goes first. Of
    /// several such tests, the person chooses one.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        // What another commit made green has not shown that it flakes.
        let mended = incident.closed_at.is_some() && !incident.passed_again();
        let failed = failing(incident);
        // What fails in so many places at once was broken.
        if mended || hope::is_base_broken(incident) || failed.len() > CHOICES_MAX {
            return None;
        }
        let tests = flaky(incident, &failed);
        let (best, judged) = tests.first()?;
        let record = &judged.record;
        let because = match failed.len() {
            1 => format!("the test {}", record.words()),
            _ => format!("{} {}", best.name.line(60), record.words()),
        };
        let test = (failed.len() > 1).then(|| best.name.clone());
        let wish = Wish::Quarantine { test, file: None, for_ms: 7 * DAY_MS, reason: None, listed: false };
        // It spares everybody after this run: where that is often enough, it goes before the retry.
        let often = record.rate >= OFTEN && record.passed_on_retry >= PROVEN;
        // Unless it finds something, too, or a commit touched what failed: a retry tells, and hides nothing.
        let often = often && 2 * record.caught < record.passed_on_retry && !points_somewhere(incident);
        let worth = match (failed.len(), often) {
            (1, true) => 1.02,
            (1, false) => 0.9,
            _ => OF_SEVERAL,
        };
        // Whoever comes after is spared, whatever this run's next try comes to.
        let others = if hope::tries(incident) == 1 && often { LATER * judged_anew(incident) } else { 0.0 };
        let help = others.max(worth * hope::of_another_try(incident).0);
        let form = (tests.len() > 1).then(|| form(incident, &tests));
        Some(Offering { wish, label: "Quarantine".into(), help, because, at_once: false, form })
    }

    fn check(&self, wish: &Wish) -> Result<(), String> {
        let Wish::Quarantine { for_ms, .. } = wish else { return Ok(()) };
        length(*for_ms).map(|_| ())
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let wanted = match Test::of(context) {
            Ok(wanted) => wanted,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let entries = match ledger::entries(context) {
            Ok(entries) => entries,
            Err(needs) => return *needs,
        };
        if let Some(have) = entries.iter().find(|have| have.test.raw() == wanted.name && have.ends() > context.now) {
            let why =
                format!("it is already quarantined as {} until {}: extend or unquarantine it", have.id, have.until);
            return Planning::Refused(vec![why]);
        }
        if wanted.listed { wanted.by_list(context) } else { wanted.by_code(context) }
    }
}

/// The chance that a run passes that is not this one.
fn judged_anew(incident: &Incident) -> f64 {
    incident.judged.as_ref().map_or(0.0, Judged::passes_again)
}

/// Something in the failure points to a commit.
fn points_somewhere(incident: &Incident) -> bool {
    let suspects = incident.suspicion.as_ref().map_or(&[][..], |suspicion| &suspicion.suspects);
    suspects.iter().any(|suspect| suspect.score > 0)
}

/// Each once.
fn failing(incident: &Incident) -> Vec<&FailingTest> {
    let mut all: Vec<&FailingTest> = Vec::new();
    for test in incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests) {
        if all.iter().all(|have| have.name != test.name) {
            all.push(test);
        }
    }
    all
}

/// Those of the failing tests that have shown that they flake, what flakes most first.
fn flaky<'t>(incident: &Incident, tests: &[&'t FailingTest]) -> Vec<(&'t FailingTest, JudgedTest)> {
    let Some(judged) = &incident.judged else { return Vec::new() };
    let said = judged.by.is_some();
    if said && judged.cause != Cause::Flaky {
        return Vec::new();
    }
    let tries = hope::tries(incident);
    let is_flaky = |test: &JudgedTest| {
        let record = &test.record;
        // What fails every tenth time and looks like it may well fail twice.
        let twice = tries == 1 && record.rate >= VERY_OFTEN && record.alike >= Some(PROVEN);
        // The first flake may be a race that the commit brought in, and a new way to fail may have found something.
        let before = record.alike.map_or(record.failures >= TWICE, |alike| alike > 0);
        // What failed on its retry too may be broken beside.
        let passes = record.passed_here > 0 || ((tries == 0 || twice) && record.passed_on_retry >= TWICE);
        // What a person said goes for all of them.
        said || (test.cause == Cause::Flaky && before && passes)
    };
    // What was judged before tests were judged each, and what a person said, goes for the incident.
    let whole = || JudgedTest { name: Untrusted::default(), cause: judged.cause, record: judged.record };
    let alone = said || (judged.tests.is_empty() && tests.len() == 1);
    let of = |test: &&'t FailingTest| Some((*test, judged.of(&test.name).or_else(|| alone.then(whole))?));
    let mut flaky: Vec<_> = tests.iter().filter_map(of).filter(|(_, judged)| is_flaky(judged)).collect();
    flaky.sort_by(|(_, a), (_, b)| b.record.rate.total_cmp(&a.record.rate));
    flaky
}

fn form(incident: &Incident, tests: &[(&FailingTest, JudgedTest)]) -> Form {
    let choice =
        |(test, _): &(&FailingTest, JudgedTest)| Choice { value: test.name.clone(), words: test.name.line(100) };
    let fields = vec![
        Field::choice("test", "Test", tests.iter().map(choice)),
        Field::line("for", "How long, for example 7d", "7d"),
        Field::line("reason", "Why (stands in the source)", reason_of(incident)),
    ];
    Form { title: "Quarantine a test".into(), fields }
}

/// Checks the length that a person asked for, in milliseconds.
///
/// # Errors
/// A sentence for them.
pub fn length(for_ms: i64) -> Result<i64, String> {
    if !(DAY_MS..=DAYS_MAX * DAY_MS).contains(&for_ms) {
        return Err(format!("a quarantine lasts 1 to {DAYS_MAX} days: try for=7d"));
    }
    Ok(for_ms)
}

/// The test to quarantine, and how.
struct Test {
    id: String,
    name: String,
    framework: Option<String>,
    file: Option<Untrusted>,
    until: String,
    reason: String,
    listed: bool,
}

impl Test {
    fn of(context: &PlanContext<'_>) -> Result<Self, String> {
        let (Wish::Quarantine { test, file, for_ms, reason, listed }, Some(asked)) = (context.wish, context.proposal)
        else {
            return Err("only a person can request a quarantine".into());
        };
        let until = day(asked.at.plus_ms(length(*for_ms)?));
        let known = which(context.incident, test.as_ref())?;
        let name = known.as_ref().map_or_else(
            || test.as_ref().map_or_else(String::new, |test| test.raw().to_owned()),
            |test| test.selector.as_ref().unwrap_or(&test.name).raw().to_owned(),
        );
        let reason = reason.as_ref().map_or_else(|| reason_of(context.incident), |reason| inert(reason.raw(), 120));
        Ok(Self {
            id: asked.id.to_string(),
            name,
            framework: known.as_ref().map(|test| test.framework.clone()).filter(|id| can_edit(id)),
            file: file.clone().or_else(|| known.and_then(|test| test.file)),
            until,
            reason,
            listed: *listed,
        })
    }

    fn shown(&self) -> String {
        inert(&self.name, 100)
    }

    fn entry(&self, context: &PlanContext<'_>, owners: &[String]) -> Quarantined {
        Quarantined {
            id: self.id.clone(),
            repo: context.incident.repo.clone(),
            test: self.name.as_str().into(),
            framework: self.framework.clone(),
            file: self.file.clone(),
            owners: owners.to_vec(),
            reason: self.reason.as_str().into(),
            until: self.until.clone(),
            since: context.proposal.map_or(context.now, |asked| asked.at),
            incident: context.incident.no,
            served: self.listed,
            pending: !self.listed,
        }
    }

    /// The tracking issue and the entry in the ledger.
    fn records(&self, context: &PlanContext<'_>, owners: &[String]) -> [PlannedAction; 2] {
        let entry = self.entry(context, owners);
        let (repo, id) = (entry.repo.clone(), entry.id.clone());
        let (title, label) =
            if context.incident.flaked() { ("Flaky", "ci:flake") } else { ("Quarantined", "ci:quarantined") };
        let about = issue::About {
            title: format!("{title}: {}", self.shown()),
            owners: owners.to_vec(),
            quarantine: Some((self.name.as_str().into(), self.until.clone())),
            reason: Some(self.reason.as_str().into()),
            label,
        };
        let listed = Action::Listed { entry: Box::new(entry) };
        [issue::step(context, about), PlannedAction { action: listed, undo: Some(Action::Unlisted { repo, id }) }]
    }

    fn by_code(&self, context: &PlanContext<'_>) -> Planning {
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let (shown, until) = (self.shown(), &self.until);
        let Wish::Quarantine { file, .. } = context.wish else { return Planning::Refused(Vec::new()) };
        let wanting = Wanting {
            summary: format!("skip {shown} until {until}"),
            because: vec![format!("it failed in {}: {}", context.incident.no, self.reason)],
            label: "ci:quarantined",
            undo: "use unquarantine, or wait until it expires: the bot will propose to remove it",
            targets: vec![Target {
                onto: onto.clone(),
                message: format!("Quarantine {shown} until {until}\n\n{}\n", self.reason),
                title: format!("Quarantine {shown} until {until}"),
                change: ChangeSpec::Quarantine {
                    test: self.name.clone(),
                    framework: self.framework.clone(),
                    file: file.as_ref().map(|file| file.raw().to_owned()),
                    id: self.id.clone(),
                    until: until.clone(),
                    reason: self.reason.clone(),
                },
            }],
            ..Wanting::of("quarantine")
        };
        let planning = code::plan(context, &wanting);
        let Planning::Ready(mut plan) = planning else { return planning };
        let owners = match context.facts.changes.get(&onto) {
            Some(Known::Is(change)) => change.owners.clone(),
            _ => Vec::new(),
        };
        let entry = Quarantined { pending: false, ..self.entry(context, &owners) };
        plan.on_merge.push(Action::Listed { entry: Box::new(entry) });
        // Undone last: what was merged by then stays in the ledger.
        plan.steps.splice(..0, self.records(context, &owners));
        Planning::Ready(plan)
    }

    fn by_list(&self, context: &PlanContext<'_>) -> Planning {
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let repo = context.incident.repo.clone();
        let paths: Vec<String> = self.file.iter().map(|file| file.raw().to_owned()).collect();
        let owners = match &context.facts.owners {
            None if !paths.is_empty() => return Planning::Needs(vec![Lookup::Owners { repo, onto, paths }]),
            Some(Known::Is(owners)) => owners.clone(),
            _ => Vec::new(),
        };
        let framework = self.framework.as_deref().unwrap_or_default();
        let mut notes = vec![Untrusted::new("CI skips it only if it fetches the list: see the README")];
        if !ledger::forms().contains(&framework) {
            notes.push("the list has no ready-made form for its framework: CI must read the JSON".into());
        }
        let parts = ["quarantine", "list", repo.as_str(), &self.name, framework, &self.until];
        Planning::Ready(Box::new(Plan {
            remedy: "quarantine".into(),
            summary: format!("skip {} until {} via the list that CI fetches", self.shown(), self.until).into(),
            notes,
            because: vec![format!("it failed in {}", context.incident.no)],
            digest: Digest::of(parts.map(str::as_bytes)),
            steps: self.records(context, &owners).into(),
            reversible: false,
            previews: Vec::new(),
            sensitive: Vec::new(),
            on_merge: Vec::new(),
            waits: false,
        }))
    }
}

/// The reason where people give none: a test is called flaky only where it passed without a change.
fn reason_of(incident: &Incident) -> String {
    let what = if incident.flaked() { "flaky: failed and passed at one commit" } else { "fails" };
    format!("{what}, see incident {}", incident.no.0)
}

fn can_edit(framework: &str) -> bool {
    frameworks::edited().contains(&framework)
}

/// The failing test to quarantine: the named one, or the only one.
fn which(incident: &Incident, wanted: Option<&Untrusted>) -> Result<Option<FailingTest>, String> {
    let failing = failing(incident);
    if let Some(wanted) = wanted {
        let same = |test: &&FailingTest| test.name == *wanted || test.selector.as_ref() == Some(wanted);
        return Ok(failing.iter().copied().find(|test| same(test)).cloned());
    }
    match failing.as_slice() {
        [] => Err("the log names no failing test: name it with test=NAME".into()),
        [one] => Ok(Some((*one).clone())),
        many => {
            let names: Vec<String> = many.iter().map(|test| test.name.line(80)).collect();
            let names = crate::domain::text::listing(&names, 4);
            Err(format!("{} tests fail; choose one with test=NAME: {names}", many.len()))
        }
    }
}
