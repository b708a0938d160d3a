//! Links to read one incident without signing in.

use super::surfaces::{Surface, everywhere_with, say};
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::time::{DAY_MS, HOUR_MS};
use reqwest::StatusCode;

async fn world() -> World {
    let console = "url = \"https://rescue.example.org\"\n".to_owned();
    everywhere_with(Setup { console, open_console: false, discord: true, disk: true, ..Setup::default() }).await
}

/// The path of the link in an answer.
fn link(told: &str) -> String {
    let at = told.find("/shared/").unwrap_or_else(|| panic!("{told}"));
    let end = |c: char| !(c.is_ascii_alphanumeric() || "/-_.".contains(c));
    told[at..].split(end).next().unwrap().to_owned()
}

/// Like somebody who has nothing but the address.
async fn open(world: &World, path: &str) -> (StatusCode, String) {
    let client = crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(format!("http://{}{path}", world.private_at)).header("accept", "text/html").send().await;
    let answer = answer.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_link_shows_one_incident_until_its_time_or_its_end() {
    let mut world = world().await;
    world.broken_run("##[error]a secret of the other incident\n", "success").await;
    let told = say(&world, Surface::Slack, "eve", "share", "1").await;
    assert!(told.contains("needs the responder role"), "{told}");
    let told = say(&world, Surface::Slack, "ben", "share", "1 for=2h").await;
    assert!(told.contains("https://rescue.example.org/shared/"), "{told}");
    let first = link(&told);
    world.restart().await;
    let (status, page) = open(&world, &first).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("ECONNRESET") && page.contains("ben made a link"), "{page}");
    // Its number leads to the console's page, which asks who one is.
    for not in [
        "<form",
        "<button",
        "href=\"/incidents",
        "/incidents/1/",
        "/history",
        "csrf",
        "secret of the other",
        ".csv",
        "/patches",
    ] {
        assert!(!page.contains(not), "{not}: {page}");
    }
    // It opens nothing else.
    let token = first.trim_start_matches("/shared/").to_owned();
    for path in ["/", "/incidents/1", "/history", "/history/incidents.csv", "/events", "/incidents/1/repro.sh"] {
        let (status, page) = open(&world, &format!("{path}?shared={token}")).await;
        assert!(!status.is_success() && !page.contains("ECONNRESET"), "{path}: {status}");
    }
    for path in ["/api/incidents", "/api/incidents/1", "/metrics"] {
        let request = world.http.get(format!("http://{}{path}", world.private_at)).bearer_auth(&token);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    // Changed in any part, or made up: nothing.
    for wrong in [
        token.replacen("1.", "2.", 1),
        token.replacen(".0.", ".1.", 1),
        format!("{token}A"),
        token[..token.len() - 1].to_owned(),
        token.replace('.', "/"),
        "1.0.9999999999999.AAAAAAAAAAAAAAAAAAAAAA".into(),
        "x".repeat(5_000),
    ] {
        let (status, page) = open(&world, &format!("/shared/{wrong}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}: {page}");
    }
    // Until its time.
    let second = link(&say(&world, Surface::Discord, "ben", "share", "1").await);
    world.clock.advance(2 * HOUR_MS - 60_000);
    assert_eq!(open(&world, &first).await.0, StatusCode::OK);
    world.clock.advance(60_000);
    let (status, page) = open(&world, &first).await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("expired or was ended"), "{status} {page}");
    assert_eq!(open(&world, &second).await.0, StatusCode::OK, "seven days, if nobody says otherwise");
    // All of them end at once, and a new one counts again.
    let told = say(&world, Surface::Slack, "ben", "share", "1 off").await;
    assert!(told.contains("ended all links"), "{told}");
    assert_eq!(open(&world, &second).await.0, StatusCode::NOT_FOUND);
    let told = say(&world, Surface::Slack, "ben", "share", "1 off").await;
    assert!(told.contains("no link to it counts"), "{told}");
    let third = link(&say(&world, Surface::Slack, "ben", "share", "1").await);
    assert_eq!(open(&world, &third).await.0, StatusCode::OK);
    let journal = format!("{:?}", world.store.journal(ci_rescue::domain::IncidentNo(1), 0, 100).await.unwrap());
    assert_eq!((journal.matches("Shared {").count(), journal.matches("Unshared {").count()), (3, 1), "{journal}");
    assert!(!journal.contains(third.trim_start_matches("/shared/")), "the journal has no links");
    world.clock.advance(7 * DAY_MS);
    assert_eq!(open(&world, &third).await.0, StatusCode::NOT_FOUND);
    world.end().await;
}

#[tokio::test]
async fn a_link_is_made_where_few_read_it_and_leads_somewhere() {
    let world = world().await;
    let told = say(&world, Surface::Pull, "ben", "share", "1").await;
    assert!(told.contains("everybody would read the link") && !told.contains("/shared/"), "{told}");
    let told = say(&world, Surface::Slack, "ben", "share", "1 for=31d").await;
    assert!(told.contains("30 days"), "{told}");
    let told = say(&world, Surface::Slack, "ben", "share", "1 for=0s").await;
    assert!(told.contains("a minute at least"), "{told}");
    world.end().await;
    let world = everywhere_with(Setup { discord: true, ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let told = say(&world, Surface::Slack, "ben", "share", "1").await;
    assert!(told.contains("set console.url"), "{told}");
    world.end().await;
}
