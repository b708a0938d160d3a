//! Roles by user groups of Slack and roles of Discord.

use super::surfaces::{Surface, everywhere_with, say};
use crate::world::{Setup, World};
use ci_rescue::domain::time::MINUTE_MS;
use serde_json::{Value, json};

const GROUPS: &str = "[[groups]]\nslack = \"S0RESCUERS\"\ndiscord = \"700\"\nrole = \"responder\"\n";

async fn world() -> World {
    let world = everywhere_with(Setup { config: GROUPS.into(), discord: true, ..Setup::default() }).await;
    for user in ["UEVE", "UGUEST", "UONE", "UBOTTY", "UAWAY", "UGONE"] {
        world.slack.account(user, json!({"team_id": "T1"}));
    }
    world
}

async fn hold(world: &World, user: &str) -> String {
    world.slack.command(user, "hold").await;
    world.settle().await;
    world.slack.last_whisper()
}

fn is_denied(told: &str) -> bool {
    told.contains("needs the responder role; yours is viewer")
}

#[tokio::test]
async fn members_of_a_user_group_have_its_role_while_that_is_known() {
    let world = world().await;
    assert!(is_denied(&hold(&world, "UEVE").await), "not asked yet");
    world.slack.group("S0RESCUERS", &["UEVE"]);
    world.clock.advance(6 * MINUTE_MS);
    world.app.engine.refresh_groups().await;
    let told = hold(&world, "UEVE").await;
    assert!(told.contains("set the emergency stop"), "{told}");
    say(&world, Surface::Slack, "ada", "unhold", "").await;
    // Slack does not tell any more: what was known counts for a quarter of an hour.
    let fault = json!({"ok": false, "error": "fatal_error"});
    for _ in 0..2 {
        world.slack.fault("usergroups.users.list", 200, fault.clone(), false);
        world.clock.advance(6 * MINUTE_MS);
        world.app.engine.refresh_groups().await;
    }
    assert!(!is_denied(&hold(&world, "UEVE").await));
    say(&world, Surface::Slack, "ada", "unhold", "").await;
    world.slack.fault("usergroups.users.list", 200, fault, false);
    world.clock.advance(6 * MINUTE_MS);
    world.app.engine.refresh_groups().await;
    assert!(is_denied(&hold(&world, "UEVE").await), "too old");
    // Out of the group, out of the role.
    world.clock.advance(6 * MINUTE_MS);
    world.app.engine.refresh_groups().await;
    assert!(!is_denied(&hold(&world, "UEVE").await));
    say(&world, Surface::Slack, "ada", "unhold", "").await;
    world.slack.group("S0RESCUERS", &["UBEN"]);
    world.clock.advance(6 * MINUTE_MS);
    world.app.engine.refresh_groups().await;
    assert!(is_denied(&hold(&world, "UEVE").await));
    let calls = world.slack.calls("usergroups.users.list");
    world.app.engine.refresh_groups().await;
    assert_eq!(world.slack.calls("usergroups.users.list"), calls, "not asked again at once");
    world.end().await;
}

#[tokio::test]
async fn guests_strangers_and_bots_stay_viewers_whatever_group_they_are_in() {
    let world = world().await;
    world.slack.account("UGUEST", json!({"team_id": "T1", "is_restricted": true}));
    world.slack.account("UONE", json!({"team_id": "T1", "is_ultra_restricted": true}));
    world.slack.account("UAWAY", json!({"team_id": "T2", "is_stranger": true}));
    world.slack.account("UBOTTY", json!({"team_id": "T1", "is_bot": true}));
    world.slack.account("UGONE", json!({"team_id": "T1", "deleted": true}));
    world.slack.group("S0RESCUERS", &["UGUEST", "UONE", "UAWAY", "UBOTTY", "UGONE", "UNKNOWN", "UEVE"]);
    world.app.engine.refresh_groups().await;
    for user in ["UGUEST", "UONE", "UAWAY", "UBOTTY", "UGONE", "UNKNOWN"] {
        let told = hold(&world, user).await;
        assert!(is_denied(&told), "{user}: {told}");
    }
    // A stranger's group: somebody of another workspace with a member's id is somebody else.
    let before = world.slack.messages().len() + world.slack.whispers().len();
    world.slack.command_from("T2", "UEVE", "hold").await;
    world.settle().await;
    assert!(world.store.setting("hold").await.unwrap().is_none());
    assert!(world.slack.messages().len() + world.slack.whispers().len() >= before);
    assert!(!is_denied(&hold(&world, "UEVE").await));
    world.end().await;
}

#[tokio::test]
async fn a_role_of_discord_counts_where_it_is_ours() {
    let world = world().await;
    let ask = async |change: &dyn Fn(&mut Value)| {
        let (token, mut value) = world.discord.command("1009", "hold", &[]);
        change(&mut value);
        world.discord.send(&value).await;
        world.settle().await;
        world.discord.said(&token)
    };
    assert!(is_denied(&ask(&|_| {}).await));
    assert!(is_denied(&ask(&|value| value["member"]["roles"] = json!(["701", "7"])).await));
    // The same number in another server is another role.
    let told = ask(&|value| {
        value["member"]["roles"] = json!(["700"]);
        value["guild_id"] = json!("999");
    })
    .await;
    assert!(!told.contains("set the emergency stop"), "{told}");
    assert!(world.store.setting("hold").await.unwrap().is_none());
    let told = ask(&|value| value["member"]["roles"] = json!(["700"])).await;
    assert!(told.contains("set the emergency stop"), "{told}");
    world.end().await;
}
