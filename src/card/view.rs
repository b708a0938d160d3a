//! What a card is to say, before the words: short, cleaned and in order of weight.

use super::buttons::{buttons, rerunning};
use super::{annotations, special};
use crate::domain::action::Made;
use crate::domain::card::{Annotation, ButtonRef, Look, Tone, Verb};
use crate::domain::cause::Cause;
use crate::domain::form::Form;
use crate::domain::head;
use crate::domain::ids::{IncidentNo, short_sha};
use crate::domain::incident::{Incident, Proposal, ProposalState, Stage};
use crate::domain::intent::Wish;
use crate::domain::mention::Whose;
use crate::domain::outage::Outage;
use crate::domain::text::{Untrusted, clean_line, listing};
use crate::domain::time::Time;
use serde::Serialize;

/// The context of the card's templates. Every string is one clean line; the templates escape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    pub no: u64,
    /// `owner/name`.
    pub repo: String,
    pub name: String,
    pub sha: String,
    /// What failed, in the words of the title: the failing test, else the job and its first error.
    pub headline: String,
    /// The remedy and where it stands; empty while there is none.
    pub ending: String,
    /// The account whose push or click started the run.
    pub author: String,
    /// The first line of the commit's message.
    pub subject: String,
    pub branch: String,
    /// Its head is in another repository.
    pub fork: bool,
    pub workflow: String,
    pub stage: String,
    pub severity: String,
    pub emoji: &'static str,
    pub state_word: &'static str,
    pub job: String,
    pub step: String,
    pub conclusion: String,
    pub jobs: u64,
    pub runs: usize,
    pub storm: bool,
    pub alert: bool,
    /// Jobs wait for a runner; its state is the workflow's name.
    pub runner: bool,
    /// A deployment that waits for people, or did.
    pub deployment: Option<DeploymentView>,
    /// A workflow did not run at its time; how is the workflow's name.
    pub missed: bool,
    /// When that one ran last.
    pub ran_at: Option<Time>,
    /// What helps against that.
    pub advice: String,
    /// How the entries of a merge queue stand; empty where none was thrown out.
    pub queue: String,
    /// `red for 3 nights`; empty for one.
    pub nights: String,
    /// Why it was escalated; empty where that is not what it is about now.
    pub escalated: String,
    /// The issue that stands for it.
    pub issue: Option<MadeView>,
    /// Nothing failed: a person asked for something on a pull request.
    pub request: bool,
    pub evidence: String,
    pub test: String,
    pub tests: u64,
    pub category: String,
    pub confidence: u32,
    /// Who looks after such failures; empty while nothing tells.
    pub specialist: String,
    /// What is known to help against this very failure.
    pub solution: String,
    /// How that was borne out: `seen 12 times, its fix held 9 of 10 times`.
    pub track: String,
    pub log_missing: String,
    pub base: Option<BaseView>,
    /// The cause with its chance and its first reason; empty while it is not known.
    pub verdict: String,
    /// What the provider reported when it opened, and where.
    pub outage: String,
    pub outage_page: String,
    /// What the analyst guesses, and how sure it says it is.
    pub guess: String,
    pub guess_sureness: String,
    /// The likeliest, with what speaks against it; where the evidence brackets it, what can be said.
    pub suspect: String,
    /// Whose it is, as plain text, and how that is known where it is not their task; empty while it is not known.
    pub owner: String,
    pub owner_because: &'static str,
    pub adopted_by: Option<u64>,
    pub adopted: usize,
    pub remedy: String,
    pub proposal: Option<ProposalView>,
    pub offer: Option<OfferView>,
    pub last: Option<ProposalView>,
    pub confirmed: bool,
    pub pulls: Vec<u64>,
    pub opened_at: Time,
    pub closed_at: Option<Time>,
    /// Closed with its pull request.
    pub gone: bool,
    /// Who has it; empty where nobody does.
    pub taken: String,
    pub snoozed_until: Option<Time>,
    /// Who closed it by hand, and why.
    pub resolved_by: String,
    pub resolved_why: String,
    pub attempt: u32,
    #[serde(skip)]
    pub url: Option<String>,
    /// The host of that address, where the forge has not confirmed the run: whoever clicks sees where it leads.
    #[serde(skip)]
    pub host: Option<String>,
    #[serde(skip)]
    pub buttons: Vec<ViewButton>,
    #[serde(skip)]
    pub more: Vec<ViewButton>,
    /// The whole hash.
    pub commit: String,
    #[serde(skip)]
    pub annotations: Vec<Annotation>,
    #[serde(skip)]
    pub tone: Tone,
    #[serde(skip)]
    pub incident: IncidentNo,
    #[serde(skip)]
    pub version: u64,
    #[serde(skip)]
    pub is: Stage,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeploymentView {
    pub to: String,
    pub reviewers: String,
    pub starters: String,
    /// A review can be handed in here.
    pub ours: bool,
    /// The environments are known: the forge has been asked.
    pub known: bool,
    pub unknown: String,
    pub outcome: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BaseView {
    pub no: u64,
    pub branch: String,
    pub since: Time,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProposalView {
    pub id: String,
    pub remedy: String,
    pub state: String,
    pub summary: String,
    pub by: String,
    pub have: usize,
    pub quorum: u32,
    pub expires_at: Option<Time>,
    pub why: String,
    pub waits_for: String,
    /// What will change: `tests/test_x.py, 1 file, +1 -0`.
    pub change: String,
    /// What its steps made.
    pub made: Vec<MadeView>,
    /// Somebody wants it undone, which would change this.
    pub undo: bool,
    pub undoes: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MadeView {
    /// `pull request #12`.
    pub what: String,
    pub url: String,
}

/// A button before its words are put into a platform's form.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewButton {
    pub what: ButtonRef,
    pub look: Look,
    /// Empty where the verb says it.
    pub label: String,
    /// What has to be filled in first.
    pub form: Option<Form>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferView {
    pub label: String,
    pub because: String,
    pub recommended: bool,
    /// The chance that it helps, in percent.
    pub help: u32,
    /// The known issue's own: its solution says it already.
    pub is_fix: bool,
    /// It mends nothing by itself, so that a chance would say nothing.
    pub is_issue: bool,
}

impl View {
    /// Whether people see the same on both cards: then an edit would only cost the platform's patience.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        Self { version: other.version, ..self.clone() } == *other
    }
}

/// Lengths that keep a card near 700 characters.
const NAME: usize = 60;
const LINE: usize = 200;
const SENTENCE: usize = 160;

/// The view of an incident.
#[must_use]
pub fn view(incident: &Incident) -> View {
    let evidence = incident.headline();
    let job = incident.first_job();
    let shown = incident.shown();
    let active = shown.as_deref();
    let (buttons, more) = buttons(incident);
    let url = job.and_then(|job| job.url.clone()).or_else(|| incident.lead_run().and_then(|run| run.url.clone()));
    let url = url.or_else(|| incident.deployment.as_ref().and_then(|waiting| waiting.url.clone()));
    let host = url.as_deref().filter(|_| !incident.confirmed).and_then(host);
    let (tone, emoji, state_word) = look(incident);
    View {
        no: incident.no.0,
        repo: incident.repo.to_string(),
        name: incident.repo.name().to_owned(),
        headline: headline(incident),
        ending: ending(incident),
        author: incident.sender.line(NAME),
        subject: subject(incident),
        sha: short_sha(&incident.sha).chars().filter(char::is_ascii_alphanumeric).collect(),
        branch: branch(incident),
        fork: incident.fork,
        workflow: incident.workflow.line(NAME),
        stage: incident.stage.as_str().replace('_', " "),
        severity: incident.severity.as_str().into(),
        emoji,
        state_word,
        job: job.map_or_else(String::new, |job| job.name.line(NAME)),
        step: failing_step(incident),
        conclusion: conclusion(incident).replace('_', " "),
        jobs: incident.failures.max(incident.jobs.len() as u64),
        runs: incident.runs.len(),
        storm: incident.storm,
        request: incident.scope == crate::domain::Scope::Request,
        alert: incident.scope == crate::domain::Scope::Alert,
        runner: incident.runner.is_some(),
        deployment: incident.deployment.as_ref().map(|waiting| DeploymentView {
            to: clean_line(&waiting.to(), LINE),
            reviewers: clean_line(&waiting.reviewers(), LINE),
            starters: clean_line(&listing(&waiting.starters, 3), NAME),
            ours: waiting.is_ours(),
            known: !waiting.environments.is_empty(),
            unknown: clean_line(waiting.unknown.as_deref().unwrap_or_default(), LINE),
            outcome: clean_line(waiting.outcome.as_deref().unwrap_or_default(), LINE),
        }),
        missed: incident.missed.is_some(),
        ran_at: incident.missed.as_ref().and_then(|missed| missed.last),
        advice: special::advice(incident),
        queue: special::queue(incident),
        nights: special::nights(incident),
        escalated: escalated(incident),
        issue: incident.issue().map(made),
        evidence: evidence.and_then(crate::domain::Evidence::quote).map_or_else(String::new, |e| e.text.line(LINE)),
        test: evidence.and_then(|e| e.failing_tests.first()).map_or_else(String::new, |t| t.name.line(LINE / 2)),
        tests: evidence.map_or(0, |e| e.failing_tests_total.max(e.failing_tests.len() as u64)),
        category: evidence.map_or("", |e| e.category.as_str()).replace('_', " "),
        confidence: evidence.map_or(0, |e| percent(e.confidence)),
        specialist: incident
            .routed
            .as_ref()
            .filter(|_| evidence.is_some())
            .map_or_else(String::new, |routed| routed.specialist.clone()),
        solution: evidence
            .and_then(|e| e.advice.as_ref())
            .map_or_else(String::new, |advice| clean_line(&advice.solution, SENTENCE)),
        track: evidence.and_then(|e| e.advice.as_ref()).map_or_else(String::new, |advice| advice.track.words()),
        log_missing: incident.log_missing.clone().unwrap_or_default(),
        base: incident.base.as_ref().map(|base| BaseView {
            no: base.incident.0,
            branch: base.branch.line(NAME),
            since: base.since,
        }),
        verdict: verdict(incident),
        outage: incident.outage.as_ref().map_or_else(String::new, Outage::at_opening),
        outage_page: incident.outage.as_ref().map_or_else(String::new, |outage| outage.page.clone()),
        guess: incident.guess().map_or_else(String::new, |told| told.words.line(LINE)),
        guess_sureness: incident.guess().map_or_else(String::new, |told| told.sureness.to_string()),
        suspect: suspect(incident),
        owner: owner(incident),
        owner_because: incident.whose().map_or("", |(whose, _)| because(whose)),
        adopted_by: incident.adopted_by.map(|no| no.0),
        adopted: incident.adopted.len(),
        remedy: active.or_else(|| rerunning(incident)).map_or_else(String::new, |proposal| proposal.remedy.clone()),
        proposal: active.map(proposal_view),
        offer: incident.offers.first().filter(|_| active.is_none() && incident.closed_at.is_none()).map(|offer| {
            OfferView {
                label: offer.label.clone(),
                because: clean_line(offer.because.first().map_or("", String::as_str), SENTENCE),
                recommended: offer.recommended,
                help: whole_percent(offer.help),
                is_fix: Verb::of(&offer.remedy) == Some(Verb::Fix),
                is_issue: Verb::of(&offer.remedy) == Some(Verb::Issue),
            }
        }),
        last: incident.proposals.last().filter(|p| !p.state.is_active()).map(proposal_view),
        confirmed: incident.confirmed,
        pulls: incident.pulls.iter().copied().take(3).collect(),
        opened_at: incident.opened_at,
        closed_at: incident.closed_at,
        gone: incident.gone,
        taken: incident.taken.as_ref().map_or_else(String::new, |taken| taken.by.line(NAME)),
        snoozed_until: incident.snoozed.as_ref().map(|snoozed| snoozed.until),
        resolved_by: incident.resolved.as_ref().map_or_else(String::new, |resolved| resolved.by.line(NAME)),
        resolved_why: incident
            .resolved
            .as_ref()
            .and_then(|one| one.reason.as_ref())
            .map_or_else(String::new, |why| why.line(LINE)),
        attempt: incident.runs.iter().map(|run| run.attempt).max().unwrap_or(0),
        url,
        host,
        buttons,
        more,
        commit: incident.sha.chars().filter(char::is_ascii_alphanumeric).collect(),
        annotations: annotations::of(incident),
        tone,
        incident: incident.no,
        version: incident.version,
        is: incident.stage,
    }
}

/// A merge queue's own branch is named after the one that it merges into.
fn branch(incident: &Incident) -> String {
    match head::queued(incident.branch.raw()) {
        Some((onto, _)) if !special::queue(incident).is_empty() => clean_line(onto, NAME),
        _ => head::shown(&incident.branch).line(NAME),
    }
}

fn host(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.host_str().map(|host| clean_line(host, NAME))
}

fn percent(confidence: f32) -> u32 {
    whole_percent(f64::from(confidence))
}

fn failing_step(incident: &Incident) -> String {
    let told = incident.first_job().and_then(|job| job.step.as_ref());
    told.or_else(|| incident.headline().and_then(|e| e.failing_step.as_ref()))
        .map_or_else(String::new, |step| step.line(NAME))
}

fn look(incident: &Incident) -> (Tone, &'static str, &'static str) {
    match incident.stage {
        Stage::Resolved if incident.adopted_by.is_some() => (Tone::Resolved, "⚪", "same failure as"),
        Stage::Resolved if incident.gone => (Tone::Resolved, "⚪", "closed"),
        Stage::Resolved => (Tone::Resolved, "✅", "resolved"),
        Stage::Quarantined => (Tone::Resolved, "🟣", "quarantined"),
        Stage::AwaitingApproval => (Tone::Waiting, "🟡", "awaiting approval"),
        Stage::Running => (Tone::Running, "🔵", "running"),
        Stage::Escalated => (Tone::Failing, "🚨", "escalated"),
        Stage::Open => (Tone::Failing, "🔴", "open"),
    }
}

fn proposal_view(proposal: &Proposal) -> ProposalView {
    let why = match &proposal.state {
        ProposalState::Failed { why } | ProposalState::Undone { why, .. } | ProposalState::Undoing { why, .. } => {
            why.clone()
        }
        ProposalState::Refused { why } => why.join("; "),
        _ => proposal.plan.as_ref().map_or_else(String::new, |plan| plan.because.join("; ")),
    };
    ProposalView {
        id: proposal.id.to_string(),
        remedy: proposal.remedy.clone(),
        state: proposal.state.as_str().into(),
        summary: proposal.plan.as_ref().map_or_else(String::new, |plan| plan.summary.line(SENTENCE)),
        by: proposal.by.name.line(NAME),
        have: proposal.valid_approvals(),
        quorum: proposal.quorum,
        expires_at: proposal.expires_at,
        why: clean_line(&why, SENTENCE),
        waits_for: clean_line(proposal.waits_for.as_deref().unwrap_or_default(), SENTENCE),
        change: change(proposal),
        made: proposal.made.iter().map(made).collect(),
        undo: proposal.is_undo(),
        undoes: proposal.plan.as_ref().map_or_else(String::new, |plan| plan.undoes().join(", ")),
    }
}

/// The first reason, and how many there are beside it.
fn escalated(incident: &Incident) -> String {
    let all = incident.escalations.as_slice();
    let Some(first) = all.first().filter(|_| incident.stage == Stage::Escalated) else { return String::new() };
    let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
    format!("{}{more}", clean_line(&first.because, SENTENCE))
}

fn made(made: &Made) -> MadeView {
    MadeView { what: format!("{} #{}", made.what, made.number), url: made.url.clone() }
}

/// Titles are read in a list of messages: about a line.
const HEADLINE: usize = 100;

/// How the job ended, or the run where no job is known: a workflow may not even have started.
fn conclusion(incident: &Incident) -> &'static str {
    let run = || incident.lead_run().and_then(|run| run.conclusion).filter(|conclusion| conclusion.is_failure());
    let ended = incident.first_job().map(|job| job.conclusion).or_else(run);
    ended.map_or("failure", |conclusion| conclusion.as_str())
}

/// What happened to the pull request or the nights, and what fails in them.
fn headline(incident: &Incident) -> String {
    let title = special::title(incident);
    if title.is_empty() {
        return failing(incident);
    }
    if incident.scope == crate::domain::Scope::Queue { title } else { format!("{title}: {}", failing(incident)) }
}

fn failing(incident: &Incident) -> String {
    if incident.scope == crate::domain::Scope::Alert || incident.runner.is_some() || incident.missed.is_some() {
        return incident.workflow.line(HEADLINE);
    }
    if let Some(waiting) = &incident.deployment {
        return clean_line(&format!("deployment to {}", waiting.to()), HEADLINE);
    }
    let evidence = incident.headline();
    let job = incident.first_job().map_or_else(|| incident.workflow.line(NAME), |job| job.name.line(NAME));
    if incident.storm {
        return format!("{} jobs in {}", incident.failures, incident.workflow.line(NAME));
    }
    if let Some((evidence, test)) = evidence.and_then(|e| Some((e, e.failing_tests.first()?))) {
        let total = evidence.failing_tests_total.max(evidence.failing_tests.len() as u64);
        let more = if total > 1 { format!(" and {} more", total - 1) } else { String::new() };
        return format!("{} ({}){more}", short_test(&test.name.line(LINE)), test.framework);
    }
    match evidence.and_then(|e| e.errors.first()) {
        Some(error) => clean_line(&format!("{job}: {}", error.text.line(LINE)), HEADLINE),
        None => job,
    }
}

/// The part of a test's name by which its authors call it; the whole stands below.
fn short_test(name: &str) -> String {
    let last = ["::", " > ", " › ", " » "].iter().find_map(|between| name.rsplit_once(between)).map(|(_, last)| last);
    let dotted = || {
        let parts: Vec<&str> = name.split('.').collect();
        let plain = !name.contains(' ') && parts.len() > 2;
        plain.then(|| parts[parts.len() - 2..].join("."))
    };
    let short = last.filter(|last| !last.trim().is_empty()).map(str::to_owned).or_else(dotted);
    clean_line(&short.unwrap_or_else(|| name.to_owned()), HEADLINE)
}

fn subject(incident: &Incident) -> String {
    let message = incident.commit_message.as_ref().map_or("", Untrusted::raw);
    clean_line(message.lines().next().unwrap_or_default(), NAME)
}

/// `revert #9 awaiting approval`.
fn ending(incident: &Incident) -> String {
    let shown = incident.shown();
    if let Some(undo) = shown.as_deref().filter(|proposal| proposal.is_undo()) {
        return format!("undo of {} awaiting approval", wish(undo));
    }
    if let Some(older) = incident.adopted_by {
        return format!("same failure as {older}");
    }
    if let Some(outcome) = incident.deployment.as_ref().and_then(|waiting| waiting.outcome.as_ref()) {
        return clean_line(outcome, NAME);
    }
    let stage = look(incident).2;
    if let Some(proposal) = shown.as_deref().or_else(|| rerunning(incident)) {
        return match proposal.state {
            ProposalState::Planning => format!("planning {}", wish(proposal)),
            ProposalState::Undoing { .. } => format!("undoing {}", wish(proposal)),
            ProposalState::Waiting => format!("{} waiting", wish(proposal)),
            _ => format!("{} {stage}", wish(proposal)),
        };
    }
    let done = |p: &&Proposal| p.state == ProposalState::Done && !p.dry_run;
    match (incident.stage, incident.proposals.iter().rev().find(done)) {
        (Stage::Open, _) => String::new(),
        (Stage::Resolved, Some(proposal)) => format!("{} {stage}", wish(proposal)),
        _ => stage.to_owned(),
    }
}

/// A remedy with what it acts on.
fn wish(proposal: &Proposal) -> String {
    let remedy = proposal.wish.remedy();
    let on = match &proposal.wish {
        Wish::Revert { pulls, commit: None } => {
            pulls.iter().map(|pull| format!("#{pull}")).collect::<Vec<_>>().join(", ")
        }
        Wish::Revert { commit: Some(sha), .. } => short_sha(sha).to_owned(),
        Wish::Pin { package: Some(package), version, .. } => {
            let version = version.as_ref().map_or_else(String::new, |version| format!("@{version}"));
            format!("{package}{version}")
        }
        Wish::Unpin { package } => package.clone(),
        Wish::Backport { pull: Some(pull), .. } => format!("#{pull}"),
        _ => String::new(),
    };
    clean_line(&format!("{remedy} {on}"), NAME).trim_end().to_owned()
}

/// `Flaky test (97 %): passed on retry at this commit`. A known issue says its own, a broken base is named by its incident.
fn verdict(incident: &Incident) -> String {
    let known = incident.headline().is_some_and(|evidence| evidence.advice.is_some()) || incident.base.is_some();
    let Some(judged) = incident.judged.as_ref().filter(|judged| !known && judged.cause != Cause::Unknown) else {
        return String::new();
    };
    let mut cause = judged.cause.spoken().to_owned();
    cause[..1].make_ascii_uppercase();
    let chance = match &judged.by {
        Some(by) => format!("says {}", clean_line(by, NAME)),
        None => format!("{} %", whole_percent(judged.chance(judged.cause))),
    };
    let because = judged.because.first().map_or_else(String::new, |why| format!(": {}", clean_line(why, SENTENCE)));
    format!("{cause} ({chance}){because}")
}

fn whole_percent(chance: f64) -> u32 {
    (0..=100).rev().find(|percent| f64::from(*percent) <= chance * 100.0 + 0.5).unwrap_or(0)
}

/// What is suspected first, and the word for it where the evidence brackets it.
fn suspect(incident: &Incident) -> String {
    let Some(suspicion) = &incident.suspicion else { return String::new() };
    let no = incident.no.0;
    if let Some(best) = suspicion.bracketed() {
        let what = format!("{} {}", short_sha(&best.sha), best.subject.line(NAME));
        let why = best.because.first().map_or_else(|| "nothing else landed".to_owned(), Clone::clone);
        return format!("{what}: {why}. Say: revert {no}");
    }
    if let [one] = suspicion.moved.as_slice() {
        let (package, green, red) = (one.package.line(NAME), one.green.line(20), one.red.line(20));
        return format!("{package} {green} → {red}. Say: pin {no}");
    }
    let best = suspicion.suspects.first().filter(|best| best.score > 0);
    best.map_or_else(String::new, |best| {
        format!("{} {}: {}", short_sha(&best.sha), best.subject.line(NAME), best.because.first().map_or("", |w| w))
    })
}

fn owner(incident: &Incident) -> String {
    incident.whose().map_or_else(String::new, |(_, all)| clean_line(&listing(&all, 3), NAME))
}

fn because(whose: Whose) -> &'static str {
    match whose {
        Whose::Owner => "",
        Whose::Author => "changed the failing file last",
        Whose::Suspect => "wrote the suspect",
        Whose::Pull => "opened the pull request",
    }
}

/// The first branch's change in a few words.
fn change(proposal: &Proposal) -> String {
    let previews = proposal.plan.as_ref().map(|plan| plan.previews.as_slice()).unwrap_or_default();
    let Some((_, first)) = previews.first() else { return String::new() };
    let file = first.files.first().map_or_else(String::new, |file| format!("{}, ", file.line(NAME)));
    let more = if previews.len() > 1 { format!("; {} branches", previews.len()) } else { String::new() };
    format!("{file}{}{more}", first.stat)
}
