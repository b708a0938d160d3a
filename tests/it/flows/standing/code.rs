//! What a command that changes code is answered in each state of an incident, with real git, on the surfaces in turn.

use super::{Ground, State, plain};
use crate::flows::roles::{Row, say};
use crate::flows::surfaces::ALL;

const ROWS: [Row; 5] = [
    ("quarantine", "ID force", &[("id", "ID"), ("force", "force")], "responder"),
    ("pin", "ID flask@2.3.2", &[("id", "ID"), ("package", "flask@2.3.2")], "responder"),
    ("unpin", "ID flask", &[("id", "ID"), ("package", "flask")], "responder"),
    ("revert", "ID pr=117", &[("id", "ID"), ("pr", "117")], "responder"),
    ("backport", "ID to=release-1 pr=117", &[("id", "ID"), ("to", "release-1"), ("pr", "117")], "responder"),
];

/// Where a branch is not protected yet, or nothing differs from those that are asked.
const ASKED: [State; 9] = [
    State::Open,
    State::ApprovalAwaited,
    State::Acting,
    State::Rerunning,
    State::MergeAwaited,
    State::Taken,
    State::Escalated,
    State::Closed,
    State::Unknown,
];

#[tokio::test]
async fn every_change_of_code_in_every_state() {
    let mut text = String::new();
    for state in ASKED {
        let mut ground = Ground::with(state, true, ROWS.len()).await.unwrap();
        text += &format!("{}\n", state.name());
        for (at, row) in ROWS.iter().enumerate() {
            let (no, surface) = (ground.nos[at], ALL[(state as usize + at) % ALL.len()]);
            let said = say(&ground.world, &mut ground.seats, surface, "ben", row, no).await;
            let stage = ground.world.store.incident(ci_rescue::domain::IncidentNo(no)).await.unwrap();
            let newest = stage.as_ref().and_then(|incident| incident.proposals.last());
            let stands = newest.map(|proposal| format!("{} {}", proposal.remedy, proposal.state.as_str()));
            text += &format!("    {} on {surface:?}: {}\n", row.0, plain(&said, no));
            text += &format!("        its newest proposal: {}\n", stands.unwrap_or_default());
        }
        ground.world.end().await;
    }
    insta::assert_snapshot!(text);
}
