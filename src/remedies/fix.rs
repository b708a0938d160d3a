//! fix: a small change to the failing workflow from a template, named by a known issue or by a person.

use super::code::{self, Target, Wanting};
use super::templates::{self, Template};
use super::{Offering, PlanContext, Remedy, hope};
use crate::domain::action::ChangeSpec;
use crate::domain::evidence::Severity;
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Planning};
use crate::domain::text::{Untrusted, clean_line, inert, listing};
use crate::evidence::known;

pub struct Fix;

/// Lines of evidence that a template is shown.
const LINES: usize = 10;

/// What came back as often is worth the template.
const OFTEN: u32 = 5;

impl Remedy for Fix {
    fn id(&self) -> &'static str {
        "fix"
    }

    fn nature(&self) -> Nature {
        Nature { proposes: true, ..Nature::default() }
    }

    fn is_automatic(&self) -> bool {
        true
    }

    fn is_once(&self) -> bool {
        true
    }

    /// The template that the known issue names, unless it was tried here.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let advice = incident.headline()?.advice.as_ref()?;
        let template = advice.fix.as_ref()?;
        let ended = |state: &ProposalState| {
            matches!(state, ProposalState::Done | ProposalState::Failed { .. } | ProposalState::Refused { .. })
        };
        let tried = incident.proposals.iter().any(|p| p.remedy == "fix" && !p.dry_run && ended(&p.state));
        if tried || !incident.confirmed || incident.base.is_some() {
            return None;
        }
        let label = clean_line(&format!("Fix: {}", template.replace('_', " ")), 60);
        // Where a retry often helps as well, it is the cheaper try.
        let often = incident.judged.as_ref().is_some_and(|judged| judged.record.passed_on_retry >= OFTEN);
        let retried = incident.runs.iter().any(|run| run.attempt > 1);
        let retry_first = advice.severity == Severity::Transient && !often && !retried;
        let help = if retry_first { 0.6 } else { advice.track.confidence(0.98) };
        // While everybody is down, it cannot show that it helps.
        let transient = advice.severity == Severity::Transient;
        let help = if transient { help * (1.0 - hope::of_an_outage(incident)) } else { help };
        let wish = Wish::Fix { template: None, words: Vec::new() };
        Some(Offering { wish, label, help, because: clean_line(&advice.solution, 200), at_once: false, form: None })
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Fix { template, words } = context.wish else { return Planning::Refused(Vec::new()) };
        let (template, because) = match chosen(context.incident, template.as_deref()) {
            Ok(chosen) => chosen,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let onto = match code::default_branch(context.incident) {
            Ok(onto) => onto,
            Err(why) => return Planning::Refused(vec![why]),
        };
        let incident = context.incident;
        let workflow = inert(incident.workflow.raw(), 60);
        let title = format!("Fix {workflow}: {}", template.id().replace('_', " "));
        let lines = incident.evidence.iter().flat_map(|evidence| &evidence.errors).take(LINES);
        let raw = |text: &Untrusted| Some(text.raw().to_owned()).filter(|text| !text.is_empty());
        let job = incident.first_job();
        let change = ChangeSpec::Fix {
            template: template.id().into(),
            workflow: raw(&incident.workflow),
            job: job.and_then(|job| raw(&job.name)),
            step: job.and_then(|job| job.step.as_ref()).and_then(raw),
            lines: lines.map(|line| line.text.raw().to_owned()).collect(),
            words: words.clone(),
        };
        let wanting = Wanting {
            summary: title.clone(),
            because,
            undo: "revert this pull request",
            targets: vec![Target { onto, message: format!("{title}\n"), title, change }],
            ..Wanting::of("fix")
        };
        code::plan(context, &wanting)
    }
}

/// The template named, or the one that the log's known issue names; with reasons.
fn chosen(incident: &Incident, named: Option<&str>) -> Result<(&'static dyn Template, Vec<String>), String> {
    if let Some(name) = named {
        return templates::named(name).map(|template| (template, vec![template.about().to_owned()]));
    }
    let known =
        incident.evidence.iter().filter_map(|evidence| evidence.known_issue.as_deref()).filter_map(known::by_id);
    let mends = |issue: &&known::Issue| templates::by_id(issue.fix_type()).is_some();
    let issues: Vec<&known::Issue> = known.collect();
    if let Some(issue) = issues.iter().copied().find(mends)
        && let Some(template) = templates::by_id(issue.fix_type())
    {
        return Ok((template, vec![format!("known issue {}: {}", issue.id, issue.solution)]));
    }
    let ids: Vec<String> = templates::all().iter().map(|template| template.id().to_owned()).collect();
    let all = listing(&ids, 10);
    Err(match issues.first() {
        Some(issue) => {
            format!("no template fixes {}: {} To try one anyway, use fix with {all}", issue.id, issue.solution)
        }
        None => format!("the log shows no failure that a template fixes: name one of {all}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_issue_that_names_a_template_names_one_there_is() {
        let named = known::ISSUES.rows.iter().filter(|issue| !issue.fix_type().is_empty());
        let wrong: Vec<&str> =
            named.filter(|issue| templates::by_id(issue.fix_type()).is_none()).map(|issue| issue.id.as_str()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
