//! How the integrations are: what `doctor` knows without a call to anybody, live.

use super::pages::{away, rfc3339};
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::ids::Digest;
use crate::domain::text::clean_line;
use crate::ports::{DeadLetter, Vital, Wellbeing};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How soon an open page tells of a change.
const LOOK: Duration = Duration::from_secs(5);
/// Characters of an error.
const ERROR: usize = 300;

/// What to do about one that is down.
const ADVICE: [(&str, &str); 8] = [
    ("github", "Check github.token, or the App's id and key, and that github.api_url can be reached."),
    ("slack", "Check slack.bot_token, and that the app is installed."),
    ("slack_socket", "Check slack.app_token: it needs connections:write."),
    ("discord", "Check discord.bot_token, and that the bot is in the server."),
    ("discord_gateway", "Check discord.bot_token; a reset token ends every connection."),
    ("email", "Check email.server, its user and its password."),
    ("teams", "Check the url of each [[teams]] table."),
    ("webhooks", "Check the url and the secret of each [[webhooks]] table."),
];

#[derive(Serialize)]
struct Row {
    name: &'static str,
    title: &'static str,
    state: &'static str,
    since: Option<String>,
    answered: Option<String>,
    failed: Option<(String, String)>,
    paused: Option<String>,
    advice: Option<&'static str>,
}

impl Row {
    fn of(vital: &Vital) -> Self {
        let down = vital.up == Some(false);
        let advice = ADVICE.iter().find(|(name, _)| *name == vital.name && down);
        Self {
            name: vital.name,
            title: vital.title,
            state: match vital.up {
                Some(true) => "up",
                Some(false) => "down",
                None => "not called yet",
            },
            since: vital.since.map(rfc3339),
            answered: vital.answered.map(rfc3339),
            failed: vital.failed.as_ref().map(|(at, why)| (rfc3339(*at), clean_line(why, ERROR))),
            paused: vital.paused.map(rfc3339),
            advice: advice.map(|(_, advice)| *advice),
        }
    }
}

#[derive(Serialize)]
struct LetterRow {
    key: u64,
    what: String,
    why: String,
    at: Option<String>,
}

impl LetterRow {
    fn of(letter: &DeadLetter) -> Self {
        let at = Some(letter.at).filter(|at| at.0 > 0).map(rfc3339);
        Self { key: letter.key, what: clean_line(&letter.what, ERROR), why: clean_line(&letter.why, ERROR), at }
    }
}

/// Name, number and what it means.
fn queues(all: &Wellbeing) -> Vec<(&'static str, u64, &'static str)> {
    let counts = &all.counts;
    vec![
        ("Inbox", counts.inbox, "deliveries to be read"),
        ("Outbox", counts.outbox, "actions to be done"),
        ("Cards behind", counts.behind.values().sum(), "do not show the latest state"),
        ("Timers", counts.timers, "set"),
        ("Dead letters", counts.dead, "could not be processed"),
        ("Cards given up", counts.given_up, "are not tried again"),
    ]
}

/// What the last look found, shared by all open pages.
#[derive(Default)]
pub struct Pulse(Mutex<Option<(Instant, Digest)>>);

impl Pulse {
    /// A name for how everything is; `None` when the store cannot be read.
    async fn look(&self, app: &App) -> Option<Digest> {
        let mut last = self.0.lock().await;
        if let Some((_, known)) = last.as_ref().filter(|(at, _)| at.elapsed() < LOOK / 2) {
            return Some(known.clone());
        }
        let all = app.insight.wellbeing(None).await.ok()?;
        let found = Digest::of([format!("{all:?}").as_bytes()]);
        *last = Some((Instant::now(), found.clone()));
        Some(found)
    }
}

/// `GET /integrations`
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let Ok(all) = app.insight.wellbeing(Some((&actor, &place))).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response();
    };
    let now = app.clock.now();
    let rows: Vec<Row> = all.vitals.iter().map(Row::of).collect();
    let letters: Vec<LetterRow> = all.letters.iter().map(LetterRow::of).collect();
    let trouble = |one: &crate::ports::Trouble| {
        let whole = one.channel.is_empty();
        let channel = if whole { "all channels".to_owned() } else { clean_line(&one.channel, ERROR) };
        (one.platform.to_string(), channel, clean_line(&one.why, ERROR), rfc3339(one.since))
    };
    let troubles: Vec<_> = all.troubles.iter().map(trouble).collect();
    let pause = |(at, to, until): &(crate::domain::actor::Platform, String, crate::domain::time::Time)| {
        (at.to_string(), clean_line(to, ERROR), rfc3339(*until))
    };
    let pauses: Vec<_> = all.pauses.iter().map(pause).collect();
    let heard: Vec<_> = all.heard.iter().map(|(source, at)| (source.clone(), rfc3339(*at), away(*at, now))).collect();
    let providers = all.providers.iter().map(|one| (clean_line(&one.name, ERROR), one.at.map(rfc3339), one.open));
    let providers: Vec<_> = providers.collect();
    let more = context! {
        rows => Value::from(Serde(&rows)), letters => Value::from(Serde(&letters)), troubles, pauses, heard, providers,
        queues => queues(&all), store => all.store.as_deref().map(|why| clean_line(why, ERROR)),
        agents => all.agents, whole => all.whole, features => &*app.features,
    };
    visit.page(&app, "integrations.html", "", more).await
}

/// Tells whenever something changed.
pub fn changes(app: App) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let start = (app, tokio::time::interval(LOOK), None::<Digest>);
    futures::stream::unfold(start, |(app, mut every, mut last)| async move {
        loop {
            every.tick().await;
            let Some(now) = app.pulse.look(&app).await else { continue };
            let was = last.replace(now.clone());
            // Also at first: something may have changed since the page was made.
            if was.is_none_or(|was| was != now) {
                let event = Event::default().event("parts").data("now");
                return Some((Ok(event), (app, every, last)));
            }
        }
    })
}
