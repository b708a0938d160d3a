//! C: who may do what, on every surface.

use super::platforms::over_http;
use crate::flows::surfaces::{ALL, PULL, Surface, everywhere, say, sticky};
use crate::world::{NETWORK_LOG, REPO, World, spec};
use ci_rescue::demo::Fault;
use ci_rescue::ports::Ask;
use serde_json::{Value, json};

/// What the person was told by reaction.
fn reactions(world: &World, comment: u64) -> Vec<String> {
    let state = world.forge.lock();
    state.repos[REPO].reactions.iter().filter(|(id, _)| *id == comment).map(|(_, content)| content.clone()).collect()
}

async fn comments(world: &World, login: &str, body: &str) -> u64 {
    let id = world.forge.comment(REPO, PULL, login, body);
    world.deliver().await;
    id
}

#[tokio::test]
async fn threats_049_to_051_only_write_permission_as_of_now_counts() {
    for (number, permission) in [(49, "none"), (49, "read"), (50, "read"), (50, "triage")] {
        let world = everywhere("").await;
        // Known to us as an admin, and still without a say in this repository.
        world.forge.permit(REPO, "ada", permission);
        let id = comments(&world, "ada", "/rescue retry 1").await;
        assert_eq!(world.reruns(), 0, "threat {number}: {permission}");
        assert_eq!(reactions(&world, id), ["confused"], "threat {number}");
        let stranger = comments(&world, "eve", "/rescue retry 1").await;
        assert_eq!(world.reruns(), 0, "threat {number}");
        assert_eq!(reactions(&world, stranger), ["confused"], "one sign and not a word");
        assert!(
            world.forge.lock().repos[REPO].comments.iter().all(|c| !c["body"].as_str().unwrap().contains("answer"))
        );
        world.end().await;
    }
    // 51: taken away between two commands.
    let world = everywhere("").await;
    comments(&world, "ben", "/rescue why 1").await;
    world.forge.permit(REPO, "ben", "read");
    let id = comments(&world, "ben", "/rescue retry 1").await;
    assert_eq!(world.reruns(), 0, "threat 51");
    assert_eq!(reactions(&world, id), ["confused"], "threat 51");
    world.forge.permit(REPO, "ben", "write");
    let id = comments(&world, "ben", "/rescue retry 1").await;
    assert_eq!((world.reruns(), reactions(&world, id)), (1, vec!["eyes".to_owned(), "+1".to_owned()]));
    world.end().await;
}

#[tokio::test]
async fn threat_052_a_permission_that_cannot_be_read_is_a_no() {
    for status in [404, 403, 500, 503] {
        let world = everywhere("").await;
        for _ in 0..20 {
            let path = "/permission".to_owned();
            let fault = Fault { method: "GET".into(), path, status, headers: Vec::new(), after: false };
            world.forge.lock().faults.push(fault);
        }
        comments(&world, "ben", "/rescue retry 1").await;
        assert_eq!(world.reruns(), 0, "threat 52: {status}");
        world.end().await;
    }
}

#[tokio::test]
async fn threats_053_and_054_edited_and_deleted_comments_run_nothing() {
    let world = everywhere("").await;
    let id = comments(&world, "ben", "nothing to see").await;
    {
        let mut state = world.forge.lock();
        let repo = state.repos.get_mut(REPO).unwrap();
        repo.comments.iter_mut().find(|comment| comment["id"] == id).unwrap()["body"] = json!("/rescue retry 1");
        state.tell_comment(REPO, id, "edited");
        state.tell_comment(REPO, id, "deleted");
    }
    world.deliver().await;
    assert_eq!(world.reruns(), 0, "threat 53");
    assert!(reactions(&world, id).is_empty());
    // 54: it was said, and taken back before we came to it.
    let id = world.forge.comment(REPO, PULL, "ben", "/rescue retry 1");
    let hooks = world.forge.take_hooks();
    world.forge.lock().repos.get_mut(REPO).unwrap().comments.retain(|comment| comment["id"] != id);
    for hook in hooks {
        world.hook(hook.event, &hook.id, &hook.body).await;
    }
    let before = world.forge.lock().repos[REPO].comments.len();
    world.settle().await;
    assert_eq!(world.reruns(), 0, "threat 54");
    assert_eq!(world.forge.lock().repos[REPO].comments.len(), before, "threat 54: nobody is there to be answered");
    world.end().await;
}

#[tokio::test]
async fn threat_055_what_is_quoted_hidden_or_disguised_is_not_said() {
    let world = everywhere("").await;
    for body in [
        "```\n/rescue retry 1\n```",
        "> /rescue retry 1",
        "<!-- /rescue retry 1 -->",
        "<!--\n/rescue retry 1\n-->",
        "/res\u{200b}cue retry 1",
        "\u{202e}/rescue retry 1",
        "/r\u{435}scue retry 1",
        "/rescue\u{a0}retry 1",
        "text /rescue retry 1",
        "    /rescue retry 1",
    ] {
        let id = comments(&world, "ben", body).await;
        assert_eq!(world.reruns(), 0, "threat 55: {body:?}");
        assert!(reactions(&world, id).is_empty(), "threat 55: {body:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn threats_056_to_060_only_people_on_pull_requests_of_this_repository() {
    let world = everywhere("").await;
    let send = async |change: &dyn Fn(&mut Value)| {
        let id = world.forge.comment(REPO, PULL, "ben", "/rescue retry 1");
        for hook in world.forge.take_hooks() {
            let mut body: Value = serde_json::from_str(&hook.body).unwrap();
            change(&mut body);
            world.hook(hook.event, &hook.id, &body.to_string()).await;
        }
        world.settle().await;
        assert!(reactions(&world, id).is_empty());
    };
    // 56: a bot, also under a person's name, and our own echo.
    send(&|body| body["sender"]["type"] = json!("Bot")).await;
    send(&|body| body["comment"]["user"]["login"] = json!("another")).await;
    send(&|body| body["comment"]["body"] = json!("<!-- ci-rescue/x/1/card -->\n\n/rescue retry 1")).await;
    // 57: an issue, not a pull request.
    send(&|body| body["issue"]["pull_request"] = Value::Null).await;
    // 60: written by a program in somebody's name.
    send(&|body| body["comment"]["performed_via_github_app"] = json!({"id": 99})).await;
    assert_eq!(world.reruns(), 0);
    // 58: said on one repository about another.
    world.forge.add_repo("acme/other");
    let mut run = spec(NETWORK_LOG, "success");
    run.repo = "acme/other".into();
    let run = world.forge.start(run);
    world.forge.finish(run);
    world.deliver().await;
    comments(&world, "ben", "/rescue retry 2").await;
    assert_eq!(world.reruns(), 0, "threat 58");
    let state = world.forge.lock();
    let said = state.repos[REPO]
        .comments
        .iter()
        .any(|c| c["body"].as_str().unwrap().contains("belongs to another repository"));
    assert!(said, "threat 58 is answered with its reason");
    drop(state);
    world.end().await;
}

#[tokio::test]
async fn threats_057_and_059_whose_pull_request_and_which_installation_do_not_count() {
    let world = everywhere("").await;
    // 57: the author of a pull request from a fork may not write here, whatever their association is called.
    for association in ["CONTRIBUTOR", "MEMBER", "OWNER"] {
        world.forge.comment(REPO, PULL, "eve", "/rescue retry 1");
        for hook in world.forge.take_hooks() {
            let mut body: Value = serde_json::from_str(&hook.body).unwrap();
            body["issue"]["user"]["login"] = json!("eve");
            body["comment"]["author_association"] = json!(association);
            world.hook(hook.event, &hook.id, &body.to_string()).await;
        }
        world.settle().await;
        assert_eq!(world.reruns(), 0, "threat 57: {association}");
    }
    // 59: another installation's number in the payload is not used for anything.
    world.forge.comment(REPO, PULL, "ben", "/rescue retry 1");
    for hook in world.forge.take_hooks() {
        let mut body: Value = serde_json::from_str(&hook.body).unwrap();
        body["installation"] = json!({"id": 999_999});
        world.hook(hook.event, &hook.id, &body.to_string()).await;
    }
    world.settle().await;
    assert_eq!(world.reruns(), 1, "threat 59");
    assert!(world.forge.lock().calls.iter().all(|call| !call.path.contains("999999")), "threat 59");
    world.end().await;
}

#[tokio::test]
async fn threats_061_and_062_an_approval_is_for_the_head_that_was_seen() {
    for surface in ALL {
        let world = everywhere("[policy.approvals]\nretry = 1\n").await;
        say(&world, Surface::Slack, "ben", "retry", "1").await;
        // Somebody pushes in the same moment: the forge knows of it, we do not.
        let head = "ffffffffffffffffffffffffffffffffffffffff".to_owned();
        world.forge.lock().repos.get_mut(REPO).unwrap().branches.insert("topic".into(), head);
        say(&world, surface, "ada", "approve", "1").await;
        assert_eq!(world.reruns(), 0, "{surface:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn without_anybody_to_vouch_nothing_is_obeyed() {
    let world = World::with(crate::world::Setup { slack: false, ..crate::world::Setup::default() }).await;
    let text = crate::world::config_text(world.forge_at, None, "", "").replace("token = \"forge-token\"\n", "");
    let config = ci_rescue::config::parse(&text, &[]).unwrap();
    let store = std::sync::Arc::new(ci_rescue::store::Ledger::open(ci_rescue::store::Memory::default()).unwrap());
    let seats = ci_rescue::app::Seats::Operator;
    let app = ci_rescue::app::App::build(&config, store, world.clock.clone(), seats, Vec::new(), None).await.unwrap();
    let (listener, at) = crate::world::listener().await;
    tokio::spawn(ci_rescue::server::serve(listener, app.public.clone(), tokio_util::sync::CancellationToken::new()));
    world.forge.comment(REPO, PULL, "eve", "/rescue hold");
    for hook in world.forge.take_hooks() {
        let signature = ci_rescue::demo::sign(crate::world::SECRET, hook.body.as_bytes());
        let request = world.http.post(format!("http://{at}/webhooks/github")).body(hook.body.clone());
        let request = request.header("content-type", "application/json").header("x-github-event", hook.event);
        let request = request.header("x-github-delivery", hook.id).header("x-hub-signature-256", signature);
        assert!(request.send().await.unwrap().status().is_success());
    }
    while app.engine.turn().await.unwrap() {}
    assert!(app.engine.hold().await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn what_concerns_other_repositories_is_not_said_on_a_pull_request() {
    let world = everywhere("").await;
    for words in ["subscribe * branch=*", "hold", "mute 2h", "unsubscribe", "subscriptions"] {
        comments(&world, "ada", &format!("/rescue {words}")).await;
    }
    assert!(world.app.engine.hold().await.unwrap().is_none());
    let mut other = spec(NETWORK_LOG, "success");
    other.repo = "acme/other".into();
    world.forge.add_repo("acme/other");
    let run = world.forge.start(other);
    world.forge.finish(run);
    world.deliver().await;
    let state = world.forge.lock();
    let told: Vec<&str> = state.repos[REPO].comments.iter().filter_map(|comment| comment["body"].as_str()).collect();
    assert!(told.iter().all(|body| !body.contains("acme/other")), "{told:?}");
    assert!(told.iter().any(|body| body.contains("affects more than this pull request")), "{told:?}");
    drop(state);
    world.end().await;
}

#[tokio::test]
async fn several_commands_of_a_comment_are_done_in_order() {
    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
    let id = comments(&world, "ben", "/rescue retry 1\n/rescue cancel 1\n/rescue why 1\n/rescue show 1").await;
    let incident = world.incident(1).await;
    assert_eq!(incident.proposals.len(), 1);
    assert_eq!(incident.proposals[0].state.as_str(), "cancelled");
    assert_eq!(reactions(&world, id), ["eyes", "+1"]);
    let state = world.forge.lock();
    let told = |line: usize| {
        let marker = format!("<!-- ci-rescue/answer/{id}/{line} -->");
        state.repos[REPO].comments.iter().filter(|c| c["body"].as_str().unwrap().starts_with(&marker)).count()
    };
    assert_eq!((told(2), told(3)), (1, 1), "each question has its own answer");
    drop(state);
    world.end().await;
}

#[tokio::test]
async fn threat_063_and_064_linked_accounts_are_one_person_everywhere() {
    for proposed in ALL {
        let world = everywhere("[policy.approvals]\nretry = 2\n").await;
        say(&world, proposed, "ben", "retry", "1").await;
        for surface in ALL {
            say(&world, surface, "ada", "approve", "1").await;
        }
        assert_eq!(world.reruns(), 0, "{proposed:?}: one person with four accounts is one approval");
        assert_eq!(world.incident(1).await.proposals[0].valid_approvals(), 1);
        say(&world, Surface::Discord, "cyd", "approve", "1").await;
        assert_eq!(world.reruns(), 1, "{proposed:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn threat_065_a_click_on_every_surface_at_once_acts_once() {
    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
    say(&world, Surface::Slack, "ben", "retry", "1").await;
    let card = world.discord.cards()[0].clone();
    let slack = world.slack.cards()[0].clone();
    for _ in 0..8 {
        let (_, click) = world.discord.press("1001", &card, "Approve");
        world.discord.send(&click).await;
        world.slack.press_label("UADA", &slack, "Approve").await;
        world.forge.comment(REPO, PULL, "ada", "/rescue approve 1");
    }
    world.deliver().await;
    for _ in 0..10 {
        // Reactions used up the minute's writes; the re-run waits its turn.
        world.clock.advance(60_000);
        world.settle().await;
    }
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn threats_066_and_067_namesakes_from_elsewhere_are_nobody() {
    let world = everywhere("").await;
    let guest = json!({"team_id": "T2", "channel_id": "C0BUILDS", "user_id": "UADA", "command": "/rescue", "text": "retry 1",
        "response_url": format!("http://{}/response/UADA", world.slack.at), "trigger_id": "tr-66"});
    world.slack.send("slash_commands", guest).await;
    world.settle().await;
    assert_eq!(world.reruns(), 0, "threat 66");
    for change in [json!("801"), Value::Null] {
        let (token, mut command) = world.discord.command("1001", "retry", &[("id", json!("1"))]);
        if change.is_null() {
            // A direct message: a user, and no member.
            command["user"] = command["member"]["user"].clone();
            command.as_object_mut().unwrap().retain(|key, _| !["member", "guild_id"].contains(&key.as_str()));
        } else {
            command["guild_id"] = change;
        }
        world.discord.send(&command).await;
        world.settle().await;
        assert_eq!(world.reruns(), 0, "threat 67");
        let said = world.discord.said(&token);
        assert!(said.contains("role; yours is viewer") || said.contains("You cannot use this bot here"), "{said}");
    }
    world.end().await;
}

#[tokio::test]
async fn threat_068_a_forged_button_presses_nothing() {
    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
    say(&world, Surface::Slack, "ben", "retry", "1").await;
    let card = world.discord.cards()[0].clone();
    let good = card.button("Approve").unwrap();
    let why = card.button("Why").unwrap();
    for forged in [
        "approve".to_owned(),
        good.replacen("approve", "cancel", 1),
        good.replacen(".1.", ".2.", 1),
        why.replacen("why", "approve", 1),
        format!("?{}", good.replacen("approve", "reject", 1)),
        format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'Q' } else { 'A' }),
    ] {
        let (token, click) = world.discord.click("1001", &card, &forged);
        world.discord.send(&click).await;
        world.settle().await;
        assert_eq!((world.reruns(), world.incident(1).await.proposals.len()), (0, 1), "{forged}");
        let (at_once, further) = world.discord.answers(&token);
        let told =
            further.iter().any(|body| body["content"].as_str().unwrap().contains("This button is not valid here"));
        assert!(told || at_once["type"] == json!(9), "{forged}: {further:?}");
    }
    // A form that was opened by a forged button seals nothing either.
    let data = json!({"custom_id": format!("?{}", good.replacen("approve", "reject", 1)), "components": []});
    let (_, submitted) = world.discord.interaction(5, "1001", data, Some(&card));
    world.discord.send(&submitted).await;
    world.settle().await;
    assert!(world.incident(1).await.active().is_some());
    world.end().await;
}

#[tokio::test]
async fn threat_069_answers_go_to_slack_and_nowhere_else() {
    let world = over_http().await;
    for url in [
        "http://169.254.169.254/latest",
        "https://hooks.slack.com.evil.example/x",
        "https://evil.example/hooks.slack.com",
        "file:///etc/passwd",
        "https://hooks.slack.com:8443/x",
        "http://hooks.slack.com/x",
    ] {
        let command = json!({"team_id": "T1", "channel_id": "C0BUILDS", "user_id": "UBEN", "command": "/rescue", "text": "why 1",
            "response_url": url, "trigger_id": format!("tr-{url}")});
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(command.as_object().unwrap().iter().map(|(key, value)| (key, value.as_str().unwrap())))
            .finish();
        let stamp = ci_rescue::ports::Clock::now(&*world.clock).unix_s().to_string();
        let code = super::platforms::slack_code(&stamp, &body);
        let before = world.slack.calls("chat.postEphemeral");
        let sent = world
            .http
            .post(format!("http://{}/slack/commands", world.public_at))
            .body(body)
            .header("x-slack-request-timestamp", &stamp)
            .header("x-slack-signature", code)
            .send()
            .await
            .unwrap();
        assert!(sent.status().is_success());
        world.settle().await;
        assert_eq!(world.slack.calls("chat.postEphemeral"), before + 1, "{url}: answered through the API instead");
    }
    world.end().await;
}

/// Surface × role × command × state of approval: what is let through, and nothing else.
#[tokio::test]
async fn nobody_is_let_through_unexpectedly() {
    // By role: who may retry, approve, reject, cancel, hold, unhold.
    let people = [("eve", 0), ("ben", 1), ("cyd", 2), ("ada", 3)];
    let verbs = [("retry", 1), ("approve", 2), ("reject", 1), ("cancel", 1), ("hold", 1), ("unhold", 3)];
    for surface in ALL {
        for (person, role) in people {
            for (verb, need) in verbs {
                for waiting in [false, true] {
                    // Someone without write permission says nothing on a pull request that counts.
                    let world = everywhere("[policy.approvals]\nretry = 1\n").await;
                    if waiting {
                        let by = if person == "ben" { "cyd" } else { "ben" };
                        say(&world, Surface::Slack, by, "retry", "1").await;
                    }
                    let before = world.incident(1).await;
                    let id = if matches!(verb, "hold" | "unhold") { "" } else { "1" };
                    if surface == Surface::Discord && id.is_empty() {
                        let (_, value) = world.discord.command(
                            match person {
                                "ada" => "1001",
                                "ben" => "1002",
                                "cyd" => "1003",
                                _ => "1009",
                            },
                            verb,
                            &[],
                        );
                        world.discord.send(&value).await;
                        world.settle().await;
                    } else {
                        say(&world, surface, person, verb, id).await;
                    }
                    let after = world.incident(1).await;
                    let what = format!("{surface:?} {person} {verb} waiting={waiting}");
                    let acted = after.proposals != before.proposals || world.app.engine.hold().await.unwrap().is_some();
                    let possible = match verb {
                        "retry" => !waiting,
                        "approve" | "reject" | "cancel" => waiting,
                        // What concerns every repository is not said on one of them.
                        "hold" => surface != Surface::Pull,
                        _ => false,
                    };
                    assert_eq!(acted, possible && role >= need, "{what}: {:?}", after.proposals);
                    assert_eq!(world.reruns(), usize::from(verb == "approve" && waiting && role >= need), "{what}");
                    let _ = sticky(&world);
                    world.end().await;
                }
            }
        }
    }
}
