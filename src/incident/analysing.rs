//! A failure that no rule knows: the analyst is asked, once, and its guess is told as one.

use super::state::Step;
use crate::domain::analysis::Analysis;
use crate::domain::effect::Effect;
use crate::domain::evidence::Category;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use regex::Regex;
use std::sync::LazyLock;

/// Asks where there is an analyst and nothing else has a word on it.
pub fn consider(step: &mut Step<'_>) {
    let asks = step.rules.loops.analysis_budget.is_some() && step.context.hold.is_none();
    let Some(print) = step.incident.fingerprint().map(str::to_owned) else { return };
    let asked = step.incident.analysed.as_ref() == Some(&print);
    if !asks || asked || !is_unknown(&step.incident) {
        return;
    }
    step.incident.analysis = Some(Analysis::Asked);
    step.incident.analysed = Some(print.clone());
    let incident = step.incident.no;
    step.effect(Effect::Analyse { incident, print });
}

fn is_unknown(incident: &Incident) -> bool {
    static PLACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[\w/-]+\.[a-zA-Z]{1,6}[:(]\d+").expect("a valid pattern"));
    // A failing test, a place in the code or a linter's complaint says what it is about.
    let says_nothing = incident.headline().is_some_and(|evidence| {
        let named = matches!(evidence.category, Category::Lint | Category::Typecheck | Category::Cancelled);
        let places = evidence.errors.iter().any(|line| PLACE.is_match(line.text.raw()));
        let tells = places || !evidence.failing_tests.is_empty() || !evidence.frames.is_empty();
        evidence.advice.is_none() && !tells && !named
    });
    // Whoever sends a pull request from a fork does not spend the operator's money.
    says_nothing && incident.confirmed && !incident.fork && incident.base.is_none() && incident.closed_at.is_none()
}

pub fn told(step: &mut Step<'_>, analysis: &Analysis) {
    step.incident.analysis = Some(analysis.clone());
    match analysis {
        Analysis::Asked => {}
        Analysis::Silent { why } => step.record(Note::NotAnalysed { why: why.clone() }),
        // A thread that has ended is left alone.
        Analysis::Told(hypothesis) if step.incident.is_over() => {
            step.record(Note::Analysed { hypothesis: hypothesis.clone() });
        }
        Analysis::Told(hypothesis) => step.tell(None, Note::Analysed { hypothesis: hypothesis.clone() }),
    }
}

/// What it said, for the explanation.
pub fn lines(incident: &Incident) -> Vec<String> {
    match &incident.analysis {
        None | Some(Analysis::Asked) => Vec::new(),
        Some(Analysis::Silent { why }) => vec![format!("the analyst has no answer: {why}")],
        Some(Analysis::Told(_)) if incident.guess().is_none() => Vec::new(),
        Some(Analysis::Told(told)) => {
            let mut lines =
                vec![format!("the analyst guesses, with {} confidence: {}", told.sureness, told.words.line(400))];
            lines.extend(told.check.as_ref().map(|check| format!("to confirm its guess: {}", check.line(200))));
            lines.extend(told.guide.as_ref().map(|guide| format!("it cites the guide {}", guide.line(200))));
            lines
        }
    }
}
