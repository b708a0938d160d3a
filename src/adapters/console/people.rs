//! People: who is known, what they may do, and where each of it comes from.

use super::pages::rfc3339;
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::link::{Link, LinkVia};
use crate::domain::text::clean_line;
use crate::ports::{Acquaintance, Ruled};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

/// Characters of what a row says in one place.
const WORDS: usize = 200;

#[derive(Serialize)]
struct LinkRow {
    account: String,
    login: String,
    at: String,
    via: &'static str,
    /// The command that ends it, for admins.
    ends: Option<String>,
}

impl LinkRow {
    fn of(link: &Link) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte);
        let ends = Some(&link.login).filter(|login| !login.is_empty() && login.bytes().all(plain));
        Self {
            account: clean_line(&format!("{} ({})", link.name.line(60), link.account.key()), WORDS),
            login: clean_line(&link.login, WORDS),
            at: rfc3339(link.at),
            via: match link.via {
                Some(LinkVia::Device) => "by a code entered at GitHub",
                Some(LinkVia::Console) => "by a code from the console",
                None => "by link",
            },
            ends: ends.map(|login| format!("unlink github {login}")),
        }
    }
}

#[derive(Serialize)]
struct Row {
    name: String,
    role: &'static str,
    /// Each role and where it comes from.
    roles: Vec<(&'static str, String)>,
    github: Option<String>,
    accounts: Vec<String>,
    sign_in: Option<String>,
    links: Vec<LinkRow>,
    told: Option<String>,
    listed: bool,
}

impl Row {
    fn of(known: &Acquaintance) -> Self {
        let listed = &known.listed;
        let role = known.roles.iter().map(|(role, _)| *role).max().unwrap_or_default();
        Self {
            name: clean_line(&listed.name, WORDS),
            role: role.as_str(),
            roles: known.roles.iter().map(|(role, why)| (role.as_str(), clean_line(why, WORDS))).collect(),
            github: listed.github.as_deref().map(|login| clean_line(login, WORDS)),
            accounts: listed.accounts.iter().map(|(at, id)| clean_line(&format!("{at} {id}"), WORDS)).collect(),
            sign_in: listed.sign_in.as_deref().map(|own| clean_line(own, WORDS)),
            links: known.links.iter().map(LinkRow::of).collect(),
            told: (known.whole && known.table.is_some()).then(|| told(known)),
            listed: known.table.is_some() || known.links.is_empty(),
        }
    }
}

/// How they are told, in their own words or the configuration's.
fn told(known: &Acquaintance) -> String {
    let Some(said) = &known.preference else {
        let direct = if known.listed.direct { "direct messages and mentions" } else { "mentions" };
        return format!("as configured: {direct}");
    };
    let quiet = said.quiet.as_ref().map(|hours| format!(", quiet {hours} {}", said.zone)).unwrap_or_default();
    clean_line(&format!("{}{quiet}", said.road.as_str()), WORDS)
}

#[derive(Serialize)]
struct GroupRow {
    owner: String,
    role: Option<&'static str>,
    places: Vec<String>,
    members: Option<usize>,
}

impl GroupRow {
    fn of((n, rule): (usize, &Ruled)) -> Self {
        let place = |(at, id): &(&'static str, String)| clean_line(&format!("{} {id}", at.replace('_', "-")), WORDS);
        let owner = if rule.owner.is_empty() { format!("table {}", n + 1) } else { clean_line(&rule.owner, WORDS) };
        Self {
            owner,
            role: rule.role.map(crate::domain::actor::Role::as_str),
            places: rule.places.iter().map(place).collect(),
            members: rule.members.as_ref().map(Vec::len),
        }
    }
}

/// `GET /people`
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let Ok(all) = app.insight.society(&actor, &place).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response();
    };
    let rows: Vec<Row> = all.people.iter().map(Row::of).collect();
    let groups: Vec<GroupRow> = all.groups.iter().enumerate().map(GroupRow::of).collect();
    let more = context! { rows => Value::from(Serde(&rows)), groups => Value::from(Serde(&groups)) };
    visit.page(&app, "people.html", "", more).await
}
