//! D: what strangers write into names, branches, logs and messages comes out dead on every surface.

use crate::world::{Setup, World, card, spec};

pub const HOSTILE: [&str; 22] = [
    "@everyone @here <@&1> <@!2>",
    "[github.com](https://evil.example)",
    "||spoiler|| **bold** __under__",
    "@org/team Fixes #1 GH-2",
    "![x](//evil.example) <details>",
    "/rescue revert",
    "Co-authored-by: eve <e@evil.example>",
    "www.evil.example https://evil.example e@evil.example",
    "# heading\n> quote\n- list\n/rescue retry 1",
    "<t:0:R> :smile: \\\\* \\`\\`",
    "<!channel>",
    "<!here|x>",
    "<@U123>",
    "<!subteam^S1>",
    "<https://evil.example|https://github.com/o/r>",
    "&lt;!channel&gt;",
    "```break``` `out`",
    "\u{202e}gnp.exe\u{200b}",
    "\u{1b}]8;;http://evil.example\u{7}link",
    "<img src=x onerror=alert(1)>",
    "</p><script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %} ${{ github.token }}",
];

#[tokio::test]
async fn threats_075_to_081_hostile_words_come_out_dead() {
    for words in HOSTILE {
        let world = World::with(Setup { discord: true, ..Setup::default() }).await;
        let log = format!(
            "##[group]Run {words}\nerror: {words} broke\nFAILED tests/test_{words}.py::test_x - {words}\n##[error]Process completed with exit code 1.\n"
        );
        let mut run = spec(&log, "failure");
        run.branch = format!("topic/{words}");
        run.message = words.into();
        run.sender = words.into();
        run.workflow = words.into();
        run.jobs[0].name = words.into();
        run.jobs[0].step = words.into();
        run.pull = Some(9);
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.slack.command("UADA", "retry 1 force").await;
        world.settle().await;
        world.slack.command("UEVE", &format!("retry {words}")).await;
        world.slack.command("UEVE", "show 1").await;
        world.slack.command("UEVE", "list").await;
        world.settle().await;
        check_slack(&world, words);
        check_discord(&world, words);
        check_pull(&world, words);
        let page = world.sit("ben").await.page("/incidents/1").await;
        check_page(&page, words);
        world.end().await;
    }
}

/// Slack's live markup starts with `<`; only our own dates and links may.
fn check_slack(world: &World, words: &str) {
    let mut texts: Vec<String> = world.slack.messages().iter().flat_map(|m| [m.text.clone(), m.words()]).collect();
    texts.extend(world.slack.whispers().into_iter().map(|whisper| whisper.text));
    for text in &texts {
        for (at, _) in text.match_indices('<') {
            let rest = &text[at..];
            let ours = rest.starts_with("<!date^") || rest.starts_with("<http://127.0.0.1");
            assert!(ours, "{words}: {text}");
        }
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{1b}', '\u{7}']), "{words}: {text}");
        assert!(text.lines().all(|line| line.matches('`').count() % 2 == 0), "{words}: {text}");
    }
    assert!(texts.iter().all(|text| !text.contains("49 ")), "{words}");
}

/// Discord reads Markdown, mentions and addresses; nothing of that is left live outside a code span.
fn check_discord(world: &World, words: &str) {
    let cards = world.discord.messages();
    assert!(!cards.is_empty());
    for card in cards {
        crate::world::discord::limits(&card.body).unwrap();
        // Our own links lead to the forge.
        let text = outside_code(&card.words()).replace("](http://127.0.0.1", "");
        for live in ["@everyone", "@here", "<@", "<!", "](", "://", "```"] {
            assert!(!text.contains(live), "{words}: {live} in {text}");
        }
        assert!(!card.words().contains(['\u{202e}', '\u{1b}', '\u{7}']), "{words}: {}", card.words());
    }
}

/// A comment that mentions nobody, links nowhere but to the run, and is no command of ours.
fn check_pull(world: &World, words: &str) {
    let body = crate::flows::surfaces::sticky(world);
    let text = outside_code(&body).replace("](http://127.0.0.1", "");
    for live in ["@org", "@everyone", "://", "<img", "<script", "](", "```"] {
        assert!(!text.contains(live), "{words}: {live} in {text}");
    }
    assert_eq!(body.matches("<!--").count(), 1, "{words}: {body}");
    assert!(ci_rescue::command::in_comment(&body, "ci-rescue").is_empty(), "{words}: {body}");
}

/// The text without its code spans and without what a backslash keeps dead.
fn outside_code(text: &str) -> String {
    let mut out = String::new();
    let (mut code, mut chars) = (false, text.chars());
    while let Some(c) = chars.next() {
        match c {
            // What follows a backslash is dead.
            '\\' if !code => {
                chars.next();
            }
            '`' => code = !code,
            c if !code => out.push(c),
            _ => {}
        }
    }
    out
}

fn check_page(page: &str, words: &str) {
    assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("onerror=alert(1)>"), "{words}");
    let shown = card(page, 1).expect("a card");
    assert!(!shown.contains("evil.example\""), "{words}: no link");
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{7}']), "{words}");
}

#[tokio::test]
async fn threat_082_sizes_beyond_every_limit_still_make_one_card() {
    let world = World::new().await;
    let name = "x".repeat(100_000);
    let tests: String = (0..10_000).map(|n| format!("FAILED tests/test_a.py::test_{n} - boom\n")).collect();
    let mut run = spec(&format!("{tests}error: {name}\n##[error]Process completed with exit code 1.\n"), "failure");
    run.jobs[0].name = format!("job {name}");
    run.workflow = format!("workflow {name}");
    run.branch = format!("topic-{}", &name[..5_000]);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let card = world.slack.cards()[0].clone();
    assert!(card.words().contains("and 9999 more failing tests"), "{}", card.words());
    let characters: usize = card.words().chars().count();
    assert!(characters < 1_500, "{characters}");
    assert!(card.blocks.as_array().unwrap().len() <= 5);
    world.end().await;
}

#[tokio::test]
async fn threat_083_separators_in_names_do_not_mix_incidents() {
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    for (n, (workflow, branch)) in
        [("a", "b/c"), ("a/b", "c"), ("a\0b", "c"), ("a", "b\0c"), ("a:1", ";c")].into_iter().enumerate()
    {
        let mut run = spec(
            &format!(
                "error: failure number {}\n##[error]Process completed with exit code 1.\n",
                ["one", "two", "three", "four", "five"][n]
            ),
            "failure",
        );
        run.workflow = workflow.into();
        run.branch = branch.into();
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
    }
    assert_eq!(world.incidents().await.len(), 5);
    world.end().await;
}

#[tokio::test]
async fn threat_068_a_forged_button_does_nothing() {
    let world = World::with(Setup { config: "[policy.approvals]\nretry = 1\n".into(), ..Setup::default() }).await;
    world.broken_run(crate::world::NETWORK_LOG, "success").await;
    let card = world.slack.cards()[0].clone();
    let value = card.button("Retry").unwrap();
    for forged in [
        value.replace("retry.", "approve."),
        value.replace(".1.", ".2."),
        "retry.1.0.x.y".into(),
        String::new(),
        "x".repeat(2_000),
    ] {
        world.slack.press("UADA", &card, &forged).await;
        world.settle().await;
        assert!(
            world.slack.last_whisper().contains("This button is not valid here"),
            "{forged}: {}",
            world.slack.last_whisper()
        );
    }
    assert!(world.incident(1).await.proposals.is_empty());
    world.end().await;
}

#[tokio::test]
async fn threat_069_answers_go_to_slack_and_nowhere_else() {
    let world = World::new().await;
    for url in [
        "http://169.254.169.254/latest",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com:444/x",
        "http://hooks.slack.com/x",
        "file:///etc/passwd",
    ] {
        let payload = serde_json::json!({"team_id": "T1", "channel_id": crate::world::CHANNEL, "user_id": "UBEN", "command": "/rescue", "text": "list",
            "response_url": url, "trigger_id": format!("t-{url}")});
        if url::Url::parse(url).is_ok() {
            world.slack.send("slash_commands", payload).await;
            world.settle().await;
            assert_eq!(world.slack.calls("chat.postEphemeral"), 1 + world.slack.whispers().len() - 1, "{url}");
        }
    }
    assert_eq!(world.slack.whispers().len(), 5, "each was answered by chat.postEphemeral");
    world.end().await;
}

#[tokio::test]
async fn threats_066_and_026_strangers_workspaces_and_repeated_envelopes() {
    let world = World::new().await;
    world.broken_run(crate::world::NETWORK_LOG, "success").await;
    let card = world.slack.cards()[0].clone();
    let mut foreign = world.slack.action("UADA", &card, &card.button("Retry").unwrap());
    foreign["user"]["team_id"] = "TEVIL".into();
    world.slack.send("interactive", foreign).await;
    world.settle().await;
    assert_eq!(world.reruns(), 0, "the same user id in another workspace is nobody here");
    let press = world.slack.action("UADA", &card, &card.button("Retry").unwrap());
    for n in 0..5 {
        world.slack.send_as(&format!("repeat-{n}"), "interactive", press.clone()).await;
    }
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    assert_eq!(world.incident(1).await.proposals.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn threat_104_secrets_in_names_and_messages_are_nowhere_kept() {
    let token = ["ghp_", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6"].concat();
    let world = World::with(Setup { disk: true, ..Setup::default() }).await;
    let mut run = spec(
        &format!(
            "error: clone of https://x:{token}@github.com failed\nFAILED tests/t.py::test_{token}\n##[error]Process completed with exit code 1.\n"
        ),
        "failure",
    );
    run.branch = format!("topic/{token}");
    run.message = format!("Try {token}");
    run.jobs[0].name = format!("deploy {token}");
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    world.slack.command("UBEN", &format!("reject 1 {token}")).await;
    world.settle().await;
    let mut seen = serde_json::to_string(&world.incidents().await).unwrap();
    seen += &world.slack.messages().iter().map(|m| format!("{}{}", m.text, m.blocks)).collect::<String>();
    seen += &world.slack.whispers().iter().map(|w| w.text.clone()).collect::<String>();
    seen += &world.sit("ben").await.page("/incidents/1").await;
    let metrics = world
        .http
        .get(format!("http://{}/metrics", world.private_at))
        .bearer_auth("console-token")
        .send()
        .await
        .unwrap();
    seen += &metrics.text().await.unwrap();
    assert!(seen.contains("[redacted]") && !seen.contains(&token));
    let dir = world.dir.path().join("store");
    for path in walk(&dir) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(memchr::memmem::find(&bytes, token.as_bytes()).is_none(), "{}", path.display());
    }
    world.end().await;
}

/// Threat 104: what is printed of a configuration for debugging.
#[test]
fn threat_104_a_configuration_printed_for_debugging_shows_no_secret() {
    let text = "[console]\ntoken = \"T\"\n[github]\nwebhook_secret = \"T\"\nclient_id = \"c\"\nclient_secret = \"T\"\n\
        token = \"T\"\n[sign_in]\noidc_issuer = \"https://id.example.org\"\noidc_client_id = \"c\"\noidc_domains = [\"example.org\"]\n\
        oidc_client_secret = \"T\"\n[slack]\nbot_token = \"T\"\napp_token = \"T\"\nsigning_secret = \"T\"\n\
        [discord]\nbot_token = \"T\"\n[email]\nserver = \"mail.example.org\"\nfrom = \"ci@example.org\"\nusername = \"u\"\n\
        password = \"T\"\n[hooks]\ntoken = \"T\"\n[api]\nread_token = \"T\"\nact_token = \"T\"\n\
        [store]\nurl = \"postgres://u:T@db.example.org/ci\"\n[redaction]\nvalues = [\"T\"]\n\
        [[teams]]\nname = \"a\"\nurl = \"https://example.org/T\"\n\
        [[webhooks]]\nname = \"b\"\nurl = \"https://example.org/T\"\nsecret = \"T\"\n";
    let mut pieces = text.split('T');
    let mut text = pieces.next().unwrap().to_owned();
    for (n, piece) in pieces.enumerate() {
        text += &format!("canary-{n}-0123456789abcdef{piece}");
    }
    let n = text.matches("canary-").count() - 1;
    let config = ci_rescue::config::parse(&text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let held = ci_rescue::config::secrets(&config);
    assert!((0..=n).all(|n| held.iter().any(|secret| secret.contains(&format!("canary-{n}-")))), "{held:?}");
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("canary"), "{shown}");
}

pub fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(walk(&entry.path())) } else { all.push(entry.path()) }
    }
    all
}
