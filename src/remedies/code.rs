//! What every remedy that changes code plans: a branch and a pull request from it.

use super::PlanContext;
use crate::domain::action::{Action, ChangeSpec, PullBody};
use crate::domain::change::ChangeOutcome;
use crate::domain::effect::Lookup;
use crate::domain::facts::{ChangeFacts, Known};
use crate::domain::ids::{Digest, Repo, RunId};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::plan::{Plan, PlannedAction, Planning};
use crate::domain::refs::{Branch, OwnBranch};
use crate::domain::text::{Untrusted, clean_line};

pub use crate::domain::action::OWN_LABEL as LABEL;
/// A pull request's title, in characters (GitHub allows 256).
pub const TITLE_MAX: usize = 120;
/// Lines of evidence in a pull request.
const EVIDENCE_MAX: usize = 8;

/// A change for one branch.
pub struct Target {
    pub onto: Branch,
    pub change: ChangeSpec,
    pub message: String,
    pub title: String,
}

/// What a remedy that changes code wants, before the change is computed.
pub struct Wanting {
    pub remedy: &'static str,
    pub summary: String,
    /// Why, in addition to what computing the change says.
    pub because: Vec<String>,
    pub label: &'static str,
    pub targets: Vec<Target>,
    /// How to undo it once it is merged.
    pub undo: &'static str,
    /// Conflicts become drafts; else they are refused.
    pub drafts: bool,
    /// Issues of the bot's that merging this closes.
    pub closes: Vec<u64>,
    /// The project that the change works around.
    pub upstream: Option<Repo>,
    /// What else could be done about a conflict.
    pub group: Option<fn(&ChangeFacts) -> Option<String>>,
}

impl Wanting {
    /// An empty one for this remedy.
    pub fn of(remedy: &'static str) -> Self {
        Self {
            remedy,
            summary: String::new(),
            because: Vec::new(),
            label: LABEL,
            targets: Vec::new(),
            undo: "",
            drafts: false,
            closes: Vec::new(),
            upstream: None,
            group: None,
        }
    }
}

/// What failed and where, as the start of a sentence.
pub fn cause(incident: &Incident) -> String {
    if incident.scope == crate::domain::Scope::Request {
        let pulls: Vec<String> = incident.pulls.iter().map(|number| format!("#{number}")).collect();
        return format!("requested on {}", crate::domain::text::listing(&pulls, 3));
    }
    if incident.runner.is_some() {
        return format!("{}: {} jobs wait for it", incident.workflow.line(80), incident.failures);
    }
    let job = incident.first_job().map_or_else(|| incident.workflow.line(80), |job| job.name.line(80));
    format!("{job} failed on {} at {}", incident.branch.line(80), crate::domain::ids::short_sha(&incident.sha))
}

/// Attempts listed.
const ATTEMPTS_MAX: usize = 5;

/// What was tried on the incident before, newest last.
pub fn attempts(incident: &Incident) -> Vec<Untrusted> {
    let ended = |p: &&Proposal| {
        let refused = matches!(p.state, ProposalState::Refused { .. } | ProposalState::Expired);
        !p.dry_run && !p.state.is_active() && !refused
    };
    let mut all: Vec<Untrusted> = incident
        .proposals
        .iter()
        .rev()
        .filter(ended)
        .take(ATTEMPTS_MAX)
        .map(|p| {
            let what = p.plan.as_ref().map_or_else(|| p.remedy.clone(), |plan| plan.summary.line(120));
            let came = match (failed_again(incident, p), &p.state) {
                (Some(attempt), ProposalState::Done) => format!("done, but attempt {attempt} failed too"),
                (_, ProposalState::Failed { why } | ProposalState::Undone { why, .. }) => {
                    format!("{}: {}", p.state.as_str(), clean_line(why, 100))
                }
                (_, state) => state.as_str().to_owned(),
            };
            format!("{} by {}: {what} ({came})", p.id, p.by.name.line(60)).into()
        })
        .collect();
    all.reverse();
    all
}

/// The attempt that a retry started, if that failed.
fn failed_again(incident: &Incident, proposal: &Proposal) -> Option<u32> {
    let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
    let mut reruns = steps.filter_map(|step| match &step.action {
        Action::Rerun { run, attempt, .. } => Some((*run, attempt + 1)),
        _ => None,
    });
    let failed = |(id, attempt): &(RunId, u32)| {
        incident.runs.iter().any(|run| run.run == Some(*id) && run.failed_attempt >= *attempt)
    };
    reruns.find(failed).map(|(_, attempt)| attempt)
}

/// The default branch, which a configuration or an event named.
pub fn default_branch(incident: &Incident) -> Result<Branch, String> {
    incident.default_branch.parse().map_err(|why: crate::domain::ids::BadName| why.to_string())
}

/// Requests the changes that are not computed yet; then plans.
pub fn plan(context: &PlanContext<'_>, wanting: &Wanting) -> Planning {
    let Some(asked) = context.proposal else {
        return Planning::Refused(vec!["only a person can request a code change".into()]);
    };
    let repo = &context.incident.repo;
    let missing: Vec<Lookup> = wanting
        .targets
        .iter()
        .filter(|target| !context.facts.changes.contains_key(&target.onto))
        .map(|target| Lookup::Change {
            repo: repo.clone(),
            onto: target.onto.clone(),
            change: target.change.clone(),
            message: target.message.clone(),
        })
        .collect();
    if !missing.is_empty() {
        return Planning::Needs(missing);
    }
    let mut planned = Planned::default();
    for (n, target) in wanting.targets.iter().enumerate() {
        match &context.facts.changes[&target.onto] {
            Known::Unavailable(why) => planned.refused.push(format!("{}: {why}", target.onto)),
            Known::Is(change) => {
                let part = if wanting.targets.len() > 1 { format!("{}", n + 1) } else { String::new() };
                match OwnBranch::new(wanting.remedy, asked.id, &part) {
                    Ok(branch) => planned.take(context, wanting, target, change, branch),
                    Err(why) => planned.refused.push(why.to_string()),
                }
            }
        }
    }
    planned.finish(context, wanting)
}

#[derive(Default)]
struct Planned {
    steps: Vec<PlannedAction>,
    because: Vec<String>,
    notes: Vec<Untrusted>,
    previews: Vec<(String, crate::domain::facts::Preview)>,
    refused: Vec<String>,
    parts: Vec<String>,
    sensitive: Vec<String>,
}

impl Planned {
    fn take(
        &mut self,
        context: &PlanContext<'_>,
        wanting: &Wanting,
        target: &Target,
        change: &ChangeFacts,
        branch: OwnBranch,
    ) {
        let draft = match change.outcome {
            ChangeOutcome::Ready => false,
            ChangeOutcome::Conflict if wanting.drafts => true,
            ChangeOutcome::Conflict => {
                let paths = crate::domain::text::listing(&change.conflicts, 5);
                return self.refused.push(format!("it conflicts on {} in {paths}", target.onto));
            }
            ChangeOutcome::Already | ChangeOutcome::Empty | ChangeOutcome::Refused => {
                let why = change.because.iter().map(|why| unstopped(why)).collect::<Vec<_>>().join("; ");
                return self.refused.push(format!("on {}: {why}", target.onto));
            }
        };
        self.because.extend(change.because.iter().map(|why| unstopped(why).to_owned()));
        self.notes.extend(change.warnings.iter().map(|warning| Untrusted::new(unstopped(warning))));
        if draft {
            let paths = crate::domain::text::listing(&change.conflicts, 5);
            self.notes.push(format!("opens a draft: conflicts in {paths} need resolving by hand").into());
        }
        self.sensitive.extend(change.sensitive.iter().cloned());
        if let Some(hint) = wanting.group.filter(|_| draft) {
            self.notes.extend(hint(change).map(Untrusted::from));
        }
        self.previews.push((target.onto.to_string(), change.preview.clone()));
        self.parts.extend([target.onto.to_string(), change.patch_id.clone(), format!("{draft}")]);
        if draft {
            let (repo, paths) = (context.incident.repo.clone(), change.conflicts.clone());
            let tree = change.tree.clone();
            let markers = Action::Markers { repo, branch: branch.clone(), paths, tree };
            self.steps.extend(steps(context, wanting, target, change, branch, draft));
            return self.steps.push(PlannedAction { action: markers, undo: None });
        }
        self.steps.extend(steps(context, wanting, target, change, branch, draft));
    }

    fn finish(self, context: &PlanContext<'_>, wanting: &Wanting) -> Planning {
        if self.steps.is_empty() {
            return Planning::Refused(self.refused);
        }
        let mut because: Vec<String> = wanting.because.iter().map(|why| unstopped(why).to_owned()).collect();
        because.extend(self.because);
        let mut notes = self.notes;
        notes.extend(self.refused.into_iter().map(|why| Untrusted::new(format!("skipped: {why}"))));
        let repo = context.incident.repo.as_str();
        if !self.sensitive.is_empty() {
            because.push(format!("needs one more approval than usual: {}", self.sensitive.join("; ")));
        }
        // The patch is part of it, the tree is not: that one changes with every push to the branch it stands on.
        let parts = [wanting.remedy, repo].into_iter().chain(self.parts.iter().map(String::as_str));
        Planning::Ready(Box::new(Plan {
            remedy: wanting.remedy.into(),
            summary: wanting.summary.as_str().into(),
            notes,
            because,
            digest: Digest::of(parts.map(str::as_bytes)),
            steps: self.steps,
            reversible: false,
            previews: self.previews,
            sensitive: self.sensitive,
            on_merge: Vec::new(),
            waits: false,
        }))
    }
}

/// A sentence without its full stop, to become part of another.
fn unstopped(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

fn steps(
    context: &PlanContext<'_>,
    wanting: &Wanting,
    target: &Target,
    change: &ChangeFacts,
    branch: OwnBranch,
    draft: bool,
) -> [PlannedAction; 2] {
    let repo = context.incident.repo.clone();
    let at = context.proposal.map_or(context.now, |asked| asked.at);
    let mut labels = vec![LABEL.to_owned()];
    if wanting.label != LABEL {
        labels.push(wanting.label.to_owned());
    }
    let title = if draft { format!("[conflicts] {}", target.title) } else { target.title.clone() };
    [
        PlannedAction {
            action: Action::Branch {
                repo: repo.clone(),
                onto: target.onto.clone(),
                branch: branch.clone(),
                change: target.change.clone(),
                message: target.message.clone(),
                tree: change.tree.clone(),
                at,
            },
            undo: Some(Action::BranchGone { repo: repo.clone(), branch: branch.clone() }),
        },
        PlannedAction {
            action: Action::Pull {
                repo: repo.clone(),
                onto: target.onto.clone(),
                branch: branch.clone(),
                title: title.chars().take(TITLE_MAX).collect::<String>().into(),
                body: Box::new(body(context, wanting, change)),
                labels,
                draft,
            },
            undo: Some(Action::PullClosed { repo, branch }),
        },
    ]
}

fn body(context: &PlanContext<'_>, wanting: &Wanting, change: &ChangeFacts) -> PullBody {
    let incident = context.incident;
    let lines = incident.headline().map(|evidence| evidence.errors.as_slice()).unwrap_or_default();
    let untrusted = |all: &[String]| all.iter().map(|one| Untrusted::new(one.as_str())).collect::<Vec<_>>();
    let mut because = untrusted(&wanting.because);
    because.extend(untrusted(&change.because));
    PullBody {
        remedy: wanting.remedy.into(),
        proposal: context.proposal.map_or_else(String::new, |asked| asked.id.to_string()),
        incident: incident.no.0,
        summary: wanting.summary.as_str().into(),
        cause: cause(incident).into(),
        because,
        warnings: untrusted(&change.warnings),
        evidence: lines.iter().take(EVIDENCE_MAX).map(|line| line.text.clone()).collect(),
        conflicts: untrusted(&change.conflicts),
        conflicting: change.conflicting.clone(),
        attempts: attempts(incident),
        closes: wanting.closes.clone(),
        upstream: wanting.upstream.clone(),
        by: context.proposal.map_or_else(Untrusted::default, |asked| asked.by.clone()),
        undo: wanting.undo.into(),
    }
}
