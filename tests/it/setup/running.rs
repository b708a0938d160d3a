//! From nothing to the first card: set up from a file, started, and a build breaks.

use super::Place;
use crate::world::spec;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

const PATIENCE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn the_first_card_comes_without_a_public_address() {
    let place = Place::new().await;
    let said = place.answer(&place.answers()).await;
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let run = place
        .forge
        .start(spec("error[E0308]: mismatched types\n##[error]Process completed with exit code 101.\n", "failure"));
    place.forge.finish(run);
    let mut command = place.program();
    let mut child = command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("it says where it listens");
    let public = line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let came = async {
        while !place.slack.cards().iter().any(|card| card.text.contains("mismatched types")) {
            tokio::time::sleep(BEAT).await;
        }
    };
    tokio::time::timeout(PATIENCE, came).await.expect("the card comes");
    for probe in ["health", "ready"] {
        let status = reqwest::get(format!("http://{public}/{probe}")).await.unwrap().status();
        assert_eq!(status, 200, "{probe}");
    }
    // The doctor is not in the way of a running bot.
    let doctor = place.run(&["doctor"]).await;
    assert_eq!(doctor.code, 0, "{}", doctor.out);
    assert!(doctor.flat().contains("in use by a running server"), "{}", doctor.out);
    let stop = child.id().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").arg(&stop).status().await.unwrap().success());
    assert!(child.wait().await.unwrap().success());
}
