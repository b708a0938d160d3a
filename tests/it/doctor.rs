//! `doctor` and `manifest`, as an operator runs them, against the doubles.

use crate::world::chromium::Browser;
use crate::world::{Setup, World, config_text, discord_text, listener};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use fantoccini::Locator;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::process::Command;

/// What the program said, and its exit status.
struct Said {
    out: String,
    err: String,
    code: i32,
}

impl Said {
    /// Everything on one line, so that wrapping does not matter.
    fn flat(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn findings(&self, label: &str) -> usize {
        self.out.lines().filter(|line| line.starts_with(label)).count()
    }
}

async fn run(args: &[&str], environment: &[(&str, &str)], dir: &Path) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.args(args).current_dir(dir).envs(environment.iter().copied());
    let output = command.output().await.unwrap();
    Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// A file that nobody else reads.
fn write(path: &Path, text: &str) -> PathBuf {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_owned()
}

/// The doctor on a configuration of its own.
async fn examine(text: &str) -> Said {
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("ci-rescue.toml"), text);
    run(&["doctor"], &[], dir.path()).await
}

async fn doctor(world: &World, more: &str) -> Said {
    let text = config_text(
        world.forge_at,
        Some(world.slack.at),
        "",
        &format!("\n[store]\npath = \"doctor\"\n{}{more}", discord_text(world.discord.at)),
    );
    write(&world.dir.path().join("ci-rescue.toml"), &text);
    run(&["doctor"], &[], world.dir.path()).await
}

fn fits(said: &Said) {
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
}

#[tokio::test]
async fn says_what_is_there_and_what_is_lacking() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    let fine = doctor(&world, "").await;
    assert_eq!(fine.code, 0, "{}{}", fine.out, fine.err);
    for line in [
        "ok       configuration: ci-rescue.toml",
        "ok       store: doctor",
        "ok       github: signed in as sandbox-bot",
        "ok       slack: signed in as bot",
        "ok       discord: signed in as ci-rescue",
        "Ready: nothing to fix",
    ] {
        assert!(fine.out.contains(line), "{line}: {}", fine.out);
    }
    fits(&fine);

    world.slack.grant("chat:write,commands");
    world.discord.grant("1024");
    let wrong = doctor(&world, "[[subscriptions]]\nplatform = \"discord\"\nchannel = \"701\"\n").await;
    assert_eq!(wrong.code, 1, "{}", wrong.out);
    let words = wrong.flat();
    for part in [
        "problem slack: the bot token lacks the scopes app_mentions:read",
        "links:read, links:write",
        "under \"App Manifest\", for its events and shortcut too, and reinstall the app",
        "problem discord: channel 701",
        "problem discord: the bot lacks",
        "invite the bot with the link of `ci-rescue manifest discord`",
        "3 problems to fix",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    fits(&wrong);
    world.end().await;
}

#[tokio::test]
async fn a_refused_token_is_a_problem_and_an_outage_is_none() {
    let world = World::with(Setup { discord: true, ..Setup::default() }).await;
    for _ in 0..3 {
        world.slack.fault("apps.connections.open", 200, json!({"ok": false, "error": "invalid_auth"}), false);
    }
    let refused = doctor(&world, "").await;
    let words = refused.flat();
    assert_eq!(refused.code, 1, "{words}");
    assert!(words.contains("problem slack: Slack says invalid_auth: check slack.app_token"), "{words}");
    assert!(words.contains("1 problem to fix"), "{words}");
    world.end().await;
}

/// A configuration whose three integrations are at these addresses.
fn three(github: &str, slack: &str, discord: &str) -> String {
    format!(
        "[github]\napi_url = \"{github}\"\ntoken = \"ghp_x\"\n[slack]\napi_url = \"{slack}/api\"\nbot_token = \"xoxb-x\"\n\
         app_token = \"xapp-x\"\n[discord]\napi_url = \"{discord}/api/v10\"\nbot_token = \"a.b.c\"\n"
    )
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_by_address_reason_and_what_to_try() {
    let (free, at) = listener().await;
    drop(free);
    let refused = format!("http://{at}");
    let plain = Router::new().fallback(|| async { "not TLS" });
    let (listener, at) = listener().await;
    tokio::spawn(async move { axum::serve(listener, plain).await });
    let no_tls = format!("https://{at}");
    let no_name = "https://no-such-host.invalid";
    for (url, why) in [
        (refused.as_str(), "was refused. Check"),
        (no_name, "the name no-such-host.invalid does not resolve (DNS). Check"),
        (no_tls.as_str(), "TLS failed: this port does not speak TLS. Check"),
    ] {
        let said = examine(&three(url, url, url)).await;
        let words = said.flat();
        for (about, key) in [("github", "github.api_url"), ("slack", "slack.api_url"), ("discord", "discord.api_url")] {
            let start = format!("down {about}: {url} cannot be reached: ");
            assert!(words.contains(&start), "{start}\n{words}");
            assert!(words.contains(&format!("{why} {key}")), "{why} {key}\n{words}");
        }
        assert!(words.ends_with("3 integrations cannot be reached"), "{words}");
        assert_eq!(said.code, 3, "{words}");
        fits(&said);
    }
}

#[tokio::test]
async fn values_that_cannot_work_are_found_with_their_lines() {
    let secret = "hush0000";
    let text = format!(
        "\
[github]
token = \"ghs_{secret}\"
repositories = [\"shop\", \"acme/*\", \"https://github.com/acme/shop.git\", \"*\"]

[slack]
bot_token = \"xapp-{secret}\"
app_token = \"xoxb-{secret}\"
signing_secret = \"xoxp-{secret}\"

[discord]
bot_token = \"https://discord.com/api/webhooks/1/{secret}\"

[console]
listen = \"0.0.0.0:8081\"
token = \"{secret}{secret}\"

[[subscriptions]]
platform = \"slack\"
channel = \"#general\"
repo = \"shop\"

[[subscriptions]]
platform = \"discord\"
channel = \"#builds\"

[[people]]
name = \"ada\"
github = \"@ada\"
slack = \"@ada\"
discord = \"ada#1234\"
"
    );
    let said = examine(&text).await;
    let words = said.flat();
    for part in [
        "ci-rescue.toml:2: github.token contains a GitHub installation token, which lasts an hour; set",
        "ci-rescue.toml:3: github.repositories[0] is \"shop\", which has no owner; write \"OWNER/shop\"",
        "ci-rescue.toml:3: github.repositories[2] is \"https://github.com/acme/shop.git\", a URL; write \"acme/shop\"",
        "ci-rescue.toml:6: slack.bot_token and ci-rescue.toml:7: slack.app_token are swapped",
        "ci-rescue.toml:8: slack.signing_secret contains a Slack user token; set the Signing Secret",
        "ci-rescue.toml:11: discord.bot_token contains a Discord webhook URL; set the token",
        "ci-rescue.toml:15: console.token has 16 characters, and other machines can reach console.listen (0.0.0.0:8081); use at least 20",
        "ci-rescue.toml:19: subscriptions[0].channel is \"#general\", not a channel ID; open the channel",
        "ci-rescue.toml:20: subscriptions[0].repo is \"shop\", which has no owner",
        "ci-rescue.toml:24: subscriptions[1].channel is \"#builds\", not a channel ID; turn on Developer Mode",
        "ci-rescue.toml:28: people[0].github is \"@ada\", not a GitHub login",
        "ci-rescue.toml:29: people[0].slack is \"@ada\", not a member ID",
        "ci-rescue.toml:30: people[0].discord is \"ada#1234\", not a user ID",
    ] {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert!(!words.contains(secret), "{words}");
    assert_eq!(said.code, 1);
    fits(&said);
    for (bot, app, want) in [
        ("xoxp-x", "xapp-x", "slack.bot_token contains a Slack user token; set the \"Bot User OAuth Token\""),
        ("https://hooks.slack.com/services/x", "xapp-x", "slack.bot_token contains a Slack webhook URL"),
        ("xoxb-x", "xoxb-x", "slack.app_token contains a Slack bot token; set an app-level token (xapp-…)"),
    ] {
        let words = examine(&format!("[slack]\nbot_token = \"{bot}\"\napp_token = \"{app}\"\n")).await.flat();
        assert!(words.contains(want), "{want}\n{words}");
    }
}

#[tokio::test]
async fn files_with_secrets_that_others_can_read_are_found() {
    let dir = TempDir::new().unwrap();
    let key = write(&dir.path().join("app.pem"), include_str!("../data/app-key.pem"));
    let config = write(
        &dir.path().join("ci-rescue.toml"),
        "[github]\napp_id = 7\nprivate_key_file = \"app.pem\"\napi_url = \"http://127.0.0.1:1\"\nwebhook_secret = \"a-long-enough-secret\"\n",
    );
    let said = run(&["doctor"], &[], dir.path()).await;
    assert!(!said.out.contains("chmod") && said.code == 3, "{}", said.out);
    for path in [key, config] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let said = run(&["doctor"], &[], dir.path()).await;
    let words = said.flat();
    for part in [
        "github: ci-rescue.toml:3: github.private_key_file: any user on this machine can access app.pem (mode 0644); run `chmod 600 app.pem`",
        "configuration: the file contains secrets, and any user on this machine can access ci-rescue.toml (mode 0644)",
    ] {
        assert!(words.contains(part), "{part}\n{words}");
    }
    assert_eq!(said.code, 1);
    // Without secrets in it, anybody may read it.
    std::fs::write(dir.path().join("ci-rescue.toml"), "[github]\ntoken = \"\"\n").unwrap();
    let said = run(
        &["doctor"],
        &[("CI_RESCUE__GITHUB__TOKEN", "ghp_x"), ("CI_RESCUE__GITHUB__API_URL", "http://127.0.0.1:1")],
        dir.path(),
    )
    .await;
    assert!(said.out.contains("configuration"), "{}", said.out);
}

#[tokio::test]
async fn mistakes_of_the_configuration_are_findings_and_hide_no_secret() {
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";
    let text = format!("[github]\napp_id = \"{token}\"\nwebhok_secret = \"x\"\n[policy.approvals]\nunpin = 2\n");
    let said = examine(&text).await;
    assert_eq!(said.findings("problem  configuration: ci-rescue.toml:"), 2, "{}", said.out);
    assert!(said.out.ends_with("2 problems to fix\n") && !said.out.contains(token), "{}", said.out);
    assert_eq!(said.code, 1);
    // The other commands say the same, and stop.
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("ci-rescue.toml"), "[github]\n\napp_id = \"abc\"\n");
    let said = run(&["serve"], &[], dir.path()).await;
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert_eq!(
        said.err,
        "ci-rescue: invalid configuration\nci-rescue.toml:3: github.app_id must be a number (found \"abc\")\n"
    );
    let said = run(&["serve"], &[("CI_RESCUE__GITHUB__APP_ID", "xyz")], dir.path()).await;
    assert!(said.err.contains("CI_RESCUE__GITHUB__APP_ID must be a number (found \"xyz\")"), "{}", said.err);
    let said = run(&["serve", "--config", "nowhere.toml"], &[], dir.path()).await;
    assert!(said.err.contains("nowhere.toml: No such file"), "{}", said.err);
    std::fs::write(dir.path().join("ci-rescue.toml"), b"# one\n[github]\ntoken = \"\xff\"\n").unwrap();
    let said = run(&["serve"], &[], dir.path()).await;
    assert!(said.err.contains("ci-rescue.toml:3: the file is not UTF-8"), "{}", said.err);
}

#[tokio::test]
async fn colours_are_for_terminals_and_for_those_who_want_them() {
    let dir = TempDir::new().unwrap();
    let args = ["doctor"];
    let here = ("CI_RESCUE__GITHUB__API_URL", "http://127.0.0.1:1");
    assert!(!run(&args, &[here], dir.path()).await.out.contains('\u{1b}'));
    assert!(run(&args, &[here, ("CLICOLOR_FORCE", "1")], dir.path()).await.out.contains('\u{1b}'));
    let forced = [here, ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    assert!(!run(&args, &forced, dir.path()).await.out.contains('\u{1b}'));
}

/// A GitHub that knows an App, with these permissions there and where it is installed.
async fn github_with(app: Value, installed: Value) -> SocketAddr {
    let router = Router::new()
        .route("/app", get(move || async move { Json(app) }))
        .route("/app/installations", get(move || async move { Json(installed) }));
    let (listener, at) = listener().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    at
}

#[tokio::test]
async fn what_the_app_was_granted_is_compared_with_the_manifest() {
    let url = ci_rescue::adapters::github::public_url("https://ci.example.org").unwrap();
    let page = ci_rescue::adapters::github::page("https://github.com", None, &url).unwrap();
    let manifest = manifest_of(&page);
    let granted = |name: &str, level: &str| {
        let mut permissions = manifest["default_permissions"].clone();
        permissions[name] = level.into();
        json!({"slug": "ci-rescue", "html_url": "https://github.com/apps/ci-rescue", "permissions": permissions,
            "events": manifest["default_events"], "account": {"login": "acme"}})
    };
    let whole = granted("contents", "write");
    let config = "[github]\napp_id = 7\nprivate_key_file = \"app.pem\"\n";
    for (app, installed, want, code) in [
        (whole.clone(), json!([whole.clone()]), "ok github: signed in as ci-rescue", 0),
        (
            granted("workflows", "read"),
            json!([]),
            "problem github: the App lacks workflows: write (has read): grant it",
            1,
        ),
        (
            whole.clone(),
            json!([granted("workflows", "read")]),
            "the installation on acme has not accepted workflows: write",
            1,
        ),
        (whole.clone(), json!([]), "install it at https://github.com/apps/ci-rescue/installations/new", 1),
    ] {
        let at = github_with(app, installed).await;
        let dir = TempDir::new().unwrap();
        write(&dir.path().join("app.pem"), include_str!("../data/app-key.pem"));
        write(&dir.path().join("ci-rescue.toml"), &format!("{config}api_url = \"http://{at}\"\n"));
        let said = run(&["doctor"], &[], dir.path()).await;
        assert!(said.flat().contains(want), "{want}\n{}", said.out);
        assert_eq!(said.code, code, "{}", said.out);
    }
}

/// A form's path and fields.
type Posted = (String, BTreeMap<String, String>);

/// The manifest in the page's form.
fn manifest_of(page: &str) -> Value {
    let (_, rest) = page.split_once("name=\"manifest\" value=\"").expect("a field");
    let text = rest.split('"').next().unwrap();
    let text = text.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&text.replace("&amp;", "&")).unwrap()
}

#[tokio::test]
async fn the_page_of_the_github_app_posts_its_manifest() {
    let dir = TempDir::new().unwrap();
    let said = run(&["manifest", "github", "--url", "https://ci.example.org/"], &[], dir.path()).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("action=\"https:&#x2f;&#x2f;github.com&#x2f;settings&#x2f;apps&#x2f;new\" method=\"post\""),
        "{}",
        said.out
    );
    let manifest = manifest_of(&said.out);
    assert_eq!(manifest["hook_attributes"]["url"], "https://ci.example.org/webhooks/github");
    assert_eq!(manifest["default_permissions"]["workflows"], "write");
    for bad in [
        vec!["manifest", "github"],
        vec!["manifest", "github", "--url", "http://127.0.0.1"],
        vec!["manifest", "github", "--url", "https://ci.example.org", "--org", "a/b"],
    ] {
        let said = run(&bad, &[], dir.path()).await;
        assert!(said.code == 2 && said.out.is_empty() && said.err.contains("--"), "{}", said.err);
    }

    // For GitHub Enterprise, and pressed.
    let posted: Arc<Mutex<Option<Posted>>> = Arc::default();
    let heard = posted.clone();
    let take = move |uri: axum::http::Uri, Form(form): Form<BTreeMap<String, String>>| async move {
        *heard.lock().unwrap() = Some((uri.path().to_owned(), form));
        axum::response::Html("<title>Create GitHub App</title>")
    };
    let (listener, at) = listener().await;
    let router = Router::new().route("/organizations/acme/settings/apps/new", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let args = ["manifest", "github", "--url", "https://ci.example.org", "--org", "acme"];
    let said = run(&args, &[("CI_RESCUE__GITHUB__API_URL", &format!("http://{at}/api/v3"))], dir.path()).await;
    let Some(browser) = Browser::open(false, (1100, 900)).await else { return };
    let file = dir.path().join("app.html");
    std::fs::write(&file, &said.out).unwrap();
    browser.page.goto(&format!("file://{}", file.display())).await.unwrap();
    browser.picture("manifest-github").await;
    browser.page.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
    // A form leaves the page at its own pace.
    for _ in 0..2_000 {
        if browser.page.title().await.is_ok_and(|title| title == "Create GitHub App") {
            break;
        }
    }
    assert_eq!(browser.page.title().await.unwrap(), "Create GitHub App");
    let (path, form) = posted.lock().unwrap().clone().expect("a form");
    assert_eq!(path, "/organizations/acme/settings/apps/new");
    let sent: Value = serde_json::from_str(&form["manifest"]).unwrap();
    assert_eq!(sent, manifest_of(&said.out));
    browser.close().await;
}

#[tokio::test]
async fn the_other_manifests_are_what_people_paste_or_open() {
    let dir = TempDir::new().unwrap();
    let slack = run(&["manifest", "slack"], &[], dir.path()).await;
    let value: Value = serde_json::from_str(&slack.out).unwrap();
    assert_eq!(value["settings"]["socket_mode_enabled"], true);
    let slack = run(&["manifest", "slack", "--url", "https://ci.example.org"], &[], dir.path()).await;
    let value: Value = serde_json::from_str(&slack.out).unwrap();
    assert_eq!(value["settings"]["socket_mode_enabled"], false);
    assert_eq!(value["features"]["slash_commands"][0]["url"], "https://ci.example.org/slack/commands");
    assert_eq!(value["settings"]["interactivity"]["request_url"], "https://ci.example.org/slack/interactions");
    let options = &value["settings"]["interactivity"]["message_menu_options_url"];
    assert_eq!(options, "https://ci.example.org/slack/interactions");

    let said = run(&["manifest", "discord"], &[("CI_RESCUE__DISCORD__APPLICATION_ID", "900")], dir.path()).await;
    let mut lines = said.out.lines().filter(|line| !line.is_empty());
    assert_eq!(lines.next(), Some("Invite the bot to your server:"));
    assert!(
        lines.next().unwrap().contains("https://discord.com/oauth2/authorize?client_id=900&scope="),
        "{}",
        said.out
    );
    assert!(!said.out.contains('{'), "{}", said.out);
    let said = run(&["manifest", "discord", "--json"], &[], dir.path()).await;
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(value[0]["name"], "rescue");
}

#[tokio::test]
async fn known_issues_of_ones_own_are_checked_before_anything_starts() {
    let dir = TempDir::new().unwrap();
    write(&dir.path().join("ci-rescue.toml"), "[known_issues]\nfile = \"own.toml\"\n");
    let said = run(&["doctor"], &[], dir.path()).await;
    assert!(said.flat().contains("own.toml: No such file"), "{}", said.out);
    let row = "[[issue]]\nid = \"a\"\nwords = [\"oops\"]\npattern = '('\ncategory = \"network\"\nseverity = \"normal\"\n\
        solution = \"Ask Ada.\"\nexample = \"oops\"\n";
    write(&dir.path().join("own.toml"), row);
    let said = run(&["doctor"], &[], dir.path()).await;
    assert!(said.flat().contains("own.toml: issue \"a\": the pattern is not valid: "), "{}", said.out);
    let said = run(&["serve"], &[], dir.path()).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("known_issues.file: own.toml: issue \"a\": the pattern"), "{}", said.err);
    write(&dir.path().join("own.toml"), &row.replace("'('", "'oops'"));
    let said = run(&["doctor"], &[], dir.path()).await;
    assert!(said.flat().contains("known issues: 1 of your own in own.toml"), "{}", said.out);
}
