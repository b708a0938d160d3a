//! What people see, state by state, on every surface: read each as somebody with three seconds would.

mod beside;
mod looks;
mod scenes;

use ci_rescue::domain::{ProposalState, Scope, Stage};
use scenes::{Shown, of_scope, of_stage, of_state, states};

const TRACE_LOG: &str = "##[group]Run pytest\n##[endgroup]\nTraceback (most recent call last):\n  File \"src/shop/cart.py\", line 17, in total\n    return price * count\nTypeError: can't multiply sequence by non-int of type 'float'\nFAILED tests/test_cart.py::test_total - TypeError: can't multiply sequence\n##[error]Process completed with exit code 1.\n";

/// What a scene shows is what its name promises, on all surfaces.
async fn golden(name: &str, shown: Shown) {
    let incident = shown.world.incident(shown.no).await;
    for stage in Stage::ALL.into_iter().filter(|stage| of_stage(*stage) == name) {
        assert_eq!(incident.stage, stage);
    }
    if SCOPES.iter().any(|scope| of_scope(*scope) == name) {
        assert_eq!(of_scope(incident.scope), name, "{:?}", incident.scope);
    }
    if states().iter().any(|state| of_state(state) == name) {
        let newest = incident.proposals.last().map(|proposal| of_state(&proposal.state));
        assert_eq!(newest, Some(name), "{:?}", incident.proposals);
    }
    let text = looks::all(&shown).await;
    shown.world.end().await;
    insta::assert_snapshot!(name, text);
}

const SCOPES: [Scope; 11] = [
    Scope::Job,
    Scope::Run,
    Scope::Check,
    Scope::Suite,
    Scope::Status,
    Scope::Alert,
    Scope::Runner,
    Scope::Deployment,
    Scope::Queue,
    Scope::Schedule,
    Scope::Request,
];

macro_rules! scenes {
    ($($name:ident),+ $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($name)),+];
        $(
            #[tokio::test]
            async fn $name() {
                golden(stringify!($name), scenes::$name().await).await;
            }
        )+
    };
}

scenes!(
    open,
    open_where_a_retry_hardly_helps,
    awaiting_approval,
    running,
    resolved,
    quarantined,
    escalated,
    escalated_after_failed_attempts,
    acknowledged,
    assigned,
    snoozed,
    closed_by_hand,
    closed_with_its_pull_request,
    reopened,
    adopting_another,
    the_base_fails_too,
    held_by_the_emergency_stop,
    a_flaky_test,
    a_verdict_corrected,
    while_a_provider_is_down,
    three_red_nights,
    a_silent_schedule,
    thrown_out_of_a_merge_queue,
    thrown_out_without_a_run,
    a_deployment_waits,
    a_deployment_waits_for_a_review_on_github,
    a_deployment_approved,
    a_runner_offline,
    a_run_without_jobs,
    a_check,
    a_status,
    a_security_alert,
    a_storm,
    a_request,
    a_hook_that_nobody_confirmed,
    a_failing_test_with_the_lines_it_points_at,
    a_suspect,
    planning,
    waiting_for_its_run,
    acting,
    an_agent_at_work,
    an_agent_tries_again,
    an_agent_mended_it,
    a_pull_request_made,
    an_undo_awaits_approval,
    undoing,
    undone,
    a_retry_that_failed,
    refused,
    rejected,
    cancelled,
    expired,
);

#[test]
fn every_state_has_its_scene() {
    let of_states = states().iter().map(of_state).collect::<Vec<_>>();
    let all = Stage::ALL.into_iter().map(of_stage).chain(SCOPES.into_iter().map(of_scope)).chain(of_states);
    for scene in all {
        assert!(NAMES.contains(&scene), "{scene} is no scene");
    }
    let unlike = states().iter().map(ProposalState::as_str).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(unlike.len(), states().len(), "one of each state of a proposal");
}
