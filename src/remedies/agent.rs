//! agent: the specialist's program tries on a branch of its own, the bot looks at what it changed, and CI decides.
//!
//! One approval covers the loop: what it agrees to is that this agent tries on this branch, within its limits. What comes
//! of it is a pull request, which people merge.

use super::code::{LABEL, TITLE_MAX, attempts, cause};
use super::{Asked, Offering, PlanContext, Remedy, hope};
use crate::agents::{self, Ending, Next, Team};
use crate::domain::action::{Action, ChangeSpec, PullBody};
use crate::domain::agent::{Attempt, AttemptEnd, Patch, Trial, Usd};
use crate::domain::effect::Lookup;
use crate::domain::facts::{Known, Preview};
use crate::domain::ids::Digest;
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::{Found, Nature, Plan, PlannedAction, Planning};
use crate::domain::refs::{Branch, OWN_BRANCHES, OwnBranch};
use crate::domain::text::{Untrusted, clean_line};

pub struct Agent;

const ID: &str = "agent";

/// Nothing published tells how often such a loop succeeds here; this puts it behind what has evidence.
const HELPS: f64 = 0.2;
/// Lines of evidence in a pull request.
const EVIDENCE_MAX: usize = 8;

impl Remedy for Agent {
    fn id(&self) -> &'static str {
        ID
    }

    /// Where the operator grants it: it ends in a pull request, which people merge.
    fn is_automatic(&self) -> bool {
        true
    }

    fn nature(&self) -> Nature {
        Nature { goes_on: true, one_act: true, proposes: true, ..Nature::default() }
    }

    /// Where the code is to blame, and the specialist has an agent that has not tried yet.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let routed = incident.routed.as_ref().filter(|routed| routed.has_agent)?;
        let tried = incident.proposals.iter().any(|p| p.remedy == ID && !p.dry_run && !p.state.is_active());
        let fits = incident.confirmed && !incident.fork && incident.base.is_none() && !incident.evidence.is_empty();
        (fits && !tried && onto(incident).is_ok()).then(|| Offering {
            wish: Wish::Agent { ask: None },
            label: format!("Let {} try", routed.specialist),
            help: HELPS * hope::of_a_breakage(incident),
            because: format!("{}: {}", routed.specialist, routed.because),
            at_once: false,
            form: None,
        })
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Some(asked) = context.proposal else {
            return Planning::Refused(vec!["an agent tries for a proposal only".into()]);
        };
        match Loop::of(context, asked) {
            Ok(own) => own.planning(context),
            Err(why) => Planning::Refused(vec![why]),
        }
    }
}

/// The branch that the change is for: the one that failed.
fn onto(incident: &Incident) -> Result<Branch, String> {
    let branch = incident.branch.raw();
    if branch.starts_with(OWN_BRANCHES) {
        return Err("agents do not work on branches of CI Rescue".into());
    }
    branch.parse().map_err(|_| "the failure is on no branch of this repository".into())
}

/// A loop as it stands.
struct Loop<'c> {
    asked: Asked<'c>,
    team: Team<'c>,
    onto: Branch,
    branch: OwnBranch,
    attempts: &'c [Attempt],
    is_open: bool,
}

impl<'c> Loop<'c> {
    fn of(context: &PlanContext<'c>, asked: Asked<'c>) -> Result<Self, String> {
        let incident = context.incident;
        let routed = incident.routed.as_ref();
        let first = routed.map_or("", |routed| routed.specialist.as_str());
        if !context.loops.has_agent(first) {
            let name = first.to_lowercase();
            return Err(format!("no agent is configured for {first}: add [[agents]] with name = \"{name}\""));
        }
        let team = Team { first, second: routed.and_then(|routed| routed.second.as_deref()) };
        if incident.fork {
            return Err("the run is from a fork: agents work on code of this repository only".into());
        }
        let own = incident.proposal(asked.id.n);
        let is_open = own.is_some_and(|own| !own.made.is_empty());
        Ok(Self {
            asked,
            team,
            onto: onto(incident)?,
            branch: agents::branch(asked.id),
            attempts: own.map(|own| own.attempts.as_slice()).unwrap_or_default(),
            is_open,
        })
    }

    fn planning(&self, context: &PlanContext<'_>) -> Planning {
        if self.is_open {
            return Planning::Found(Box::new(self.fixed()));
        }
        if context.incident.is_over() {
            return Planning::GaveUp("the failure is gone".into());
        }
        let pushed = self.attempts.iter().any(|attempt| attempt.pushed_at.is_some());
        let trial = match &context.facts.trial {
            None if pushed => return Planning::Needs(vec![self.trial(context)]),
            Some(Known::Unavailable(why)) => return Planning::GaveUp(format!("cannot see the branch: {why}")),
            Some(Known::Is(trial)) => Some(trial),
            None => None,
        };
        match agents::next(context.loops, self.team, self.attempts, trial, false, context.now) {
            Next::Try(n, specialist) => self.attempt(context, n, &specialist, trial),
            Next::Push(patch) => Planning::Ready(Box::new(self.push(context, &patch))),
            Next::Wait { ms } => {
                let (branch, n) = (self.branch.as_str(), self.attempts.len());
                Planning::Soon(format!("CI on {branch}, attempt {n}"), ms)
            }
            Next::Propose { patch, unjudged } => {
                Planning::Ready(Box::new(self.propose(context, &patch, unjudged.as_deref())))
            }
            Next::End(Ending::Fixed) => Planning::Found(Box::new(self.fixed())),
            Next::End(Ending::Disturbed) => Planning::GaveUp(format!("{} was changed meanwhile", self.branch.as_str())),
            // Nobody needs a branch that did not pass: each change stays with the incident as a patch.
            Next::End(_) if trial.is_some_and(|trial| trial.tree.is_some()) => {
                Planning::Ready(Box::new(self.drop_branch(context)))
            }
            Next::End(Ending::Exhausted(why)) => Planning::GaveUp(why),
            Next::End(Ending::Escalated(why)) => {
                Planning::GaveUp(format!("{} asks for a person: {}", self.at_work(), why.line(300)))
            }
        }
    }

    fn trial(&self, context: &PlanContext<'_>) -> Lookup {
        let incident = context.incident;
        let workflow = incident.lead_run().map_or_else(|| incident.workflow.clone(), |run| run.workflow.clone());
        Lookup::Trial { repo: incident.repo.clone(), workflow, branch: self.branch.clone() }
    }

    /// On the newest commit of the branch at first, and on the same one then.
    fn attempt(&self, context: &PlanContext<'_>, n: u32, specialist: &str, trial: Option<&Trial>) -> Planning {
        let incident = context.incident;
        let repo = incident.repo.clone();
        let kept = self.attempts.first().map(|first| first.base.clone());
        let base = match (kept, &context.facts.head) {
            (Some(base), _) => base,
            (None, Some(Known::Is(Some(head)))) => head.clone(),
            (None, Some(Known::Is(None))) => return Planning::GaveUp(format!("{} is gone", self.onto)),
            (None, Some(Known::Unavailable(why))) => {
                return Planning::GaveUp(format!("cannot read {}: {why}", self.onto));
            }
            (None, None) => {
                let (branch, pull) = (incident.branch.clone(), incident.pulls.first().copied());
                return Planning::Needs(vec![Lookup::Head { repo, branch, pull }]);
            }
        };
        if let Some(other) = tried(incident, self.asked.id.n, &base) {
            let why = format!("{other} worked on {} already: push a commit, or take it over by hand", short(&base));
            return Planning::Refused(vec![why]);
        }
        let reserve = context.loops.attempt_budget;
        let action = Action::Attempt {
            repo,
            base: base.clone(),
            proposal: self.asked.id,
            n,
            specialist: specialist.to_owned(),
            reserve,
            job: trial.and_then(|trial| trial.job),
            at: context.now,
        };
        let max = context.loops.attempts_max;
        let summary = format!("let {specialist} try on {} ({n} of {max} attempts)", short(&base));
        let steps = vec![PlannedAction { action, undo: None }];
        let mut plan = self.plan(context, summary, steps);
        plan.because = vec![incident.routed.as_ref().map(|routed| routed.because.clone()).unwrap_or_default()];
        plan.notes = vec![
            format!("each attempt is expected to cost up to {reserve}, all of them up to {}", context.loops.budget)
                .into(),
            format!("what it changes is pushed to {}, where CI runs it", self.branch.as_str()).into(),
        ];
        if let Some(second) = self.team.second {
            plan.notes.push(format!("{second} takes over once if {} cannot fix it", self.team.first).into());
        }
        let others: Vec<&str> = agents::specialists().filter(|name| self.may_take_over(context, name)).collect();
        if !others.is_empty() {
            let others = others.join(" or ");
            plan.notes
                .push(format!("if CI finds another failure on the branch, {others} may take over instead").into());
        }
        if let Wish::Agent { ask: Some(ask) } = context.wish {
            plan.notes.insert(0, format!("it is told: {}", ask.line(300)).into());
        }
        Planning::Ready(Box::new(plan))
    }

    /// In place of the attempt before, whose branch goes first.
    fn push(&self, context: &PlanContext<'_>, patch: &Patch) -> Plan {
        let repo = context.incident.repo.clone();
        let mut steps = Vec::new();
        if self.attempts.iter().any(|attempt| attempt.pushed_at.is_some()) {
            let action = Action::BranchGone { repo, branch: self.branch.clone() };
            steps.push(PlannedAction { action, undo: None });
        }
        steps.push(PlannedAction { action: self.branch(context, patch), undo: None });
        let summary = format!("push attempt {} to {}", self.attempts.len(), self.branch.as_str());
        let mut plan = self.plan(context, summary, steps);
        plan.previews = vec![(self.onto.to_string(), patch.preview.clone())];
        plan
    }

    fn branch(&self, context: &PlanContext<'_>, patch: &Patch) -> Action {
        Action::Branch {
            repo: context.incident.repo.clone(),
            onto: self.onto.clone(),
            branch: self.branch.clone(),
            change: ChangeSpec::Patch { base: patch.base.clone(), diff: patch.diff.clone() },
            message: format!("{}\n", title(context)),
            tree: patch.tree.clone(),
            // Each attempt's commit is its own: CI judged the one before.
            at: self.attempts.last().map_or(self.asked.at, |last| last.at),
        }
    }

    fn propose(&self, context: &PlanContext<'_>, patch: &Patch, unjudged: Option<&str>) -> Plan {
        let repo = context.incident.repo.clone();
        let pull = Action::Pull {
            repo: repo.clone(),
            onto: self.onto.clone(),
            branch: self.branch.clone(),
            title: title(context).into(),
            body: Box::new(self.body(context, patch, unjudged)),
            labels: vec![LABEL.to_owned()],
            draft: unjudged.is_some(),
        };
        let gone = Action::BranchGone { repo: repo.clone(), branch: self.branch.clone() };
        let closed = Action::PullClosed { repo, branch: self.branch.clone() };
        // The branch is there: the step is for its undo.
        let steps = vec![
            PlannedAction { action: self.branch(context, patch), undo: Some(gone) },
            PlannedAction { action: pull, undo: Some(closed) },
        ];
        let mut plan = self.plan(context, self.told(), steps);
        plan.notes = unjudged.map(|why| format!("opens a draft: {why}").into()).into_iter().collect();
        plan.previews = vec![(self.onto.to_string(), patch.preview.clone())];
        plan
    }

    fn drop_branch(&self, context: &PlanContext<'_>) -> Plan {
        let action = Action::BranchGone { repo: context.incident.repo.clone(), branch: self.branch.clone() };
        let summary = format!("delete {}", self.branch.as_str());
        let mut plan = self.plan(context, summary, vec![PlannedAction { action, undo: None }]);
        // What was tried can still be read and taken over.
        plan.previews = self.attempts.iter().filter_map(|attempt| self.tried(attempt)).collect();
        plan
    }

    fn tried(&self, attempt: &Attempt) -> Option<(String, Preview)> {
        match &attempt.end {
            AttemptEnd::Proposed { patch } => {
                Some((format!("{}, attempt {}", self.onto, attempt.n), patch.preview.clone()))
            }
            _ => None,
        }
    }

    /// All plans of one loop have one digest: an approval covers it.
    fn plan(&self, context: &PlanContext<'_>, summary: String, steps: Vec<PlannedAction>) -> Plan {
        let (repo, id) = (context.incident.repo.as_str(), self.asked.id.to_string());
        let agents = context.loops.agents.join(",");
        let parts = [ID, repo, self.onto.as_str(), self.team.first, id.as_str(), &agents];
        Plan {
            remedy: ID.into(),
            summary: summary.into(),
            notes: Vec::new(),
            because: Vec::new(),
            steps,
            on_merge: Vec::new(),
            reversible: false,
            previews: Vec::new(),
            sensitive: Vec::new(),
            waits: false,
            digest: Digest::of(parts.map(str::as_bytes)),
        }
    }

    fn told(&self) -> String {
        let cost: Usd = self.attempts.iter().map(|attempt| attempt.cost).sum();
        let count = self.attempts.len();
        let s = if count == 1 { "" } else { "s" };
        format!("{}'s fix for {}, after {count} attempt{s} at {cost}", self.at_work(), self.onto)
    }

    fn may_take_over(&self, context: &PlanContext<'_>, name: &str) -> bool {
        name != self.team.first && Some(name) != self.team.second && context.loops.has_agent(name)
    }

    /// Who tried last.
    fn at_work(&self) -> &str {
        self.attempts.last().map_or(self.team.first, |last| last.specialist.as_str())
    }

    fn fixed(&self) -> Found {
        Found { summary: self.told(), because: Vec::new(), culprit: None, clears: false }
    }

    fn body(&self, context: &PlanContext<'_>, patch: &Patch, unjudged: Option<&str>) -> PullBody {
        let incident = context.incident;
        let lines = incident.headline().map(|evidence| evidence.errors.as_slice()).unwrap_or_default();
        let ci = unjudged
            .map_or_else(|| "CI passed on this branch".to_owned(), |why| format!("CI has not judged it: {why}"));
        let said = self.attempts.last().map(|last| last.said.line(300)).filter(|said| !said.is_empty());
        let made = format!("an agent ({}) made this change: {}", self.at_work(), patch.preview.stat);
        let said = said.map(|said| format!("its final message: {said}"));
        PullBody {
            remedy: ID.into(),
            proposal: self.asked.id.to_string(),
            incident: incident.no.0,
            summary: self.told().into(),
            cause: cause(incident).into(),
            because: [made, ci].into_iter().chain(said).map(Untrusted::from).collect(),
            warnings: vec!["a program wrote this: read every line before you merge it".into()],
            evidence: lines.iter().take(EVIDENCE_MAX).map(|line| line.text.clone()).collect(),
            conflicts: Vec::new(),
            conflicting: Vec::new(),
            attempts: attempts(incident),
            closes: Vec::new(),
            upstream: None,
            by: self.asked.by.clone(),
            undo: "revert this pull request".into(),
        }
    }
}

fn title(context: &PlanContext<'_>) -> String {
    let incident = context.incident;
    let job = incident.first_job().map_or_else(|| incident.workflow.line(60), |job| job.name.line(60));
    clean_line(&format!("Fix {job}"), TITLE_MAX)
}

fn short(sha: &str) -> &str {
    crate::domain::ids::short_sha(sha)
}

/// An earlier loop that came to its end on this commit.
fn tried(incident: &Incident, n: u32, base: &str) -> Option<String> {
    let ended = |state: &ProposalState| matches!(state, ProposalState::Done | ProposalState::Failed { .. });
    let worked = |attempts: &[Attempt]| attempts.iter().any(|attempt| attempt.base == base);
    let earlier = incident.proposals.iter().filter(|p| p.remedy == ID && p.id.n != n && ended(&p.state));
    earlier.into_iter().find(|p| worked(&p.attempts)).map(|p| p.id.to_string())
}
