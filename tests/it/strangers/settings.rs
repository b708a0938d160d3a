//! 10: a configuration that cannot be meant is refused, and commands are offered in one place.

use crate::world::HandClock;
use crate::world::discord::{APPLICATION, DiscordDouble, GUILD};
use ci_rescue::adapters::discord::{Rest, Settings, register};
use ci_rescue::config::parse;
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[test]
fn strangers_010_what_cannot_be_meant_is_refused() {
    let two = |first: &str, second: &str| {
        format!("[[people]]\nname = \"ada\"\n{first}\n[[people]]\nname = \"ben\"\n{second}\n")
    };
    let one = |line: &str| format!("[[people]]\nname = \"ada\"\n{line}\n");
    let named = |name: &str| format!("[[people]]\nname = \"{name}\"\n");
    for (text, want) in [
        (two("github = \"octocat\"", "github = \"octocat\""), "6: people[1].github repeats \"octocat\", which is"),
        (two("github = \"octocat\"", "github = \"OctoCat\""), "6: people[1].github repeats \"OctoCat\", which is"),
        (two("github = \"octocat\"", "github = \" octocat \""), "6: people[1].github repeats"),
        (two("slack = \"U1\"", "slack = \"U1\""), "6: people[1].slack repeats \"U1\", which is"),
        (two("discord = \"1\"", "discord = \"1\""), "6: people[1].discord repeats \"1\", which is"),
        (one("github = \"\""), "3: people[0].github is empty; set it or remove the key"),
        (one("slack = \" \""), "3: people[0].slack is empty; set it or remove the key"),
        (one("discord = \"\""), "3: people[0].discord is empty; set it or remove the key"),
        (named("operator"), "2: people[0].name is \"operator\", which is whoever holds console.token"),
        (named(" Operator"), "2: people[0].name is \"Operator\", which is whoever holds console.token"),
        (named("github:eve"), "2: people[0].name is \"github:eve\", which would be an account without a person"),
        ("[console]\ntoken = \"x\"\n".into(), "2: console.token has fewer than 12 characters"),
        ("[console]\ntoken = \"elevenchars\"\n".into(), "2: console.token has fewer than 12 characters"),
        ("[console]\ntoken = \"elevenchars  \"\n".into(), "2: console.token has fewer than 12 characters"),
        ("[console]\nurl = \"http://example.org\"\n".into(), "2: console.url must be an https:// URL"),
        ("[console]\nurl = \"https://example.org/x\"\n".into(), "2: console.url must be an https:// URL"),
        ("[console]\nurl = \"https://:x@example.org\"\n".into(), "2: console.url must be an https:// URL"),
        ("[server]\nproxies = [\"10.0.0.1\", \"proxy\"]\n".into(), "2: server.proxies[1] must be an IP address"),
    ] {
        let why = parse(&text, &[]).map(|_| text.clone()).unwrap_err().to_string();
        assert!(why.contains(want), "{want}\n{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
        assert!(!why.contains("elevenchars"), "{why}");
    }
    for text in [
        two(
            "github = \"octocat\"\nslack = \"U1\"\ndiscord = \"1\"",
            "github = \"octodog\"\nslack = \"U2\"\ndiscord = \"2\"",
        ),
        two("slack = \"1\"", "discord = \"1\""),
        named("operators"),
        named("Ada: the first"),
        "[console]\ntoken = \"twelve-chars\"\nurl = \"https://rescue.example.org\"\n".into(),
        "[server]\nproxies = [\"10.0.0.0/8\", \"::1\", \"192.0.2.1\"]\n".into(),
    ] {
        parse(&text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}"));
    }
}

#[tokio::test]
async fn strangers_010_commands_are_offered_in_one_place() {
    let ours = || json!([{"name": "rescue", "description": "as it was once", "type": 1}]);
    let (here, global, elsewhere) = (Some(GUILD), None, Some("801"));
    for (left, wanted) in [(vec![global], here), (vec![here], global), (vec![elsewhere, global], here), (vec![], here)]
    {
        let stop = CancellationToken::new();
        let double = DiscordDouble::start(&stop).await;
        double.join("801");
        for scope in &left {
            double.leave_commands(*scope, ours());
        }
        let settings = Settings {
            api_url: format!("http://{}/api/v10", double.at),
            bot_token: secrecy::SecretString::from("discord-double").into(),
            clock: HandClock::new(),
        };
        let rest = Rest::new(settings).unwrap();
        assert!(register(&rest, Some(APPLICATION), wanted).await.unwrap());
        for scope in [here, global, elsewhere] {
            let count = double.commands_of(scope).as_array().map_or(0, Vec::len);
            assert_eq!(count > 0, scope == wanted, "{left:?} → {wanted:?}: {scope:?}");
            assert_ne!(double.commands_of(scope), ours());
        }
        assert!(!register(&rest, Some(APPLICATION), wanted).await.unwrap(), "nothing is left to write");
        stop.cancel();
    }
}
