//! What a command that changes code is answered in each state of an incident, with real git, on the surfaces in turn.

use super::{Ground, State, plain};
use crate::flows::roles::{Row, say};
use crate::flows::surfaces::ALL;
use ci_rescue::domain::IncidentNo;

const ROWS: [Row; 5] = [
    ("quarantine", "ID force", &[("id", "ID"), ("force", "force")], "responder"),
    ("pin", "ID flask@2.3.2", &[("id", "ID"), ("package", "flask@2.3.2")], "responder"),
    ("unpin", "ID flask", &[("id", "ID"), ("package", "flask")], "responder"),
    ("revert", "ID pr=117", &[("id", "ID"), ("pr", "117")], "responder"),
    ("backport", "ID to=release-1 pr=117", &[("id", "ID"), ("to", "release-1"), ("pr", "117")], "responder"),
];

#[tokio::test]
async fn every_change_of_code_in_every_state() {
    let mut text = String::new();
    for state in State::ALL {
        let mut ground = Ground::with(state, true, ROWS.len()).await.unwrap();
        text += &format!("{}\n", state.name());
        for (at, row) in ROWS.iter().enumerate() {
            let (no, surface) = (ground.nos[at], ALL[(state as usize + at) % ALL.len()]);
            let said = say(&ground.world, &mut ground.seats, surface, "ben", row, no).await;
            let incident = ground.world.store.incident(IncidentNo(no)).await.unwrap();
            let newest = incident.as_ref().and_then(|incident| incident.proposals.last());
            let stands = newest.map_or("none".into(), |newest| format!("{} {}", newest.remedy, newest.state.as_str()));
            text += &format!("    {} on {surface:?}: {}\n", row.0, plain(&said, no));
            text += &format!("        newest proposal: {stands}\n");
        }
        ground.world.end().await;
    }
    insta::assert_snapshot!(text);
}
