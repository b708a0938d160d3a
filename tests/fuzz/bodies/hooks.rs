//! Webhooks of GitHub and the generic hook, to what they mean.

use super::input::{cut, text};
use ci_rescue::adapters::github::{Webhooks, kind_of};
use ci_rescue::adapters::hooks::Hooks;
use ci_rescue::domain::refs::is_commit;
use ci_rescue::domain::time::Time;
use ci_rescue::domain::{Digest, Event, Failure, Untrusted};
use ci_rescue::ports::{Decoder, Delivery, Heard, Origin};
use std::sync::Arc;
use url::Url;

const WEB: &str = "github.com";
/// Where links of the generic hook may lead.
const HOSTS: [&str; 2] = [WEB, "ci.example.org:8080"];
/// Commands in one comment.
const COMMANDS_MAX: usize = 5;

fn delivery(source: &str, kind: &str, body: &str) -> Delivery {
    Delivery {
        id: "fuzz:1".into(),
        source: source.into(),
        kind: kind.into(),
        origin: Origin::Signed,
        at: Time(0),
        hash: Digest::of([body.as_bytes()]),
        body: body.into(),
    }
}

/// An event is kept in the store: it has to come back as it was.
fn check_kept(event: &Event) {
    let printed = serde_json::to_string(event).expect("an event is JSON");
    assert_eq!(serde_json::from_str::<Event>(&printed).ok().as_ref(), Some(event), "{printed}");
}

/// A link leads to a known host, and a commit is a commit.
fn check_failure(failure: &Failure, hosts: &[&str]) {
    assert!(failure.sha.is_empty() || is_commit(&failure.sha), "{}", failure.sha);
    let Some(address) = &failure.url else { return };
    let url = Url::parse(address).expect("an address");
    let host = url.host_str().expect("a host");
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    assert!(hosts.iter().any(|known| known.eq_ignore_ascii_case(&host)), "{address}");
    assert!(matches!(url.scheme(), "http" | "https") && url.username().is_empty(), "{address}");
}

fn check_heard(heard: &Heard, hosts: &[&str]) {
    match heard {
        Heard::Event(event) => {
            check_kept(event);
            if let Event::Failed { failure } = &**event {
                check_failure(failure, hosts);
            }
        }
        Heard::Queued { failure, .. } => check_failure(failure, hosts),
        _ => {}
    }
}

/// What GitHub sends is never refused; it means the same again, and whoever is said to speak does so on a pull request.
fn webhook(kind: &str, body: &str) {
    let webhooks = Webhooks { web_host: WEB.into(), name: Arc::default(), app: Some(1) };
    let delivery = delivery("github", kind, body);
    let heard = webhooks.decode(&delivery).expect("nothing of GitHub's is refused");
    assert_eq!(webhooks.decode(&delivery).as_ref(), Ok(&heard));
    for one in &heard {
        check_heard(one, &[WEB]);
        if let Heard::Words { place, text, .. } = one {
            assert!(place.pull.is_some() && text.lines().count() <= COMMANDS_MAX, "{text}");
        }
        let renames = matches!(one, Heard::Named { renamed: true, .. });
        assert!(!renames || kind == "repository", "{kind}");
    }
}

/// The event's name on the first line, then the body, which may tell by itself what event it is of.
pub fn github(data: &[u8]) {
    let text = text(data);
    let (kind, body) = cut(&text);
    webhook(kind.trim(), body);
    if let Some(kind) = serde_json::from_str(body).ok().as_ref().and_then(kind_of) {
        webhook(kind, body);
    }
}

/// A hook opens cards by the hook's own word alone, at most fifty, with links to known hosts.
pub fn hooks(data: &[u8]) {
    const HEARD_MAX: usize = 50 + 1;
    let hooks = Hooks { hosts: HOSTS.map(str::to_owned).into() };
    let delivery = delivery("hooks", "ci", &text(data));
    let heard = hooks.decode(&delivery);
    assert_eq!(hooks.decode(&delivery), heard);
    let Ok(heard) = heard else { return };
    assert!((1..=HEARD_MAX).contains(&heard.len()), "{}", heard.len());
    for one in &heard {
        check_heard(one, &HOSTS);
        match one {
            Heard::Event(event) => check_told(event),
            Heard::LogTail { text, .. } => assert!(!text.trim().is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

fn check_told(event: &Event) {
    let Event::Failed { failure } = event else { panic!("{event:?}") };
    assert!(!failure.confirmed && failure.sender_is_bot && failure.conclusion.is_failure() && failure.attempt > 0);
    assert!(failure.url.as_ref().is_none_or(|url| url.len() <= 512));
    let is_short = |name: &Untrusted| name.raw().chars().count() <= 255;
    assert!(failure.job.iter().chain([&failure.workflow]).all(is_short));
}
