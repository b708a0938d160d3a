//! Subscriptions: which channel hears of what, where that comes from, and whether it gets through.

use super::pages::rfc3339;
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::ids::Repo;
use crate::domain::text::clean_line;
use crate::ports::{Fed, FeedFrom};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

/// Characters of what a row says in one place.
const WORDS: usize = 300;

#[derive(Serialize)]
struct Row {
    platform: String,
    channel: String,
    /// As the command that makes it.
    words: String,
    branch: String,
    role: Option<&'static str>,
    from: String,
    /// When the command was given.
    at: Option<String>,
    muted: Option<String>,
    state: &'static str,
    trouble: Option<String>,
    /// The command that ends it.
    ends: Option<String>,
}

impl Row {
    fn of(fed: &Fed) -> Self {
        let (feed, filter) = (&fed.feed, &fed.feed.filter);
        let (from, at) = match &fed.from {
            FeedFrom::Configuration(n) => (format!("configuration, [[subscriptions]] table {n}"), None),
            FeedFrom::Command(Some((by, at))) => {
                (format!("subscribe, by {}", clean_line(by, WORDS)), Some(rfc3339(*at)))
            }
            FeedFrom::Command(None) => ("subscribe".to_owned(), None),
            FeedFrom::Console => ("the console itself".to_owned(), None),
        };
        let state = match (fed.trouble.is_some(), fed.up) {
            (true, _) => "not reachable",
            (false, Some(true)) => "reachable",
            (false, Some(false)) => "its platform is down",
            (false, None) => "not called yet",
        };
        Self {
            platform: clean_line(&feed.platform.0, WORDS),
            channel: clean_line(&feed.channel, WORDS),
            words: clean_line(&fed.words, WORDS),
            branch: match filter.branch.as_deref() {
                None => "the default branch".into(),
                Some("*") => "all branches".into(),
                Some(branch) => clean_line(branch, WORDS),
            },
            role: feed.role.map(crate::domain::actor::Role::as_str),
            from,
            at,
            muted: fed.muted_until.map(rfc3339),
            state,
            trouble: fed.trouble.as_deref().map(|why| clean_line(why, WORDS)),
            ends: ends(fed),
        }
    }
}

/// The configuration's feeds end there. A pattern ends with everything that was added by command in its channel.
fn ends(fed: &Fed) -> Option<String> {
    let feed = Some(&fed.feed).filter(|feed| !feed.fixed)?;
    let there = format!("{}:{}", feed.platform, feed.channel);
    let plain = !there.contains(['"', '“', '”']) && clean_line(&there, WORDS) == there;
    let repo = feed.filter.repo.as_deref().filter(|repo| repo.parse::<Repo>().is_ok());
    let repo = repo.map_or_else(String::new, |repo| format!("{repo} "));
    plain.then(|| format!("unsubscribe {repo}from=\"{there}\""))
}

/// `GET /subscriptions`
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let Ok(all) = app.insight.feeds(&actor, &place).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response();
    };
    let rows: Vec<Row> = all.iter().map(Row::of).collect();
    visit.page(&app, "subscriptions.html", "", context! { rows => Value::from(Serde(&rows)) }).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Platform;
    use crate::domain::subscription::{Filter, Subscription};

    #[test]
    fn a_feed_ends_by_a_command_that_means_it_alone() {
        let fed = |channel: &str, repo: Option<&str>, fixed: bool| {
            let filter = Filter { repo: repo.map(str::to_owned), ..Filter::default() };
            let feed = Subscription {
                platform: Platform::new("slack"),
                channel: channel.into(),
                filter,
                role: None,
                fixed,
                added: None,
            };
            let from = FeedFrom::Command(None);
            Fed { feed, words: String::new(), from, muted_until: None, trouble: None, up: None }
        };
        for (fed, want) in [
            (fed("C1", Some("acme/shop"), false), Some("unsubscribe acme/shop from=\"slack:C1\"")),
            (fed("C1", Some("acme/*"), false), Some("unsubscribe from=\"slack:C1\"")),
            (fed("C1", Some("acme/shop"), true), None),
            (fed("C1\" now", Some("acme/shop"), false), None),
        ] {
            assert_eq!(ends(&fed).as_deref(), want, "{fed:?}");
        }
    }
}
