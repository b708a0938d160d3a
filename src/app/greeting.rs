//! A card that says nothing is broken: it shows that a channel can be posted to.

use super::live::Live;
use super::platform::{self, Base};
use crate::config::Config;
use crate::domain::IncidentNo;
use crate::domain::actor::Platform;
use crate::domain::card::{Card, Tone};
use crate::domain::incident::Stage;
use crate::ports::{Clock, Health, Store};
use crate::store::{Ledger, Memory};
use std::sync::Arc;

const TITLE: &str = "CI Rescue is set up";
const WORDS: &str = "This is where broken builds will be told. Nothing is broken now.";

/// Posts it to a channel of a platform, without a running bot.
///
/// # Errors
/// What the platform said.
pub async fn greet(config: &Config, clock: Arc<dyn Clock>, platform: &str, channel: &str) -> Result<(), String> {
    let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).map_err(|why| why.to_string())?);
    let health = Health::new(clock.clone());
    let live = Live::new(config, clock.clone());
    let base = Base { config, store: &store, clock: &clock, health: &health, live: &live };
    for known in platform::all() {
        let Some(wired) = known.wire(&base).await? else { continue };
        let chat = wired.chat();
        if chat.platform() == Platform::new(platform) {
            return chat.post(channel, &card(), "setup").await.map(|_| ()).map_err(|why| why.why().to_owned());
        }
    }
    Err(format!("{platform} is not configured"))
}

fn card() -> Card {
    Card {
        incident: IncidentNo(0),
        version: 0,
        stage: Stage::Resolved,
        tone: Tone::Resolved,
        title: TITLE.into(),
        lines: vec![WORDS.into()],
        links: Vec::new(),
        buttons: Vec::new(),
        more: Vec::new(),
        green: true,
        sha: String::new(),
        annotations: Vec::new(),
        record: None,
        beside: Vec::new(),
        fallback: format!("{TITLE}. {WORDS}"),
    }
}
