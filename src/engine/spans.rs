//! What traces are made of: each delivery, turn, step and effect, in OpenTelemetry's terms where it has some (`cicd.*` and `vcs.*`
//! of its semantic conventions 1.44).

use crate::domain::action::Action;
use crate::domain::effect::Effect;
use crate::domain::event::{Conclusion, Event, Failure};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::text::clean_line;
use crate::ports::{Claimed, Delivery, TRACE};
use std::fmt::{self, Debug, Write};
use tracing::Span;
use tracing::field::Empty;

/// A name in an attribute, in characters.
const NAME: usize = 200;

/// A delivery at the door, until it is on disk.
pub(super) fn accept(source: &str) -> Span {
    tracing::info_span!(target: TRACE, "accept", otel.name = %format_args!("accept {source}"), otel.kind = "server", ci_rescue.source = source)
}

/// One delivery taken in, with all that comes of it at once.
pub(super) fn turn(claim: &Claimed<Delivery>) -> Span {
    let (delivery, attempt) = (&claim.work, claim.attempts + 1);
    tracing::info_span!(
        target: TRACE,
        "turn",
        otel.name = %format_args!("turn {}", delivery.source),
        ci_rescue.delivery.id = %clean_line(&delivery.id, NAME),
        ci_rescue.delivery.kind = %clean_line(&delivery.kind, NAME),
        ci_rescue.attempt = attempt,
    )
}

/// One incident hears of one event; with the facts for a proposal, its remedy plans.
pub(super) fn step(before: Option<&Incident>, no: IncidentNo, event: &Event) -> Span {
    let span = tracing::info_span!(
        target: TRACE,
        "step",
        otel.name = Empty,
        ci_rescue.incident = no.0,
        ci_rescue.remedy = Empty,
        ci_rescue.specialist = Empty,
        cicd.pipeline.name = Empty,
        cicd.pipeline.run.id = Empty,
        cicd.pipeline.result = Empty,
        cicd.pipeline.task.name = Empty,
        vcs.repository.name = Empty,
        vcs.owner.name = Empty,
        "vcs.ref.head.name" = Empty,
        "vcs.ref.head.revision" = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let planned = match event {
        Event::FactsGathered { proposal: Some(n), .. } => before.and_then(|incident| incident.proposal(*n)),
        _ => None,
    };
    match planned {
        Some(proposal) => {
            span.record("otel.name", format!("plan {}", proposal.remedy));
            span.record("ci_rescue.remedy", &proposal.remedy);
        }
        None => {
            span.record("otel.name", format!("step {}", first_word(event)));
        }
    }
    if let Event::Failed { failure } = event {
        run(&span, failure);
    }
    span
}

/// What became of the incident.
pub(super) fn stepped(span: &Span, incident: &Incident) {
    if let Some(routed) = incident.routed.as_ref().filter(|_| !span.is_disabled()) {
        span.record("ci_rescue.specialist", routed.specialist.to_lowercase());
    }
}

/// What the conventions say of a run and its task.
fn run(span: &Span, failure: &Failure) {
    span.record("cicd.pipeline.name", failure.workflow.line(NAME));
    if let Some(run) = failure.run {
        span.record("cicd.pipeline.run.id", run.0.to_string());
    }
    if let Some(result) = result(failure.conclusion) {
        span.record("cicd.pipeline.result", result);
    }
    if let Some(job) = &failure.job {
        span.record("cicd.pipeline.task.name", job.line(NAME));
    }
    let (owner, name) = failure.repo.as_str().split_once('/').unwrap_or_default();
    span.record("vcs.owner.name", owner);
    span.record("vcs.repository.name", name);
    span.record("vcs.ref.head.name", failure.branch.line(NAME));
    span.record("vcs.ref.head.revision", clean_line(&failure.sha, NAME));
}

/// The value of `cicd.pipeline.result`.
fn result(conclusion: Conclusion) -> Option<&'static str> {
    Some(match conclusion {
        Conclusion::Success | Conclusion::Neutral => "success",
        Conclusion::Failure | Conclusion::ActionRequired => "failure",
        Conclusion::TimedOut => "timeout",
        Conclusion::Cancelled => "cancellation",
        Conclusion::Skipped => "skip",
        Conclusion::StartupFailure => "error",
        _ => return None,
    })
}

/// What is done outside.
pub(super) fn effect(claim: &Claimed<Effect>) -> Span {
    let (effect, attempt) = (&claim.work, claim.attempts + 1);
    let span = tracing::info_span!(
        target: TRACE,
        "effect",
        otel.name = Empty,
        otel.status_code = Empty,
        otel.status_description = Empty,
        ci_rescue.incident = effect.incident().map(|no| no.0),
        ci_rescue.effect = effect.kind(),
        ci_rescue.attempt = attempt,
        ci_rescue.automatic = Empty,
        ci_rescue.specialist = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let name = match effect {
        Effect::Perform { action, automatic, .. } => {
            span.record("ci_rescue.automatic", *automatic);
            if let Action::Attempt { specialist, .. } = &**action {
                span.record("ci_rescue.specialist", specialist.to_lowercase());
            }
            format!("perform {}", first_word(&**action))
        }
        other => other.kind().replace('_', " "),
    };
    span.record("otel.name", name);
    span
}

/// The present span came to nothing.
pub(super) fn failed(why: &dyn fmt::Display) {
    let span = Span::current();
    span.record("otel.status_code", "error");
    span.record("otel.status_description", clean_line(&why.to_string(), NAME));
}

/// The name of a variant, in lower case, without printing the rest.
fn first_word(of: &dyn Debug) -> String {
    struct Word(String);
    impl Write for Word {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let end = text.find(|c: char| !c.is_alphanumeric());
            self.0.push_str(&text[..end.unwrap_or(text.len())]);
            if end.is_some() { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut word = Word(String::new());
    let _ = write!(word, "{of:?}");
    word.0.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_a_name() {
        let repo = "acme/shop".parse().unwrap();
        assert_eq!(first_word(&Event::PullReopened { repo, number: 1 }), "pullreopened");
        assert_eq!(first_word(&Event::Installed), "installed");
    }
}
