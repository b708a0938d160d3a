//! The demo as a newcomer meets it: what it prints is true, and its links open.

use regex::Regex;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// How often to look for what follows by itself.
const LOOKS: usize = 20_000;

/// The running demo; it ends with the test, also when that fails.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn printed_numbers_suspects_and_links_hold() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _demo = Demo(child);
    let (mut console, mut no) = (String::new(), String::new());
    let address = Regex::new(r"Open  (http://\S+)/").unwrap();
    let suspects = Regex::new(r"#(\d+) suspects PR 9").unwrap();
    for line in lines.map_while(Result::ok) {
        if let Some(found) = address.captures(&line) {
            console = found[1].to_owned();
        }
        if let Some(found) = suspects.captures(&line) {
            no = found[1].to_owned();
            break;
        }
    }
    assert!(!console.is_empty() && !no.is_empty(), "the demo ended early");
    let http = crate::world::client_builder().build().unwrap();
    let get = async |url: &str| {
        let answer = http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    // The suspects come a moment after the incident.
    let mut page = String::new();
    for _ in 0..LOOKS {
        page = get(&format!("{console}/incidents/{no}")).await.1;
        if page.contains("(#9)") {
            break;
        }
    }
    assert!(page.contains("(#9)"), "{page}");
    let links = Regex::new(r#"href="(http://[^"]+/acme/shop/[^"]+)""#).unwrap();
    let cards = (get(&console).await.1 + &page).replace("&#x2f;", "/");
    let found: Vec<&str> = links.captures_iter(&cards).map(|found| found.extract::<1>().1[0]).collect();
    assert!(!found.is_empty(), "{cards}");
    for link in found {
        let (status, text) = get(link).await;
        assert!(status == 200 && !text.is_empty(), "{link}: {status} {text}");
    }
    let web = links.captures(&cards).unwrap()[1].split("/acme/").next().unwrap().to_owned();
    let (status, text) = get(&format!("{web}/acme/shop/pull/9")).await;
    assert!(status == 200 && text.contains("Count the shipping") && text.contains("merged as"), "{text}");
    assert_eq!(get(&format!("{web}/acme/shop/pull/9999")).await.0, 404);
    assert_eq!(get(&format!("{web}/acme/shop/commit/..%2f..%2fetc")).await.0, 404);
}
