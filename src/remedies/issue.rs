//! issue: a tracking issue with what failed, why that is thought, the excerpt, what was tried, and whose it is.

use super::{Offering, PlanContext, Remedy, code, hope};
use crate::domain::action::{Action, IssueBody};
use crate::domain::cause::{Cause, Judged};
use crate::domain::effect::Lookup;
use crate::domain::evidence::{Category, Evidence};
use crate::domain::facts::Known;
use crate::domain::form::{Field, Form};
use crate::domain::ids::Digest;
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Plan, PlannedAction, Planning};
use crate::domain::text::{Untrusted, clean_line, inert};

pub struct Issue;

/// Where a fixing agent tried in vain.
const LOOP_LABEL: &str = "ci-fix-loop";

/// Lines of evidence, and names of tests, in an issue.
const LINES: usize = 10;

/// A failure that is more likely its branch's own is its author's.
const SHARED: f64 = 0.5;

/// Retries that failed before an outage counts as lasting.
const LASTING: u32 = 2;

impl Remedy for Issue {
    fn id(&self) -> &'static str {
        "issue"
    }

    fn is_once(&self) -> bool {
        true
    }

    fn changes_code(&self) -> bool {
        false
    }

    /// When an incident is escalated.
    fn is_automatic(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature { tells: true, ..Nature::default() }
    }

    /// Where nothing else is known to help with what is everybody's.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        if incident.base.is_some() || incident.issue().is_some() {
            return None;
        }
        // On a branch its author mends it, unless it is everybody's.
        let share = if incident.on_default_branch() { 1.0 } else { everybodys(incident) };
        if share < SHARED {
            return None;
        }
        let because = "nothing here is known to fix it, and somebody has to own it".into();
        // An outage that outlasts its retries needs one place where it is tracked.
        let lasting =
            if hope::tries(incident) >= LASTING && !is_tracked(incident) { hope::of_an_outage(incident) } else { 0.0 };
        let help = 0.5 * share * (hope::of_a_breakage(incident) + lasting);
        let wish = Wish::Issue { reason: None };
        let form = Some(form(incident));
        Some(Offering { wish, label: "Open issue".into(), help, because, at_once: false, form })
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Issue { reason } = context.wish else { return Planning::Refused(Vec::new()) };
        let Some(asked) = context.proposal else {
            return Planning::Refused(vec!["only a person can request an issue".into()]);
        };
        let incident = context.incident;
        let paths = incident.paths();
        let owners = match &context.facts.owners {
            None if !paths.is_empty() => {
                let onto = match code::default_branch(incident) {
                    Ok(onto) => onto,
                    Err(why) => return Planning::Refused(vec![why]),
                };
                return Planning::Needs(vec![Lookup::Owners { repo: incident.repo.clone(), onto, paths }]);
            }
            Some(Known::Is(owners)) => owners.clone(),
            _ => incident.owners.clone().unwrap_or_default(),
        };
        let because = match owners.as_slice() {
            [] => "CODEOWNERS lists no owner".to_owned(),
            all => format!("owned by {}", crate::domain::text::listing(all, 5)),
        };
        let title = title(incident);
        let about =
            About { title: title.clone(), owners, quarantine: None, reason: reason.clone(), label: code::LABEL };
        let parts = ["issue", incident.repo.as_str(), &asked.id.to_string()].map(str::to_owned);
        Planning::Ready(Box::new(Plan {
            remedy: "issue".into(),
            summary: format!("open an issue: {title}").into(),
            notes: Vec::new(),
            because: vec![because],
            steps: vec![step(context, about)],
            reversible: true,
            previews: Vec::new(),
            sensitive: Vec::new(),
            on_merge: Vec::new(),
            waits: false,
            digest: Digest::of(parts.iter().map(String::as_bytes)),
        }))
    }
}

/// What is known to come and go has its place already, until it is escalated: then it wants an owner.
fn is_tracked(incident: &Incident) -> bool {
    let comes_and_goes = |evidence: &Evidence| evidence.advice.is_some() && evidence.is_transient();
    incident.escalated_at.is_none() && incident.headline().is_some_and(comes_and_goes)
}

/// The chance that a failure on a branch is not its author's to mend.
fn everybodys(incident: &Incident) -> f64 {
    let judged = incident.judged.as_ref();
    let chance = |cause| judged.map_or(0.0, |judged| judged.chance(cause));
    let shared = chance(Cause::Dependency) + chance(Cause::BaseBroken);
    let Some(evidence) = incident.headline() else { return shared };
    let tries = hope::tries(incident);
    // The machine or the network, and it does not go away.
    let outside =
        evidence.is_transient() && !is_tracked(incident) && evidence.category != Category::Timeout && tries >= LASTING;
    // What can only fail for good was accepted at this very commit.
    let again = tries > 0 || hope::is_secret_gone(incident);
    let changed = evidence.is_deterministic() && again && judged.is_some_and(|judged| judged.record.passed_here > 0);
    // What the log blames lies outside of every branch.
    let blamed = evidence.category == Category::Dependency;
    let lasting = if tries > 0 || blamed { chance(Cause::Infra) } else { 0.0 };
    if outside || changed { 1.0 } else { shared + lasting }
}

/// The sentence at the top, at first the strongest reason for what is thought of the cause.
fn form(incident: &Incident) -> Form {
    let why = incident.judged.as_ref().and_then(|judged| judged.because.first());
    let why = why.map_or_else(String::new, |why| clean_line(why, 200));
    Form { title: "Open issue".into(), fields: vec![Field::line("reason", "First sentence of the issue", why)] }
}

fn title(incident: &Incident) -> String {
    if incident.runner.is_some() || incident.missed.is_some() {
        return inert(incident.workflow.raw(), 100);
    }
    let job = incident.first_job().map_or_else(|| incident.workflow.clone(), |job| job.name.clone());
    let branch = inert(incident.branch.raw(), 60);
    format!("{} fails on {branch}", inert(job.raw(), 100))
}

/// What an issue is about.
pub struct About {
    pub title: String,
    pub owners: Vec<String>,
    /// The test, and the last day of its quarantine.
    pub quarantine: Option<(Untrusted, String)>,
    pub reason: Option<Untrusted>,
    pub label: &'static str,
}

/// The hidden marker in an issue that a proposal opened.
pub fn marker(proposal: &str) -> String {
    format!("ci-rescue issue {proposal}")
}

/// The step that opens it, with its undo.
pub fn step(context: &PlanContext<'_>, about: About) -> PlannedAction {
    let incident = context.incident;
    let id = context.proposal.map_or_else(String::new, |asked| asked.id.to_string());
    let repo = incident.repo.clone();
    let marker = marker(&id);
    let mut labels = vec![code::LABEL.to_owned()];
    if context.incident.failed_loop().is_some() {
        labels.push(LOOP_LABEL.to_owned());
    }
    if about.label != code::LABEL {
        labels.push(about.label.to_owned());
    }
    let evidence = incident.headline();
    let body = IssueBody {
        proposal: id,
        incident: incident.no.0,
        cause: code::cause(incident).into(),
        because: analysis(incident),
        evidence: evidence.map_or_else(Vec::new, |e| e.errors.iter().take(LINES).map(|l| l.text.clone()).collect()),
        tests: evidence
            .map_or_else(Vec::new, |e| e.failing_tests.iter().take(LINES).map(|test| test.name.clone()).collect()),
        attempts: code::attempts(incident),
        excerpt: evidence.and_then(|evidence| evidence.excerpt.clone()),
        advice: advice(incident),
        owners: about.owners,
        quarantine: about.quarantine,
        reason: about.reason,
        by: context.proposal.map_or_else(Untrusted::default, |asked| asked.by.clone()),
    };
    let undo = Some(Action::IssueClosed { repo: repo.clone(), marker: marker.clone() });
    let title = about.title.chars().take(code::TITLE_MAX).collect::<String>().into();
    PlannedAction { action: Action::Issue { repo, marker, title, body: Box::new(body), labels }, undo }
}

/// What kind of failure it is, and what is thought to have caused it.
fn analysis(incident: &Incident) -> Vec<Untrusted> {
    let category = incident
        .headline()
        .map(|evidence| format!("this is a {} failure: {}", evidence.category, evidence.because.join("; ")));
    let verdict = |judged: &Judged| {
        let chance = judged.chance(judged.cause) * 100.0;
        format!("the verdict is {} ({chance:.0} %): {}", judged.cause.spoken(), judged.because.join("; "))
    };
    let judged = incident.judged.as_ref().filter(|judged| judged.cause != Cause::Unknown);
    let unknown = || (!incident.is_named()).then(|| "no cause is known".to_owned());
    category.into_iter().chain(judged.map(verdict).or_else(unknown)).map(Untrusted::from).collect()
}

/// Remedies that are advised.
const ADVISED: usize = 2;

/// What may help, the likeliest first.
fn advice(incident: &Incident) -> Vec<Untrusted> {
    let mut all: Vec<String> = Vec::new();
    if let Some(runner) = &incident.runner {
        let called = crate::domain::runner::name(&runner.labels);
        all.push(format!("start a runner with the labels {called}, or let these jobs run elsewhere (runs-on)"));
    }
    all.extend(incident.missed.as_ref().map(|missed| missed.silence.advice()));
    let known = incident.headline().and_then(|evidence| evidence.advice.as_ref());
    all.extend(known.map(|advice| advice.solution.clone()));
    let bracketed = incident.suspicion.as_ref().and_then(|suspicion| suspicion.bracketed());
    all.extend(bracketed.map(|suspect| {
        let sha = crate::domain::ids::short_sha(&suspect.sha);
        format!("look at {sha} {} by {}", suspect.subject.line(80), suspect.author.line(40))
    }));
    let offers = incident.offers.iter().filter(|offer| offer.remedy != "issue").take(ADVISED);
    all.extend(offers.map(|offer| {
        let because = offer.because.first().map_or("", String::as_str);
        format!("{} may help ({:.0} %): {because}", offer.label, offer.help * 100.0)
    }));
    let tests = incident.headline().is_some_and(|evidence| !evidence.failing_tests.is_empty());
    if tests {
        all.push(format!("reproduce it on a clean machine: repro {}", incident.no.0));
    }
    if all.is_empty() {
        all.push("nothing is known to fix it: read the run, and say what it was (wrong NUMBER CAUSE)".into());
    }
    all.into_iter().map(Untrusted::from).collect()
}
