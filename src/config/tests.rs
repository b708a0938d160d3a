//! Every key, with everything that does not fit it.

use super::keys::{self, ANY, ITEM, Key};
use super::tree::Step;
use super::visit::Want;
use super::{Config, parse, secrets};
use secrecy::ExposeSecret;

fn lines(text: &str) -> Vec<String> {
    parse(text, &[]).map(|_| ()).unwrap_err().0
}

fn wrong(text: &str) -> String {
    lines(text).join("\n")
}

fn by(environment: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
    let all: Vec<(String, String)> = environment.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    parse("", &all)
}

/// A file that sets one key to a value, the line on which it stands, and the key as errors name it.
fn file(key: &Key, value: &str) -> (String, usize, String) {
    let mut text = String::from("# The first line\n");
    let mut name = String::new();
    let any = match key.path[..] {
        ["agents", ..] => "default",
        [_, "visible", ..] => "viewer",
        _ => "retry",
    };
    let mut parts = key.path.iter().map(|part| if *part == ANY { any } else { part }).peekable();
    let mut left = key.path.len();
    let mut header = String::new();
    while let Some(part) = parts.next() {
        let list = parts.peek() == Some(&ITEM);
        left -= 1;
        if part == ITEM {
            name.push_str("[0]");
        } else {
            let dot = if name.is_empty() { "" } else { "." };
            name += &format!("{dot}{part}");
        }
        if parts.peek().is_none() {
            let line = if part == ITEM { format!("[{value}]") } else { format!("{part} = {value}") };
            text.push_str(&line);
        } else if list && left == 1 {
            text += &format!("{part} = ");
        } else if list {
            let rest = key.path.iter().rev().find(|part| **part != ITEM).copied().unwrap_or_default();
            let others = [
                ("platform", "platform = \"slack\"\n"),
                ("channel", "channel = \"C1\"\n"),
                ("name", if part == "agents" { "name = \"rex\"\n" } else { "name = \"p\"\n" }),
                ("url", "url = \"https://status.example.org\"\n"),
                ("owner", "owner = \"@acme/web\"\n"),
                ("slack", "slack = \"S1\"\n"),
                ("deny", "deny = \"no\"\n"),
                ("secret", "secret = \"sixteen characters\"\n"),
                ("command", if rest == "endpoint" { "" } else { "command = [\"fix\"]\n" }),
            ];
            let mine = |field: &str| match part {
                "agents" => matches!(field, "name" | "command"),
                "people" => field == "name",
                "providers" | "teams" => matches!(field, "name" | "url"),
                "webhooks" => matches!(field, "name" | "url" | "secret"),
                "rules" => field == "deny",
                "groups" => matches!(field, "owner" | "slack"),
                _ => matches!(field, "platform" | "channel"),
            };
            let dot = if header.is_empty() { "" } else { "." };
            header += &format!("{dot}{part}");
            text += &format!("[[{header}]]\n");
            others.iter().filter(|(field, _)| mine(field) && *field != rest).for_each(|(_, line)| text.push_str(line));
        } else if part != ITEM {
            let dot = if header.is_empty() { "" } else { "." };
            header += &format!("{dot}{part}");
            let last = key.path.iter().filter(|part| **part != ITEM).count() - 1;
            if header.split('.').count() == last {
                text += &format!("[{header}]\n");
            }
        }
    }
    text.push('\n');
    let line = text.trim_end().lines().count();
    (text, line, name)
}

/// Values that do not fit, with a number and a text that must not be shown where the key is secret.
fn misfits(want: Option<&Want>) -> Vec<&'static str> {
    match want {
        Some(Want::Text) => vec!["424242", "true", "1.5", "[]", "{}", "2026-01-01"],
        Some(Want::Whole { .. }) => vec!["\"hush\"", "\"7\"", "true", "1.5", "-1", "[]", "{}", "99999999999999999999"],
        Some(Want::Bool) => vec!["\"hush\"", "1", "[]", "{}"],
        Some(Want::List) => vec!["\"hush\"", "424242", "true", "{}"],
        Some(Want::OneOf(_)) => vec!["\"hush\"", "424242", "true", "[]"],
        Some(Want::Table) => vec!["\"hush\"", "424242", "true", "[1]"],
        Some(Want::Said(_)) | None => vec!["424242", "true", "[]"],
    }
}

/// `teams[0]`: a list, and its first item.
fn steps_of(part: &str) -> Vec<Step> {
    match part.strip_suffix("[0]") {
        Some(list) => vec![Step::Key(list.to_owned()), Step::Index(0)],
        None => vec![Step::Key(part.to_owned())],
    }
}

#[test]
fn every_key_tells_its_line_its_name_what_it_must_be_and_what_it_is() {
    let mut tried = 0;
    for key in keys::all().iter().filter(|key| !key.path.is_empty()) {
        for value in misfits(key.want.as_ref()) {
            let (text, line, name) = file(key, value);
            let found = lines(&text);
            assert_eq!(found.len(), 1, "{text}{found:?}");
            assert!(found[0].starts_with(&format!("ci-rescue.toml:{line}: {name} must be ")), "{text}{found:?}");
            assert!(found[0].contains("(found "), "{text}{found:?}");
            let (section, _) = name.split_once('.').unwrap_or((&name, ""));
            let steps: Vec<Step> = name.split('.').flat_map(steps_of).collect();
            if keys::is_secret(&steps) || section == "redaction" {
                assert!(!found[0].contains("hush") && !found[0].contains("424242"), "{found:?}");
            } else if !value.starts_with(['[', '{']) {
                assert!(found[0].contains(value), "{found:?}");
            }
            tried += 1;
        }
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn every_unknown_key_names_the_nearest() {
    for key in keys::all().iter().filter(|key| key.path.len() > 1 && !matches!(key.path.last(), Some(&(ITEM | ANY)))) {
        let (text, line, name) = file(key, "\"hush\"");
        let last = key.path.last().unwrap();
        let typo = format!("{}x{}", &last[..1], &last[1..]);
        let (before, after) = text.rsplit_once(&format!("{last} = ")).unwrap();
        let found = lines(&format!("{before}{typo} = {after}"));
        let mistyped = format!("{}{typo}", name.strip_suffix(last).unwrap());
        let line = format!("ci-rescue.toml:{line}: unknown key {mistyped}; did you mean {name}?");
        assert!(found.contains(&line), "{line}\n{found:?}");
        assert!(!found.join("\n").contains("hush"), "{found:?}");
    }
    for (text, want) in [
        ("[githb]\n", "ci-rescue.toml:1: unknown section githb; did you mean github?"),
        (
            "\nwebhook_secret = \"hush\"\n",
            "ci-rescue.toml:2: unknown key webhook_secret; did you mean github.webhook_secret, under [github]?",
        ),
        ("[api]\nzzz = 1", "ci-rescue.toml:2: unknown key api.zzz; valid keys are read_token and act_token"),
    ] {
        assert_eq!(lines(text), [want]);
    }
}

/// A value that each key takes, as a variable holds it.
fn good(key: &Key) -> String {
    match (key.path.join(".").as_str(), key.want.as_ref()) {
        (name, _) if name.ends_with("api_url") => "https://example.org/api".into(),
        (name, _) if name.ends_with(".listen") => "127.0.0.1:0".into(),
        ("traces.endpoint", _) => "https://otel.example.org/v1/traces".into(),
        ("server.proxies", _) => "10.0.0.0/8".into(),
        ("console.url", _) => "https://example.org".into(),
        (name, _) if name.ends_with(".transport") => "http".into(),
        ("discord.public_key", _) => "0".repeat(64),
        ("discord.application_id" | "discord.guild_id", _) => "900".into(),
        ("policy.automatic", _) => "retry, quarantine".into(),
        ("policy.auto_merge" | "policy.auto_approve", _) => "pin".into(),
        ("policy.rules", _) => "[{when = {branch = \"main\"}, mode = \"act\"}]".into(),
        ("policy.resolvers", _) => "[\"cargo\", \"npm\"]".into(),
        ("providers", _) => "[{name = \"GitHub\", url = \"https://www.githubstatus.com/api/v2/summary.json\"}]".into(),
        ("repro.runner", _) => "podman".into(),
        ("repro.images", _) => "docker.io/library/*".into(),
        ("repro.runners", _) => "{ubuntu-latest = \"docker.io/library/debian:12\"}".into(),
        (name, _) if name.starts_with("repro.runners.") => "docker.io/library/debian:12".into(),
        ("repro.memory_mb", _) => "512".into(),
        ("agents", _) => "[{name = \"rex\", command = [\"fix\"]}]".into(),
        ("teams", _) => "[{name = \"builds\", url = \"https://flows.example.org/x\"}]".into(),
        ("webhooks", _) => {
            "[{name = \"board\", url = \"https://board.example.org\", secret = \"sixteen characters\"}]".into()
        }
        ("store.url", _) => "postgres://bot:secret@db.example.org/ci".into(),
        ("email.server", _) => "smtp.example.org".into(),
        ("email.security", _) => "starttls".into(),
        ("email.from", _) => "CI <ci@example.org>".into(),
        ("sign_in.oidc_issuer", _) => "https://id.example.org".into(),
        ("sign_in.organizations", _) => "acme".into(),
        ("sign_in.oidc_domains", _) => "acme.example".into(),
        ("sign_in.proxies", _) => "10.0.0.0/8".into(),
        ("sign_in.proxy_header" | "sign_in.proxy_groups_header", _) => "Remote-User".into(),
        ("groups", _) => "[{owner = \"@acme/web\", slack = \"S1\"}]".into(),
        ("mentions.quiet", _) => "22:00-07:00".into(),
        ("mentions.time_zone", _) => "Europe/Berlin".into(),
        ("mentions.severities", _) => "blocker, security".into(),
        ("people", _) => "[{\"name\": \"ada\", \"role\": \"admin\"}]".into(),
        ("subscriptions" | "digests", _) => "[{platform = \"slack\", channel = \"C1\"}]".into(),
        (_, Some(Want::Whole { .. })) => "3".into(),
        (_, Some(Want::Bool)) => "true".into(),
        (_, Some(Want::OneOf(known))) => known[0].into(),
        (name, _) => format!("value of {name}"),
    }
}

#[test]
fn every_key_can_be_set_by_environment() {
    let written: Vec<&Key> = keys::all().iter().filter(|key| key.is_written()).collect();
    assert!(written.len() > 50, "{}", written.len());
    let all: Vec<(String, String)> = written.iter().map(|key| (key.variable(), good(key))).collect();
    let config = parse("", &all).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(config.policy.auto_merge, ["pin"]);
    assert_eq!(config.policy.automatic, ["retry", "quarantine"]);
    assert_eq!(config.policy.resolvers, ["cargo", "npm"]);
    assert_eq!(config.policy.rules[0].when.branch.as_deref(), Some("main"));
    assert_eq!((config.people[0].name.as_str(), config.subscriptions[0].channel.as_str()), ("ada", "C1"));
    let held = secrets(&config);
    for key in written {
        let steps: Vec<Step> = key.path.iter().map(|part| Step::Key((*part).to_owned())).collect();
        assert_eq!(held.contains(&good(key).as_str()), keys::is_secret(&steps), "{}", key.variable());
    }
}

#[test]
fn what_a_variable_says_wrong_is_told_by_its_name() {
    for key in keys::all().iter().filter(|key| key.is_written()) {
        let text = match key.want {
            Some(Want::Whole { .. } | Want::Bool | Want::OneOf(_)) => "hush",
            Some(Want::List) if !good(key).starts_with("value") && key.path.len() == 1 => "hush",
            _ => continue,
        };
        let found = by(&[(&key.variable(), text)]).map(|_| ()).unwrap_err().0;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{} must be ", key.variable())), "{found:?}");
    }
    for (name, value, want) in [
        ("CI_RESCUE__GITHUB__APP_ID", "abc", "CI_RESCUE__GITHUB__APP_ID must be a number (found \"abc\")"),
        (
            "CI_RESCUE__GITHB__TOKEN",
            "hush",
            "unknown variable CI_RESCUE__GITHB__TOKEN; did you mean CI_RESCUE__GITHUB__TOKEN?",
        ),
        (
            "CI_RESCUE__GITHUB_TOKEN",
            "hush",
            "unknown variable CI_RESCUE__GITHUB_TOKEN; did you mean CI_RESCUE__GITHUB__TOKEN?",
        ),
        (
            "CI_RESCUE_SLACK_APP_TOKEN",
            "hush",
            "unknown variable CI_RESCUE_SLACK_APP_TOKEN; did you mean CI_RESCUE__SLACK__APP_TOKEN?",
        ),
        (
            "CI_RESCUE__SLACK__APP_TOKEN_FILE",
            "/nowhere/at/all",
            "CI_RESCUE__SLACK__APP_TOKEN_FILE: /nowhere/at/all: No such file or directory (os error 2)",
        ),
        (
            "CI_RESCUE__POLICY__AUTO_MERGE",
            "pinn",
            "CI_RESCUE__POLICY__AUTO_MERGE[0] names an unknown remedy, \"pinn\"; did you mean \"pin\"?",
        ),
        (
            "CI_RESCUE__POLICY__APPROVALS__PINN",
            "1",
            "CI_RESCUE__POLICY__APPROVALS__PINN names an unknown remedy, \"pinn\"; did you mean \"pin\"?",
        ),
        ("CI_RESCUE__PEOPLE", "[{name = \"ada\", role = \"boss\"}]", "CI_RESCUE__PEOPLE[0].role must be viewer"),
        (
            "CI_RESCUE__SLACK",
            "{}",
            "CI_RESCUE__SLACK is a section, not a key; set its keys one by one, such as CI_RESCUE__SLACK__API_URL",
        ),
        (
            "CI_RESCUE__GITHUB__BRANCHES",
            "[main",
            "CI_RESCUE__GITHUB__BRANCHES must be an array in TOML or JSON, such as [\"one\", \"two\"], or one,two",
        ),
        ("CI_RESCUE__SLACK__BOT_TOKEN", " ", "CI_RESCUE__SLACK__BOT_TOKEN is empty; set it or remove the key"),
    ] {
        let found = by(&[(name, value)]).map(|_| ()).unwrap_err().to_string().replace("\"viewer\"", "viewer");
        assert!(found.starts_with(want), "{found}\n{want}");
        assert!(!found.contains("hush"), "{found}");
    }
    assert!(by(&[("CI_RESCUE_LOG", "json"), ("CI_RESCUE_CONFIG", "x"), ("CI_RESCUE_KILL_ROUNDS", "3")]).is_ok());
}

#[test]
fn lists_by_environment_follow_one_rule() {
    for text in ["pin,unpin", " pin , unpin ", "pin\nunpin\n", "[\"pin\", \"unpin\"]", "['pin', 'unpin']"] {
        assert_eq!(
            by(&[("CI_RESCUE__POLICY__AUTO_MERGE", text)]).unwrap().policy.auto_merge,
            ["pin", "unpin"],
            "{text}"
        );
        let values = text.replace(',', "\n");
        let config =
            by(&[("CI_RESCUE__REDACTION__VALUES", if text.starts_with('[') { text } else { &values })]).unwrap();
        assert_eq!(secrets(&config), ["pin", "unpin"]);
    }
    assert!(by(&[("CI_RESCUE__POLICY__AUTOMATIC", "")]).unwrap().policy.automatic.is_empty());
    // Secrets may hold commas.
    let config = by(&[("CI_RESCUE__REDACTION__VALUES", "one-secret\nand, another\n[third")]).unwrap();
    assert_eq!(secrets(&config), ["one-secret", "and, another", "[third"]);
}

#[test]
fn what_is_no_toml_is_told_in_plain_words() {
    for (text, want) in [
        ("a = 1\n[github\napi = 1\n", "2: missing \"]\" at the end of the section header"),
        ("[[people]\nname = \"p\"\n", "1: missing \"]]\" at the end of the section header"),
        ("[]\n", "1: empty section header"),
        ("[github] app_id = 1\n", "1: unexpected text after the section header; put it on its own line"),
        ("[slack]\nbot_token = \"hush\n", "2: missing closing quote for bot_token"),
        ("[slack]\nbot_token = 'hush\n", "2: missing closing quote for bot_token"),
        ("[slack]\nbot_token = \"\"\"hush\n\n", "2: missing closing triple quotes for bot_token"),
        ("[slack]\nbot_token = hush\n", "2: missing quotes around the value of bot_token"),
        ("[slack]\nbot_token = “hush”\n", "2: bot_token has curly quotes around its value; use straight ones (\")"),
        (
            "[slack]\nbot_token = \"x\\qhush\"\n",
            "2: bot_token contains an invalid escape; write \\\\ for a backslash, or use single quotes",
        ),
        (
            "[slack]\nbot_token = \"x\u{1}hush\"\n",
            "2: bot_token contains a control character; write it as \\u and four hex digits",
        ),
        ("[slack]\nbot_token =\n", "2: bot_token has no value"),
        ("[slack]\nbot_token: hush\n", "2: use \"=\" instead of \":\""),
        ("[slack]\nhush\n", "2: expected KEY = VALUE or a [section]"),
        ("<<<<<<< HEAD\n", "1: expected KEY = VALUE or a [section]"),
        ("= 3\n", "1: missing key before \"=\""),
        ("[policy]\nmode = 'it's'\n", "2: unexpected text after the value of mode"),
        ("[policy]\nbots = True\n", "2: bots must be true or false, in lower case"),
        ("[policy]\nretry_max = 02\n", "2: retry_max starts with 0; write a number without it, or quote it"),
        ("[github]\nrepositories = [\n  \"a/b\"\n  \"c/d\"\n]\n", "4: missing comma before this list item"),
        (
            "[github]\nrepositories = [\"a/b\",\n  \"c/d\"\n\n[slack]\nbot_token = \"x\"\n",
            "2: missing \"]\" to close the list repositories",
        ),
        (
            "[policy]\napprovals = {retry = 1\nmode = \"act\"\n",
            "2: missing \"}\" to close approvals; an inline table must end on its line",
        ),
        ("[github]\napp_id = 1\ntoken = \"x\"\napp_id = 2\n", "4: github.app_id is set twice (first on line 2)"),
        (
            "[slack]\n[github]\n[slack]\nbot_token = \"x\"\nbot_token = \"y\"\n",
            "3: duplicate section [slack] (first on line 1); merge the two",
        ),
        (
            "[[people]]\nname = \"p\"\n[people]\nname = \"q\"\n",
            "3: people is both [people] and [[people]] (first on line 1); use one form throughout",
        ),
        (
            "[slack]\napi_url = \"x\"\napi_url.x = 1\n",
            "3: api_url.x already has a value and cannot have keys of its own",
        ),
    ] {
        let found = lines(text);
        assert_eq!(found, [format!("ci-rescue.toml:{want}")], "{text}");
        assert!(!found[0].contains("hush"), "{found:?}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file() {
    let text = "\
[github]
app_id = \"abc\"
webhok_secret = \"hush\"
private_key_file = \"/etc/app.pem\"
repositories = [\"a/b\", 5]

[slack]
transport = \"sockt\"
api_url = \"http://example.org/api\"

[[subscriptions]]
platform = \"slak\"

[[people]]
name = \"ada\"
role = \"boss\"

[[people]]
name = \"ada\"

[policy]
mode = \"atc\"
automatic = [\"retri\", \"pin\"]
auto_merge = [\"revert\"]
resolvers = [\"carg\"]

[policy.approvals]
unpin = 2
unpinn = 2
retry = -1
";
    let want = [
        "ci-rescue.toml:2: github.app_id must be a number (found \"abc\")",
        "ci-rescue.toml:3: unknown key github.webhok_secret; did you mean github.webhook_secret?",
        "ci-rescue.toml:5: github.repositories[1] must be a quoted string (found 5)",
        "ci-rescue.toml:8: slack.transport must be \"socket\" or \"http\" (found \"sockt\"; did you mean \"socket\"?)",
        "ci-rescue.toml:9: slack.api_url must be an https:// URL (http:// only for loopback addresses)",
        "ci-rescue.toml:11: subscriptions[0].channel is missing",
        "ci-rescue.toml:12: subscriptions[0].platform must be \"slack\", \"discord\", \"console\", \"email\", \"teams\" or \"webhook\" (found \"slak\"; did you mean \"slack\"?)",
        "ci-rescue.toml:16: people[0].role must be \"viewer\", \"responder\", \"approver\" or \"admin\" (found \"boss\")",
        "ci-rescue.toml:19: people[1].name repeats \"ada\"; names must be unique",
        "ci-rescue.toml:22: policy.mode must be \"observe\", \"suggest\" or \"act\" (found \"atc\"; did you mean \"act\"?)",
        "ci-rescue.toml:23: policy.automatic[0] names an unknown remedy, \"retri\"; did you mean \"retry\"?",
        "ci-rescue.toml:23: policy.automatic[1] is \"pin\", but policy.automatic accepts only retry, quarantine, fix, agent and issue",
        "ci-rescue.toml:24: policy.auto_merge[0] is \"revert\", but policy.auto_merge accepts only quarantine, unquarantine, extend, pin and unpin",
        "ci-rescue.toml:25: policy.resolvers[0] names an unknown resolver, \"carg\"; did you mean \"cargo\"?",
        "ci-rescue.toml:29: policy.approvals.unpinn names an unknown remedy, \"unpinn\"; did you mean \"unpin\"?",
        "ci-rescue.toml:30: policy.approvals.retry must be a whole number from 0 to 4294967295 (found -1)",
    ];
    let found = lines(text);
    assert_eq!(found, want, "{}", found.join("\n"));
}

#[test]
fn mentions_that_cannot_be_are_told() {
    let text = "\
[mentions]
quiet = \"22-7\"
time_zone = \"Berlin\"
severities = [\"blocker\", \"flaky\"]
[[people]]
name = \"ada\"
slack = \"@here\"
discord = \"<@1>\"
direct = true
[[groups]]
owner = \"web\"
slack = \"!channel\"
discord = \"@everyone\"
[[groups]]
slack = \"S1\"
[[groups]]
owner = \"@acme/web\"
[[groups]]
owner = \"@ACME/web\"
discord = \"1\"
[[people]]
name = \"eve\"
github = \"eve\"
direct = true
";
    let want = [
        "ci-rescue.toml:2: mentions.quiet must be two different times, such as \"22:00-07:00\" (found \"22-7\")",
        "ci-rescue.toml:3: mentions.time_zone must be the IANA name of a time zone, such as \"Europe/Berlin\" (found \"Berlin\")",
        "ci-rescue.toml:4: mentions.severities[1] must be \"blocker\", \"normal\" or \"security\": nobody is mentioned for what is flaky",
        "ci-rescue.toml:11: groups[0].owner must be an owner as CODEOWNERS writes it, such as \"@acme/web\" (found \"web\")",
        "ci-rescue.toml:12: groups[0].slack must be a user group's ID, such as \"S0123456789\" (found \"!channel\")",
        "ci-rescue.toml:13: groups[0].discord must be a role's numeric ID in quotes (Copy Role ID in Discord's Developer Mode) (found \"@everyone\")",
        "ci-rescue.toml:14: groups[1].owner is missing",
        "ci-rescue.toml:16: groups[2].slack or discord is missing",
        "ci-rescue.toml:19: groups[3].owner repeats \"@ACME/web\"; give each owner one table",
        "ci-rescue.toml:24: people[1].direct needs people.slack or people.discord, where to send it",
    ];
    let found = lines(text);
    assert_eq!(found, want, "{}", found.join("\n"));
}

#[test]
fn every_remedy_takes_approvals() {
    for remedy in crate::remedies::all() {
        let config = parse(&format!("[policy.approvals]\n{} = 2\n", remedy.id()), &[]).unwrap();
        assert_eq!(config.policy.quorum(remedy.id(), true), 2);
    }
}

#[test]
fn sections_and_lists_of_sections_are_told_apart() {
    for (text, want) in [
        (
            "[people]\nname = \"p\"\n",
            "1: people must be an array of tables; write [[people]] instead of [people] (found a table)",
        ),
        (
            "[[github]]\napp_id = 1\n",
            "1: github must be a single table; write [github] instead of [[github]] (found a list)",
        ),
        ("github = 5\n", "1: github must be a table, [github] (found 5)"),
        ("people = [\"ada\"]\n", "1: people[0] must be a table, such as {name = \"ada\"} (found \"ada\")"),
        (
            "[github]\nwebhook_secret_previous = {secret = \"hush\", until = \"soon\"}\n",
            "2: github.webhook_secret_previous.until must be a time with its zone, such as 2026-12-31T00:00:00Z (found a string)",
        ),
        (
            "[github]\nwebhook_secret_previous = {secrt = \"hush\"}\n",
            "2: unknown key github.webhook_secret_previous.secrt; did you mean github.webhook_secret_previous.secret?\nci-rescue.toml:2: github.webhook_secret_previous.secret is missing",
        ),
    ] {
        assert_eq!(wrong(text), format!("ci-rescue.toml:{want}"), "{text}");
    }
    for until in ["2026-12-31T00:00:00Z", "\"2026-12-31T00:00:00Z\""] {
        let text = format!("[github]\nwebhook_secret_previous = {{secret = \"hush\", until = {until}}}\n");
        assert_eq!(secrets(&parse(&text, &[]).unwrap()), ["hush"]);
    }
}

#[test]
fn defaults_and_overrides() {
    let config = parse("", &[]).unwrap();
    assert_eq!(config.policy.quorum("retry", false), 0);
    let environment = [
        ("CI_RESCUE__GITHUB__REPOSITORIES".to_owned(), "c/d, e/f".to_owned()),
        ("CI_RESCUE_GITHUB_TOKEN".to_owned(), "t\n".to_owned()),
        ("CI_RESCUE__POLICY__RETRY_MAX".to_owned(), "5".to_owned()),
    ];
    let text = "[policy]\nmode = \"act\"\n[policy.approvals]\nretry = 1\n[github]\nrepositories = [\"a/b\"]";
    let config = parse(text, &environment).unwrap();
    assert_eq!(config.policy.quorum("retry", false), 1);
    assert_eq!(config.policy.retry_max, 5);
    assert_eq!(config.github.repositories, ["c/d", "e/f"]);
    assert_eq!(config.github.token.as_ref().unwrap().expose_secret(), "t");
    assert_eq!(config.name("policy.mode"), "ci-rescue.toml:2: policy.mode");
    assert_eq!(config.name("github.token"), "CI_RESCUE_GITHUB_TOKEN");
    assert_eq!(config.name("slack.bot_token"), "slack.bot_token");
    assert!(!config.origin.secrets);
    let config = parse("[github]\nwebhook_secret = \"hush\"", &[]).unwrap();
    assert!(config.origin.secrets && !format!("{config:?}").contains("hush"));
}

#[test]
fn whatever_a_file_holds_it_is_read_or_refused() {
    use proptest::prelude::*;
    proptest!(|(text in "[\\[\\]{}=\"'.,# a-z0-9\n]{0,80}")| {
        let _ = parse(&text, &[]);
    });
    proptest!(|(text in any::<String>(), value in any::<String>(), at in 0_usize..60)| {
        let _ = parse(&text, &[]);
        let key = &keys::all()[at % keys::all().len()];
        let _ = parse("", &[(key.variable(), value)]);
    });
}

#[test]
fn the_manual_has_every_key() {
    let manual = include_str!("../../docs/configuration.md");
    let policy = include_str!("../../rules/policy.toml");
    let missing = |key: &&Key| {
        let parts: Vec<&str> = key.path.iter().copied().filter(|part| !matches!(*part, ITEM | ANY)).collect();
        match parts.as_slice() {
            ["policy", name, ..] => {
                !policy.contains(&format!("\n{name} = ")) && !policy.contains(&format!("\n[{name}]"))
            }
            // What a table of two parts holds is shown beside it.
            ["github", "webhook_secret_previous", _] => false,
            [list] => !manual.contains(&format!("`[[{list}]]`")),
            parts => !manual.contains(&format!("`{}`", parts.join("."))),
        }
    };
    let written = keys::all().iter().filter(|key| key.want != Some(Want::Table));
    let missing: Vec<String> = written.filter(missing).map(|key| key.path.join(".")).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks {}", missing.join(", "));
}
