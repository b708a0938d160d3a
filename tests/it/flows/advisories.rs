//! Pins to versions that security advisories are about.

use super::code::broken;
use crate::world::REPO;
use ci_rescue::demo::{Advisory, Fault};
use ci_rescue::domain::Untrusted;

#[tokio::test]
async fn a_pin_to_a_vulnerable_version_is_warned_of_before_it_is_agreed_to() {
    let (world, repo) = broken().await;
    repo.write("requirements.txt", "flask>=3\n");
    repo.commit("Needs");
    let bare = world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let advisory = |ecosystem| Advisory {
        id: "GHSA-aaaa-bbbb-cccc",
        ecosystem,
        package: "flask",
        versions: vec!["3.0.1"],
        severity: "high",
        summary: "Cookies leak @everyone",
    };
    world.forge.lock().advisories = vec![advisory("pip"), advisory("npm")];
    let ada = world.sit("ada").await;
    let warning = "flask 3.0.1 is vulnerable: Cookies leak @everyone (GHSA-aaaa-bbbb-cccc, high)";
    for (words, told) in [("pin 1 flask@3.0.2", None), ("pin 1 flask@3.0.1", Some(warning))] {
        ada.say(&world, words).await;
        let notes = world.incident(1).await.proposals.last().unwrap().plan.clone().unwrap().notes;
        let about: Vec<&str> = notes.iter().map(Untrusted::raw).filter(|note| note.contains("vulnerable")).collect();
        assert_eq!(about, told.into_iter().collect::<Vec<_>>(), "{words}");
        if told.is_none() {
            ada.say(&world, "cancel 1").await;
        }
    }
    world.sit("cyd").await.say(&world, "approve 1").await;
    let body = super::code::opened(&world).pop().unwrap().body;
    assert!(body.contains("Check before you merge") && body.contains("is vulnerable: Cookies leak"), "{body}");
    assert!(!body.contains("@everyone"), "{body}");

    // A database that does not answer holds no pin up, and is not taken for a clean one.
    let (method, path) = ("GET".to_owned(), "/advisories".to_owned());
    world.forge.lock().faults.push(Fault { method, path, status: 500, headers: Vec::new(), after: false });
    ada.say(&world, "pin 1 flask@3.0.2").await;
    let notes = world.incident(1).await.proposals.last().unwrap().plan.clone().unwrap().notes;
    assert!(notes.iter().any(|note| note.raw().contains("could not be read")), "{notes:?}");
    world.end().await;
}
