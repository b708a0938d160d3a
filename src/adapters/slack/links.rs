//! Links in what Slack tells: those that were posted, and those in a message that somebody points at.

use super::chat::Slack;
use super::decode::Envelope;
use super::intake::Intake;
use super::speaker::{Speaker, Told};
use super::views;
use crate::domain::page::{Linked, Posted};
use crate::domain::pointer::Pointer;
use crate::ports::DoorError;
use serde::Deserialize;
use serde_json::Value;

/// Links of one message that are looked at.
const LINKS_MAX: usize = 20;
/// Links of one message that get a preview: Slack itself shows five.
const PREVIEWS_MAX: usize = 5;
/// A message's parts that are looked through for links.
const PARTS_MAX: usize = 2_000;
/// A link that is still being typed: nobody knows yet where it will be posted.
const COMPOSER: &str = "composer";

/// `link_shared` (docs.slack.dev).
#[derive(Debug, Deserialize)]
pub struct Shared {
    pub(super) user: String,
    channel: String,
    message_ts: String,
    unfurl_id: Option<String>,
    source: Option<String>,
    #[serde(default)]
    links: Vec<SharedLink>,
}

#[derive(Debug, Deserialize)]
struct SharedLink {
    url: String,
}

/// `message_action`: a shortcut that was chosen on a message (docs.slack.dev, "Shortcuts").
#[derive(Debug, Deserialize)]
pub struct Shortcut {
    callback_id: String,
    trigger_id: String,
    team: Named,
    enterprise: Option<Named>,
    user: User,
    channel: Named,
    #[serde(default)]
    message: Value,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

impl Intake {
    /// What an address leads to. A shared link is resolved here, so that its secret part is kept nowhere.
    async fn pointer(&self, address: &str) -> Option<Pointer> {
        if let Some(token) = self.sites.shared(address) {
            let incident = self.ask.shared(&token).await.ok()??;
            return Some(Pointer::Incident { no: incident.no });
        }
        self.sites.read(address)
    }

    /// Posted links that lead to something of ours; `None` where there is none.
    pub(super) async fn shared(&self, shared: Shared, told: &Told<'_>) -> Option<Envelope> {
        if shared.source.as_deref() == Some(COMPOSER) {
            return None;
        }
        let mut links: Vec<Linked> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for link in shared.links.iter().take(LINKS_MAX) {
            if links.len() >= PREVIEWS_MAX || seen.contains(&link.url.as_str()) {
                continue;
            }
            seen.push(&link.url);
            let Some(to) = self.pointer(&link.url).await else { continue };
            links.push(Linked { to, address: self.slack.seal(&link.url) });
        }
        if links.is_empty() {
            return None;
        }
        let Speaker { team, also } = self.slack.speaker(told).await;
        let at = Posted { channel: shared.channel, message: shared.message_ts, links: shared.unfurl_id };
        Some(Envelope::Links { team, also, user: shared.user, at, links })
    }

    /// "Rescue this run" on a message: a window opens at once, and what is known follows.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub(super) async fn shortcut(&self, payload: Value) -> Result<(), DoorError> {
        let Ok(shortcut) = serde_json::from_value::<Shortcut>(payload) else { return Ok(()) };
        if shortcut.callback_id != views::RESCUE {
            return Ok(());
        }
        // Nothing is lost where the window cannot be shown: the person chooses it again.
        let window = match self.slack.open_window(&shortcut.trigger_id.as_str().into()).await {
            Ok(window) => window,
            Err(why) => {
                tracing::warn!(%why, "could not open a window");
                return Ok(());
            }
        };
        let told = Told {
            user: &shortcut.user.id,
            team: &shortcut.team.id,
            own_team: shortcut.user.team_id.as_deref(),
            shared: false,
            enterprise: shortcut.enterprise.as_ref().map(|enterprise| enterprise.id.as_str()),
        };
        let Speaker { team, also } = self.slack.speaker(&told).await;
        let mut to = None;
        for address in addresses(&shortcut.message) {
            to = self.pointer(&address).await;
            if to.is_some() {
                break;
            }
        }
        let thread = ["thread_ts", "ts"].iter().find_map(|key| shortcut.message.get(*key)?.as_str());
        let envelope = Envelope::Rescue {
            team,
            also,
            channel: shortcut.channel.id,
            user: shortcut.user.id,
            thread: thread.map(str::to_owned),
            window: window.clone(),
            to,
            open: false,
        };
        self.keep(format!("window-{window}"), "shortcut", &envelope).await.map(|_| ())
    }
}

/// Every address in a message: in its text, its blocks and what was attached to it, in their order.
fn addresses(message: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = PARTS_MAX;
    for key in ["text", "blocks", "attachments"] {
        collect(message.get(key).unwrap_or(&Value::Null), &mut found, &mut left);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>, left: &mut usize) {
    if *left == 0 || found.len() >= LINKS_MAX {
        return;
    }
    *left -= 1;
    match value {
        Value::String(text) => in_text(text, found),
        Value::Array(all) => all.iter().for_each(|one| collect(one, found, left)),
        Value::Object(all) => all.values().for_each(|one| collect(one, found, left)),
        _ => {}
    }
}

/// Slack writes a link as `<address|words>`, and escapes three characters in it.
fn in_text(text: &str, found: &mut Vec<String>) {
    for (at, _) in text.match_indices("http") {
        let rest = &text[at..];
        let end = rest.find(|c: char| c.is_whitespace() || "<>|\"'`)]".contains(c)).unwrap_or(rest.len());
        let address = rest[..end].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
        let address = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let is_new = !found.iter().any(|have| have == address);
        if is_new && found.len() < LINKS_MAX && (address.starts_with("http://") || address.starts_with("https://")) {
            found.push(address.to_owned());
        }
    }
}

impl Slack {
    /// An address as it was before [`Slack::seal`].
    pub(super) fn unseal(&self, text: &str) -> Option<String> {
        self.sealer.open(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_found_wherever_a_message_has_them() {
        let link = json!({"type": "link", "url": "https://e.example/a/c"});
        let message = json!({
            "text": "see <https://e.example/a/b?x=1&amp;y=2|the run>, http://e.example/plain. httpx https:",
            "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [link]}]}],
            "attachments": [{"title_link": "https://e.example/a/d", "text": "(https://e.example/a/b?x=1&amp;y=2)"}],
            "user": "https://e.example/no",
        });
        let found = addresses(&message);
        let want = ["s://e.example/a/b?x=1&y=2", "://e.example/plain", "s://e.example/a/c", "s://e.example/a/d"];
        assert_eq!(found, want.map(|rest| format!("http{rest}")));
        let many: Vec<String> = (0..1_000).map(|n| format!("https://e.example/{n}")).collect();
        assert_eq!(addresses(&json!({"text": many.join(" ")})).len(), LINKS_MAX);
    }
}
