//! The table: what is escalated, and for what.

use super::*;
use crate::domain::cause::{Cause, Judged};
use crate::domain::event::Conclusion;
use crate::domain::incident::{Proposal, RunState};
use crate::domain::rules::OwnRules;
use serde_json::json;

const OPENED: Time = Time(1_767_268_800_000);
const DAY_MS: i64 = 24 * HOUR_MS;

fn rules(more: &str) -> Rules {
    crate::config::parse(&format!("[policy]\n{more}"), &[]).unwrap().policy
}

fn incident() -> Incident {
    let json = json!({
        "no": 1, "version": 1, "repo": "acme/shop", "default_branch": "main", "branch": "main", "sha": "a", "workflow": "ci",
        "scope": "job", "pulls": [], "sender": "ben", "sender_is_bot": false, "fork": false, "confirmed": true,
        "commit_message": null, "stage": "open", "severity": "normal", "severity_because": [], "opened_at": OPENED,
        "updated_at": OPENED, "failed_at": OPENED, "closed_at": null, "runs": [], "jobs": [], "failures": 5, "storm": false,
        "evidence": [], "log_missing": null, "base": null, "adopted_by": null, "adopted": [], "offers": [], "proposals": [],
        "proposed": 0, "scheduled": null, "entries": 0, "auto_retries": 0
    });
    let run = RunState {
        run: Some(crate::domain::RunId(1)),
        attempt: 1,
        workflow: "ci".into(),
        branch: "main".into(),
        sha: "a".into(),
        url: None,
        failed_attempt: 1,
        conclusion: Some(Conclusion::Failure),
        superseded: false,
        logs: 0,
        timed_out: Vec::new(),
        from: None,
    };
    Incident { runs: vec![run], ..serde_json::from_value(json).unwrap() }
}

/// One that ended like this.
fn tried(key: Option<&str>, state: &serde_json::Value) -> Proposal {
    let json = json!({
        "id": "1-1", "remedy": "issue", "wish": crate::domain::intent::Wish::Issue { reason: None }, "force": false,
        "dry_run": false, "by": {"key": key, "name": "x", "role": "responder"}, "reply": null, "seen": null, "plan": null,
        "quorum": 0, "approvals": [], "state": state, "created_at": 0, "expires_at": null
    });
    serde_json::from_value(json).unwrap()
}

fn failed(key: Option<&str>) -> Proposal {
    tried(key, &json!({"state": "failed", "why": "no"}))
}

/// A retry of this attempt.
fn retried(attempt: u32) -> Proposal {
    let action = crate::domain::Action::Rerun {
        repo: "acme/shop".parse().unwrap(),
        run: crate::domain::RunId(1),
        attempt,
        jobs: crate::domain::action::RerunJobs::Failed,
    };
    let plan = json!({
        "remedy": "retry", "summary": "", "notes": [], "because": [], "steps": [{"action": action, "undo": null}],
        "on_merge": [], "reversible": true, "previews": [], "sensitive": [], "waits": false,
        "digest": crate::domain::Digest::of([b"x".as_slice()])
    });
    Proposal { plan: Some(serde_json::from_value(plan).unwrap()), ..tried(Some("ben"), &json!({"state": "done"})) }
}

fn runner(fleet: Option<Known<Fleet>>) -> impl Fn(&mut Incident) {
    move |incident| {
        incident.scope = Scope::Runner;
        incident.runs.clear();
        incident.runner =
            Some(Awaited { labels: vec!["windows-cuda".into()], fleet: fleet.clone(), asked_at: incident.opened_at });
    }
}

fn judged(cause: Cause) -> Judged {
    Judged { cause, ..Judged::default() }
}

type Change = Box<dyn Fn(&mut Incident)>;
type Row = (&'static str, &'static str, Change, Breaker, i64, &'static [Trigger]);

#[test]
fn what_is_escalated_and_for_what() {
    let quiet = Breaker::default();
    let open = Breaker { failures: 3, at: Some(OPENED) };
    let nothing: &[Trigger] = &[];
    let online = |online, offline| Some(Known::Is(Fleet { online, offline }));
    let critical = "critical_workflows = [\"ci\"]";
    let rows: Vec<Row> = vec![
        ("unknown, a day", "", Box::new(|_| ()), quiet, DAY_MS, &[Trigger::Unknown]),
        ("unknown, almost a day", "", Box::new(|_| ()), quiet, DAY_MS - 1, nothing),
        ("unknown, never", "escalate_unknown_after_hours = 0", Box::new(|_| ()), quiet, 9 * DAY_MS, nothing),
        ("unknown, an hour", "escalate_unknown_after_hours = 1", Box::new(|_| ()), quiet, HOUR_MS, &[Trigger::Unknown]),
        ("known", "", Box::new(|i| i.judged = Some(judged(Cause::Deterministic))), quiet, 9 * DAY_MS, nothing),
        (
            "judged as unknown",
            "",
            Box::new(|i| i.judged = Some(judged(Cause::Unknown))),
            quiet,
            DAY_MS,
            &[Trigger::Unknown],
        ),
        ("a pull request's own", "", Box::new(|i| i.pulls = vec![9]), quiet, 9 * DAY_MS, nothing),
        ("a fork's", "", Box::new(|i| i.fork = true), quiet, 9 * DAY_MS, nothing),
        ("an alert", "", Box::new(|i| i.scope = Scope::Alert), quiet, 9 * DAY_MS, nothing),
        ("not confirmed", "", Box::new(|i| i.confirmed = false), quiet, 9 * DAY_MS, nothing),
        ("closed", critical, Box::new(|i| i.closed_at = Some(OPENED)), quiet, 9 * DAY_MS, nothing),
        ("adopted", critical, Box::new(|i| i.adopted_by = Some(crate::domain::IncidentNo(2))), quiet, DAY_MS, nothing),
        ("reopened lately", "", Box::new(|i| i.reopened_at = Some(OPENED.plus_ms(HOUR_MS))), quiet, DAY_MS, nothing),
        ("two failed", "", Box::new(|i| i.proposals = vec![failed(None), failed(Some("a"))]), quiet, 0, nothing),
        (
            "three failed, by whomever",
            "",
            Box::new(|i| i.proposals = vec![failed(None), failed(Some("a")), failed(Some("b"))]),
            quiet,
            0,
            &[Trigger::Attempts],
        ),
        (
            "the emergency stop is no attempt",
            "attempts_max = 1",
            Box::new(|i| {
                i.proposals = vec![tried(None, &json!({"state": "failed", "why": crate::domain::escalation::HELD}))];
            }),
            quiet,
            0,
            nothing,
        ),
        (
            "a retry that failed again",
            "attempts_max = 1",
            Box::new(|i| (i.proposals, i.runs[0].failed_attempt) = (vec![retried(1)], 2)),
            quiet,
            0,
            &[Trigger::Attempts],
        ),
        (
            "a retry that is going",
            "attempts_max = 1",
            Box::new(|i| (i.proposals, i.runs[0].attempt) = (vec![retried(1)], 2)),
            quiet,
            0,
            nothing,
        ),
        (
            "undone by a person",
            "attempts_max = 1",
            Box::new(|i| i.proposals = vec![tried(None, &json!({"state": "undone", "why": "w", "by": "ada"}))]),
            quiet,
            0,
            nothing,
        ),
        (
            "the repository allows fewer attempts",
            "",
            Box::new(|i| {
                i.own_rules = Some(Known::Is(OwnRules { attempts_max: Some(1), ..OwnRules::default() }));
                i.proposals = vec![failed(None)];
            }),
            quiet,
            0,
            &[Trigger::Attempts],
        ),
        ("no attempts at all", "attempts_max = 0", Box::new(|_| ()), quiet, 0, nothing),
        ("the breaker, elsewhere", "", Box::new(|_| ()), open, 0, nothing),
        ("the breaker, here", "", Box::new(|i| i.proposals = vec![failed(None)]), open, 0, &[Trigger::Breaker]),
        ("the breaker, a person's act", "", Box::new(|i| i.proposals = vec![failed(Some("a"))]), open, 0, nothing),
        ("the breaker is closed again", "", Box::new(|i| i.proposals = vec![failed(None)]), open, HOUR_MS, nothing),
        ("no breaker", "breaker_failures = 0", Box::new(|i| i.proposals = vec![failed(None)]), open, 0, nothing),
        ("critical, four hours", critical, Box::new(|_| ()), quiet, 4 * HOUR_MS, &[Trigger::Critical]),
        ("critical, almost", critical, Box::new(|_| ()), quiet, 4 * HOUR_MS - 1, nothing),
        ("critical, elsewhere", critical, Box::new(|i| i.branch = "topic".into()), quiet, 5 * HOUR_MS, nothing),
        (
            "critical, on a protected branch",
            critical,
            Box::new(|i| (i.branch, i.protected) = ("release".into(), Some(Known::Is(true)))),
            quiet,
            5 * HOUR_MS,
            &[Trigger::Critical],
        ),
        (
            "critical, on a branch that is not protected",
            critical,
            Box::new(|i| (i.branch, i.protected) = ("release".into(), Some(Known::Is(false)))),
            quiet,
            5 * HOUR_MS,
            nothing,
        ),
        ("one timeout", "", Box::new(|i| i.runs[0].timed_out = vec![1]), quiet, 0, nothing),
        ("two timeouts", "", Box::new(|i| i.runs[0].timed_out = vec![1, 2]), quiet, 0, &[Trigger::Timeouts]),
        (
            "two timeouts, then another run passed",
            "",
            Box::new(|i| (i.runs[0].timed_out, i.runs[0].superseded) = (vec![1, 2], true)),
            quiet,
            0,
            nothing,
        ),
        ("a runner, not asked yet", "", Box::new(runner(None)), quiet, 0, nothing),
        ("a runner, busy", "", Box::new(runner(online(1, 2))), quiet, 9 * DAY_MS, nothing),
        ("a runner, offline", "", Box::new(runner(online(0, 2))), quiet, 0, &[Trigger::Runner]),
        ("a runner, nowhere", "", Box::new(runner(online(0, 0))), quiet, 0, &[Trigger::Runner]),
        (
            "a runner, not to be read",
            "",
            Box::new(runner(Some(Known::Unavailable("GitHub answered 403".into())))),
            quiet,
            9 * DAY_MS,
            nothing,
        ),
        (
            "all that a run can be",
            "critical_workflows = [\"ci\"]",
            Box::new(|i| {
                i.proposals = vec![failed(None); 3];
                i.runs[0].timed_out = vec![1, 2];
            }),
            Breaker { failures: 3, at: Some(OPENED.plus_ms(DAY_MS)) },
            DAY_MS,
            &[Trigger::Unknown, Trigger::Attempts, Trigger::Breaker, Trigger::Critical, Trigger::Timeouts],
        ),
    ];
    for (name, more, change, breaker, after, want) in rows {
        let mut incident = incident();
        change(&mut incident);
        let found = escalation(&rules(more), &incident, breaker, OPENED.plus_ms(after));
        let met: Vec<Trigger> = found.iter().filter(|(_, reason)| reason.met).map(|(trigger, _)| *trigger).collect();
        assert_eq!(met, want, "{name}: {found:?}");
        for (trigger, reason) in found {
            assert!(!reason.words.is_empty() && reason.words.len() < 300, "{name} {trigger}: {}", reason.words);
        }
    }
}

#[test]
fn what_time_alone_brings_about_says_when() {
    let rules = rules("critical_workflows = [\"ci\"]");
    let found = escalation(&rules, &incident(), Breaker::default(), OPENED.plus_ms(HOUR_MS));
    let until: Vec<(Trigger, Option<i64>)> =
        found.iter().map(|(trigger, reason)| (*trigger, reason.until.map(|at| at.ms_since(OPENED)))).collect();
    assert_eq!(until, [(Trigger::Unknown, Some(DAY_MS)), (Trigger::Critical, Some(4 * HOUR_MS))]);
    for (_, reason) in found {
        let at = reason.until.unwrap();
        let then = escalation(&rules, &incident(), Breaker::default(), at);
        assert!(then.iter().any(|(_, then)| then.rule == reason.rule && then.met), "{}", reason.words);
    }
}
