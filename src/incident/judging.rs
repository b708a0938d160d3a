//! What policy says of a plan, and what is thought of the cause, as the incident stands.

use super::state::Step;
use crate::domain::cause::{Cause, Judged};
use crate::domain::facts::Facts;
use crate::domain::ids::Digest;
use crate::domain::incident::{Incident, Proposer};
use crate::domain::plan::Plan;
use crate::domain::text::Untrusted;
use crate::policy::{self, Act, Case, Decision};
use crate::remedies;

pub fn judge(step: &Step<'_>, plan: &Plan, by: Option<&Proposer>, force: bool, facts: &Facts) -> Decision {
    judge_act(step, Act::Run, plan, by, force, facts)
}

/// A plan that is not made yet.
pub fn blank(remedy: &str) -> Plan {
    let changes_code = remedies::by_id(remedy).is_some_and(|known| known.changes_code());
    Plan {
        remedy: remedy.to_owned(),
        summary: Untrusted::default(),
        notes: Vec::new(),
        because: Vec::new(),
        steps: Vec::new(),
        on_merge: Vec::new(),
        reversible: !changes_code,
        previews: Vec::new(),
        sensitive: Vec::new(),
        waits: false,
        digest: Digest::of([remedy.as_bytes()]),
    }
}

/// Whether the bot may merge what this plan opened.
pub fn judge_merge(step: &Step<'_>, plan: &Plan) -> Decision {
    judge_act(step, Act::Merge, plan, None, false, &Facts::default())
}

pub fn judge_undo(step: &Step<'_>, plan: &Plan, by: &Proposer, facts: &Facts) -> Decision {
    judge_act(step, Act::Undo, plan, Some(by), false, facts)
}

pub fn judge_act(
    step: &Step<'_>,
    act: Act,
    plan: &Plan,
    by: Option<&Proposer>,
    force: bool,
    facts: &Facts,
) -> Decision {
    let nature = remedies::by_id(&plan.remedy).map(|remedy| remedy.nature()).unwrap_or_default();
    let (incident, context, now) = (&step.incident, step.context, step.now);
    policy::judge(step.rules, &Case { act, incident, plan, nature, by, force, facts, context, now })
}

/// A cause that was named stays while it is at least this likely…
const STAYS_FROM: f64 = 0.25;
/// …unless the new one is this likely.
const TURNS_FROM: f64 = 0.85;

/// Takes in a new judgement. A cause that is still plausible stays, so that a card does not flap; what a person said
/// stays for good.
pub fn learn(incident: &mut Incident, new: &Judged) {
    let mut new = new.clone();
    if let Some(old) = &incident.judged {
        if old.by.is_some() {
            (new.cause, new.chances, new.by) = (old.cause, old.chances, old.by.clone());
        } else if old.cause != Cause::Unknown
            && new.cause != old.cause
            && new.chance(old.cause) >= STAYS_FROM
            && new.chance(new.cause) < TURNS_FROM
        {
            new.cause = old.cause;
        }
    }
    if incident.first_told.is_none() {
        incident.first_told = Some(new.passes_again());
        // What a person said is not estimated.
        incident.first_estimated = new.by.is_none().then(|| new.estimate());
    }
    incident.judged = Some(new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;
    use crate::domain::time::Time;

    fn judged(cause: Cause, flaky: f64, broken: f64) -> Judged {
        let mut chances = [0.0; 6];
        (chances[0], chances[2]) = (flaky, broken);
        Judged { cause, chances, ..Judged::default() }
    }

    #[test]
    fn a_cause_turns_only_when_it_has_to() {
        use Cause::{Deterministic, Flaky, Unknown};
        for (first, then, stays) in [
            (judged(Flaky, 0.96, 0.04), judged(Unknown, 0.5, 0.5), Flaky),
            (judged(Flaky, 0.96, 0.04), judged(Deterministic, 0.4, 0.6), Flaky),
            (judged(Flaky, 0.96, 0.04), judged(Deterministic, 0.1, 0.9), Deterministic),
            (judged(Flaky, 0.96, 0.04), judged(Deterministic, 0.2, 0.8), Deterministic),
            (judged(Deterministic, 0.1, 0.9), judged(Flaky, 0.97, 0.03), Flaky),
            (judged(Unknown, 0.5, 0.5), judged(Deterministic, 0.45, 0.55), Deterministic),
        ] {
            let mut incident = crate::incident::failing::request(IncidentNo(1), &"a/b".parse().unwrap(), 1, Time(0));
            learn(&mut incident, &first);
            learn(&mut incident, &then);
            assert_eq!(incident.judged.unwrap().cause, stays, "{first:?} then {then:?}");
        }
    }

    #[test]
    fn what_is_told_is_corrected_and_what_is_learned_from_is_not() {
        let mut incident = crate::incident::failing::request(IncidentNo(1), &"a/b".parse().unwrap(), 1, Time(0));
        learn(&mut incident, &Judged { calibrated: Some(0.4), ..judged(Cause::Flaky, 0.8, 0.2) });
        assert_eq!((incident.first_told, incident.first_estimated), (Some(0.4), Some(0.8)));
        learn(&mut incident, &judged(Cause::Flaky, 0.99, 0.01));
        assert_eq!((incident.first_told, incident.first_estimated), (Some(0.4), Some(0.8)));
    }

    #[test]
    fn what_a_person_said_stays() {
        let mut incident = crate::incident::failing::request(IncidentNo(1), &"a/b".parse().unwrap(), 1, Time(0));
        let said = Judged { by: Some("ada".into()), ..judged(Cause::Deterministic, 0.0, 1.0) };
        incident.judged = Some(said);
        learn(&mut incident, &judged(Cause::Flaky, 0.99, 0.01));
        let kept = incident.judged.unwrap();
        assert_eq!((kept.cause, kept.by.as_deref()), (Cause::Deterministic, Some("ada")));
    }
}
