//! Accounts that people link to their GitHub account: by a code entered there, or by one from the console.

use super::surfaces::{Surface, everywhere_with, say};
use crate::world::logins::CLIENT;
use crate::world::{REPO, Setup, World};
use ci_rescue::demo::account_number;
use ci_rescue::domain::IncidentNo;
use ci_rescue::domain::time::{MINUTE_MS, SECOND_MS};
use ci_rescue::ports::Turn;
use serde_json::json;

fn setup(config: &str) -> Setup {
    Setup {
        config: config.into(),
        github: format!("client_id = \"{CLIENT}\"\n"),
        discord: true,
        disk: true,
        ..Setup::default()
    }
}

async fn world() -> World {
    everywhere_with(setup("")).await
}

/// Asks for a code in Slack, and takes it from the private answer.
async fn code(world: &World, user: &str) -> String {
    let public = world.slack.messages().len();
    world.slack.command(user, "link github").await;
    world.settle().await;
    let told = world.slack.last_whisper();
    assert!(told.contains("/login/device"), "{told}");
    assert_eq!(world.slack.messages().len(), public, "nobody else is told");
    let at = told.find("WDJB-").unwrap_or_else(|| panic!("{told}"));
    told[at..at + 9].to_owned()
}

/// Time passes, and what is due is done.
async fn pass(world: &World, ms: i64) {
    world.clock.advance(ms);
    world.settle().await;
}

/// Everything that the store keeps, as a text.
async fn kept(world: &World) -> String {
    let settings = world.store.settings("").await.unwrap();
    format!("{settings:?}")
}

async fn house(world: &World) -> String {
    format!("{:?}", world.store.journal(IncidentNo(0), 0, 100).await.unwrap())
}

#[tokio::test]
async fn a_person_links_by_a_code_across_a_restart_at_each_step() {
    let mut world = world().await;
    let code = code(&world, "UEVE").await;
    world.restart().await;
    // It waits: asked every five seconds, and no sooner.
    for _ in 0..3 {
        pass(&world, 5 * SECOND_MS + 1).await;
        world.restart().await;
    }
    assert_eq!(world.logins.counts(), (1, 3));
    // Asked for again, the same code.
    assert_eq!(self::code(&world, "UEVE").await, code);
    assert_eq!(world.logins.counts().0, 1);
    world.logins.enter(&code, "octo-eve");
    world.restart().await;
    pass(&world, 5 * SECOND_MS + 1).await;
    let told = world.slack.last_whisper();
    assert!(told.contains("linked") && told.contains("octo-eve"), "{told}");
    // The token told who it is, and is nowhere.
    let tokens = world.logins.tokens();
    assert_eq!(tokens.len(), 1);
    let kept = kept(&world).await;
    assert!(!kept.contains(&tokens[0]) && !kept.contains("linking:"), "{kept}");
    assert!(house(&world).await.contains("octo-eve"), "the journal says so");
    // From then on they are who they are there: with their right to write, a change of theirs can be asked for.
    world.restart().await;
    let again = say(&world, Surface::Slack, "eve", "unlink", "github").await;
    assert!(again.contains("octo-eve"), "{again}");
    let gone = say(&world, Surface::Slack, "eve", "unlink", "github").await;
    assert!(gone.contains("no such link"), "{gone}");
    world.end().await;
}

#[tokio::test]
async fn a_code_ends_cleanly() {
    // Not entered in time, also where nobody ran meanwhile.
    let mut world = world().await;
    let first = code(&world, "UEVE").await;
    world.clock.advance(16 * MINUTE_MS);
    world.restart().await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("not entered in time"), "{}", world.slack.last_whisper());
    world.logins.enter(&first, "octo-eve");
    pass(&world, MINUTE_MS).await;
    assert!(!kept(&world).await.contains("octo-eve"), "what has ended comes to nothing");
    // Cancelled there.
    let second = code(&world, "UEVE").await;
    assert_ne!(first, second);
    world.logins.cancel(&second);
    pass(&world, 6 * SECOND_MS).await;
    assert!(world.slack.last_whisper().contains("cancelled on GitHub"), "{}", world.slack.last_whisper());
    // Taken back here.
    let third = code(&world, "UEVE").await;
    let told = say(&world, Surface::Slack, "eve", "unlink", "github").await;
    assert!(told.contains("counts no more"), "{told}");
    world.logins.enter(&third, "octo-eve");
    pass(&world, MINUTE_MS).await;
    assert!(!kept(&world).await.contains("octo-eve"));
    // The App does not allow it.
    world.logins.allow_device_flow(false);
    let told = say(&world, Surface::Slack, "eve", "link", "github").await;
    assert!(told.contains("enable it in the App's settings"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn whoever_asks_too_often_is_slowed_down() {
    let mut world = world().await;
    let code = code(&world, "UEVE").await;
    // Another process of ours asked a moment ago: GitHub wants ten seconds from now on.
    pass(&world, 5 * SECOND_MS + 1).await;
    let (_, before) = world.logins.counts();
    let pending = world.store.settings("linking:").await.unwrap();
    assert_eq!(pending.len(), 1);
    world.logins.hurry(&code);
    pass(&world, 5 * SECOND_MS + 1).await;
    assert_eq!(world.logins.counts().1, before + 1, "told to slow down");
    world.restart().await;
    pass(&world, 6 * SECOND_MS).await;
    assert_eq!(world.logins.counts().1, before + 1, "it is too soon");
    world.logins.enter(&code, "octo-eve");
    pass(&world, 6 * SECOND_MS).await;
    assert!(world.slack.last_whisper().contains("octo-eve"), "{}", world.slack.last_whisper());
    world.end().await;
}

#[tokio::test]
async fn the_configuration_comes_first_and_says_so() {
    let world = world().await;
    // ben is in the configuration, with his own login.
    let told = say(&world, Surface::Slack, "ben", "link", "github").await;
    assert!(told.contains("the configuration says that you are ben"), "{told}");
    // Nobody takes ada's place in Slack, where the configuration says which account is hers.
    let code = code(&world, "UEVE").await;
    world.logins.enter(&code, "ada");
    pass(&world, 6 * SECOND_MS).await;
    let told = world.slack.last_whisper();
    assert!(told.contains("another slack account of ada"), "{told}");
    assert!(!kept(&world).await.contains("link:slack:UEVE"));
    world.end().await;
}

#[tokio::test]
async fn whoever_gets_somebodys_rights_by_a_link_is_told_to_the_admins() {
    let people = "[[people]]\nname = \"dan\"\ngithub = \"dan\"\nrole = \"responder\"\n";
    let world = everywhere_with(setup(people)).await;
    let denied = say(&world, Surface::Slack, "eve", "hold", "").await;
    assert!(denied.contains("needs the responder role"), "{denied}");
    let code = code(&world, "UEVE").await;
    world.logins.enter(&code, "dan");
    pass(&world, 6 * SECOND_MS).await;
    assert!(world.slack.direct("UADA").iter().any(|text| text.contains("dan")), "{:?}", world.slack.direct("UADA"));
    let told = say(&world, Surface::Slack, "eve", "hold", "").await;
    assert!(told.contains("dan set the emergency stop"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn one_account_is_not_two_peoples_without_an_admins_word() {
    let world = world().await;
    let first = code(&world, "UEVE").await;
    world.logins.enter(&first, "octo");
    pass(&world, 6 * SECOND_MS).await;
    let second = code(&world, "UMAL").await;
    world.logins.enter(&second, "Octo");
    pass(&world, 6 * SECOND_MS).await;
    let told = world.slack.last_whisper();
    assert!(told.contains("linked to another account here") && told.contains("unlink github"), "{told}");
    // On another platform it is the same person, who proved it.
    let (token, value) = world.discord.command("1009", "link", &[("with", json!("github"))]);
    world.discord.send(&value).await;
    world.settle().await;
    let told = world.discord.said(&token);
    let at = told.find("WDJB-").unwrap_or_else(|| panic!("{told}"));
    world.logins.enter(&told[at..at + 9], "octo");
    pass(&world, 6 * SECOND_MS).await;
    assert!(world.discord.said(&token).contains("octo"), "{}", world.discord.said(&token));
    // Others' links are an admin's to remove.
    let told = say(&world, Surface::Slack, "ben", "unlink", "github octo").await;
    assert!(told.contains("needs the admin role"), "{told}");
    let told = say(&world, Surface::Slack, "ada", "unlink", "github octo").await;
    assert!(told.contains("octo"), "{told}");
    assert!(!kept(&world).await.contains("\"link:"));
    let third = code(&world, "UMAL").await;
    world.logins.enter(&third, "octo");
    pass(&world, 6 * SECOND_MS).await;
    assert!(kept(&world).await.contains("link:slack:UMAL"));
    world.end().await;
}

#[tokio::test]
async fn accounts_that_are_linked_to_one_login_count_as_one_person() {
    let more =
        "[policy.approvals]\nretry = 1\n[[groups]]\nslack = \"S0APPROVERS\"\ndiscord = \"700\"\nrole = \"approver\"\n";
    let world = everywhere_with(setup(more)).await;
    world.slack.group("S0APPROVERS", &["UEVE"]);
    world.slack.account("UEVE", json!({"team_id": "T1"}));
    world.app.engine.refresh_groups().await;
    world.forge.permit(REPO, "octo", "write");
    let slack = code(&world, "UEVE").await;
    world.logins.enter(&slack, "octo");
    pass(&world, 6 * SECOND_MS).await;
    let as_member = |verb: &str, options: &[(&str, serde_json::Value)]| {
        let (token, mut value) = world.discord.command("1009", verb, options);
        value["member"]["roles"] = json!(["700"]);
        (token, value)
    };
    let (token, value) = as_member("link", &[("with", json!("github"))]);
    world.discord.send(&value).await;
    world.settle().await;
    let told = world.discord.said(&token);
    let at = told.find("WDJB-").unwrap_or_else(|| panic!("{told}"));
    world.logins.enter(&told[at..at + 9], "octo");
    pass(&world, 6 * SECOND_MS).await;
    say(&world, Surface::Slack, "eve", "retry", "1").await;
    let (token, value) = as_member("approve", &[("id", json!("1"))]);
    world.discord.send(&value).await;
    world.settle().await;
    assert!(world.discord.said(&token).contains("you proposed it"), "{}", world.discord.said(&token));
    assert_eq!(world.reruns(), 0);
    world.end().await;
}

#[tokio::test]
async fn where_everybody_reads_and_where_it_is_off_there_is_no_code() {
    let world = world().await;
    let told = say(&world, Surface::Pull, "ben", "link", "github").await;
    assert!(told.contains("use chat or the console"), "{told}");
    assert_eq!(world.logins.counts(), (0, 0));
    // Somebody of another workspace is a stranger.
    world.slack.command_from("T2", "UEVE", "link github").await;
    world.settle().await;
    assert_eq!(world.logins.counts(), (0, 0));
    world.end().await;
    let world = everywhere_with(Setup { discord: true, ..Setup::default() }).await;
    let told = say(&world, Surface::Slack, "eve", "link", "github").await;
    assert!(told.contains("set github.client_id"), "{told}");
    world.end().await;
}

/// Links `user` in Slack to `login` by a code.
async fn linked(world: &World, user: &str, login: &str) {
    let code = code(world, user).await;
    world.logins.enter(&code, login);
    pass(world, 6 * SECOND_MS).await;
    assert!(world.slack.last_whisper().contains(login), "{}", world.slack.last_whisper());
}

async fn look(world: &World) {
    world.app.engine.look_at_links().await.unwrap();
    world.settle().await;
}

/// A login that was given up and registered by somebody else is another account: the link does not go over to it.
#[tokio::test]
async fn a_login_that_somebody_else_registered_inherits_no_link() {
    for gone in [Some(99), None] {
        let mut world = world().await;
        linked(&world, "UEVE", "octo-eve").await;
        for _ in 0..3 {
            world.clock.advance(11 * MINUTE_MS);
            look(&world).await;
            world.restart().await;
        }
        assert!(kept(&world).await.contains("octo-eve"), "the same account: the link stands");
        world.forge.lock().passed_on.insert("octo-eve".into(), gone);
        world.clock.advance(11 * MINUTE_MS);
        look(&world).await;
        assert!(!kept(&world).await.contains("octo-eve"), "{}", kept(&world).await);
        let told = world.slack.direct("UEVE");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("octo-eve") && told[0].contains("has ended"), "{told:?}");
        assert!(house(&world).await.contains("LinkEnded"));
        world.restart().await;
        look(&world).await;
        assert_eq!(world.slack.direct("UEVE").len(), 1, "told once");
        world.end().await;
    }
}

/// Links of before numbers were kept: nobody can say who had the login then.
#[tokio::test]
async fn a_link_without_a_number_counts_no_more_unless_it_is_new() {
    for (age_ms, stays) in [(5 * MINUTE_MS, true), (61 * MINUTE_MS, false)] {
        let mut world = world().await;
        linked(&world, "UEVE", "octo-eve").await;
        let rows = world.store.settings("link:").await.unwrap();
        let (key, mut link) = rows.into_iter().next().unwrap();
        link.as_object_mut().unwrap().retain(|key, _| !["id", "looked"].contains(&key.as_str()));
        let settings = vec![(key.clone(), Some(link))];
        world.store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
        world.clock.advance(age_ms);
        world.restart().await;
        look(&world).await;
        let link = world.store.setting(&key).await.unwrap();
        assert_eq!(link.is_some(), stays);
        assert_eq!(world.slack.direct("UEVE").len(), usize::from(!stays));
        if let Some(link) = link {
            assert_eq!(link["id"], json!(account_number("octo-eve")));
        }
        world.end().await;
    }
}

/// Whoever has the login now links it, and the link of who had it before is over.
#[tokio::test]
async fn who_has_a_login_now_takes_it_from_who_had_it() {
    let world = world().await;
    linked(&world, "UEVE", "octo").await;
    let rows = world.store.settings("link:").await.unwrap();
    let (key, mut link) = rows.into_iter().next().unwrap();
    link["id"] = json!(99);
    let settings = vec![(key.clone(), Some(link))];
    world.store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
    linked(&world, "UZOE", "octo").await;
    assert!(world.store.setting(&key).await.unwrap().is_none());
    assert_eq!(world.store.settings("link:").await.unwrap().len(), 1);
    world.end().await;
}
