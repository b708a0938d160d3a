//! What an incident says of the known issue that it was taken for: whether what the issue advises held.

use crate::domain::cause::Cause;
use crate::domain::evidence::{Severity, Track};
use crate::domain::incident::{Incident, ProposalState, PullEnd};
use crate::domain::intent::Wish;

/// The issue's id with this incident's part of its track; `None` where it was no known issue, or is another incident's.
#[must_use]
pub fn track(incident: &Incident) -> Option<(String, Track)> {
    let evidence = incident.headline().filter(|_| incident.adopted_by.is_none())?;
    let (id, advice) = evidence.known_issue.as_ref().zip(evidence.advice.as_ref())?;
    let held = match contradicted(incident, advice.severity) {
        true => Some(false),
        false if advice.severity == Severity::Transient => retry_held(incident),
        false => fix_held(incident),
    };
    let (tried, held) = (u32::from(held.is_some()), u32::from(held == Some(true)));
    Some((id.clone(), Track { seen: 1, tried, held }))
}

/// A person named a cause that does not go with the issue.
fn contradicted(incident: &Incident, severity: Severity) -> bool {
    let Some(judged) = incident.judged.as_ref().filter(|judged| judged.by.is_some()) else { return false };
    let passes = matches!(judged.cause, Cause::Flaky | Cause::Transient | Cause::Infra);
    judged.cause != Cause::Unknown && passes != (severity == Severity::Transient)
}

/// Whether a retry passed; `None` while that is not known.
fn retry_held(incident: &Incident) -> Option<bool> {
    let retried = |p: &crate::domain::incident::Proposal| {
        matches!(p.wish, Wish::Retry(_)) && p.state == ProposalState::Done && !p.dry_run
    };
    if !incident.proposals.iter().any(retried) {
        return None;
    }
    let failed_again = incident.runs.iter().any(|run| run.attempt > 1 && run.failed_attempt == run.attempt);
    match (incident.passed_again(), failed_again || incident.closed_at.is_some()) {
        (true, _) => Some(true),
        (false, known) => known.then_some(false),
    }
}

/// Whether the issue's own fix was merged and the incident went green; `None` while that is not known.
fn fix_held(incident: &Incident) -> Option<bool> {
    let fixes = incident.proposals.iter().filter(|p| matches!(p.wish, Wish::Fix { .. }) && !p.dry_run);
    let ends = fixes.map(|p| match (&p.state, p.ended) {
        (ProposalState::Undone { by: Some(_), .. }, _) | (_, Some(PullEnd::Closed)) => Some(false),
        (ProposalState::Done, Some(PullEnd::Merged)) => incident.is_green().then_some(true),
        _ => None,
    });
    ends.flatten().last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cause::Judged;
    use crate::domain::evidence::Evidence;
    use crate::domain::ids::IncidentNo;
    use crate::domain::time::Time;
    use crate::evidence::known;

    /// A failure taken for this issue, with what became of it.
    fn incident(issue: &str, change: impl FnOnce(&mut Incident)) -> Incident {
        let mut incident = crate::incident::failing::request(IncidentNo(1), &"a/b".parse().unwrap(), 1, Time(0));
        let advice = known::by_id(issue).map(known::Issue::advice);
        incident.evidence = vec![Evidence { known_issue: Some(issue.into()), advice, ..Evidence::default() }];
        change(&mut incident);
        incident
    }

    fn said(cause: Cause) -> impl FnOnce(&mut Incident) {
        move |incident| incident.judged = Some(Judged { cause, by: Some("ada".into()), ..Judged::default() })
    }

    #[test]
    fn an_issue_is_seen_and_a_persons_word_speaks_against_it() {
        let of = |incident: Incident| track(&incident).map(|(_, track)| (track.seen, track.tried, track.held));
        assert_eq!(of(incident("runner-lost", |_| ())), Some((1, 0, 0)));
        assert_eq!(of(incident("runner-lost", said(Cause::Infra))), Some((1, 0, 0)));
        assert_eq!(of(incident("runner-lost", said(Cause::Deterministic))), Some((1, 1, 0)));
        assert_eq!(of(incident("no-space-left", said(Cause::Flaky))), Some((1, 1, 0)));
        assert_eq!(of(incident("no-space-left", |i| i.adopted_by = Some(IncidentNo(2)))), None);
        assert_eq!(of(incident("no-space-left", |i| i.evidence.clear())), None);
    }

    fn proposed(wish: &Wish, ended: Option<PullEnd>) -> crate::domain::incident::Proposal {
        let json = serde_json::json!({
            "id": "1-1", "remedy": wish.remedy(), "wish": wish, "force": false, "dry_run": false,
            "by": {"key": "ada", "name": "ada", "role": "responder"}, "reply": null, "seen": null, "plan": null,
            "quorum": 0, "approvals": [], "state": {"state": "done"}, "ended": ended, "created_at": 0, "expires_at": null
        });
        serde_json::from_value(json).expect("a proposal")
    }

    #[test]
    fn what_was_tried_counts_when_its_end_is_known() {
        use crate::domain::event::Conclusion;
        use crate::domain::intent::Which;
        let retry = || proposed(&Wish::Retry(Which::Smallest), None);
        let fix = |ended| proposed(&Wish::Fix { template: None, words: Vec::new() }, ended);
        let run = |attempt, failed_attempt| crate::domain::incident::RunState {
            run: None,
            attempt,
            workflow: "ci".into(),
            branch: "main".into(),
            sha: "a".into(),
            url: None,
            failed_attempt,
            conclusion: Some(Conclusion::Success),
            superseded: false,
            logs: 0,
            timed_out: Vec::new(),
            from: None,
        };
        let transient = "runner-lost";
        let cases = vec![
            ("running", incident(transient, |i| (i.proposals, i.runs) = (vec![retry()], vec![run(2, 1)])), (0, 0)),
            (
                "passed",
                incident(transient, |i| {
                    (i.proposals, i.runs, i.closed_at) = (vec![retry()], vec![run(2, 1)], Some(Time(1)));
                }),
                (1, 1),
            ),
            ("failed again", incident(transient, |i| (i.proposals, i.runs) = (vec![retry()], vec![run(2, 2)])), (1, 0)),
            ("not merged yet", incident("glibc-node20", |i| i.proposals = vec![fix(None)]), (0, 0)),
            ("closed", incident("glibc-node20", |i| i.proposals = vec![fix(Some(PullEnd::Closed))]), (1, 0)),
            ("still red", incident("glibc-node20", |i| i.proposals = vec![fix(Some(PullEnd::Merged))]), (0, 0)),
            (
                "fixed",
                incident("glibc-node20", |i| {
                    (i.proposals, i.closed_at) = (vec![fix(Some(PullEnd::Merged))], Some(Time(1)));
                }),
                (1, 1),
            ),
        ];
        for (name, incident, want) in cases {
            let (_, track) = track(&incident).unwrap();
            assert_eq!((track.tried, track.held), want, "{name}");
        }
    }
}
