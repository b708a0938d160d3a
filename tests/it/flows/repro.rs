//! Reproduction scripts of sample repositories, left where `.ci/repro.py` runs them from bare directories.

use super::code::host;
use crate::plan::repo::Repo;
use crate::world::{World, spec};
use serde_json::Value;
use std::path::Path;

/// Skipped unless `REPRO_TRIAL` names the directory that `.ci/repro.py make` filled.
#[tokio::test]
async fn scripts_of_the_samples_are_written() {
    let Ok(place) = std::env::var("REPRO_TRIAL") else { return println!("skipped: REPRO_TRIAL is not set") };
    let place = Path::new(&place);
    let samples: Value = serde_json::from_slice(&std::fs::read(place.join("samples.json")).unwrap()).unwrap();
    for sample in samples.as_array().unwrap() {
        let text = |key: &str| sample[key].as_str().unwrap();
        let (world, repo) = (World::new().await, Repo::new());
        repo.git(&["fetch", "--quiet", text("path"), "main"]);
        repo.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        host(&world, &repo).await;
        let mut run = spec(text("log"), "failure");
        run.sha = text("sha").to_owned();
        let id = world.forge.start(run);
        world.deliver().await;
        world.forge.finish(id);
        world.deliver().await;
        let ada = world.sit("ada").await;
        ada.say(&world, "repro 1").await;
        let script = ada.page("/incidents/1/repro.sh").await;
        assert!(script.contains(text("sha")), "{script}");
        std::fs::write(place.join(format!("{}.sh", text("name"))), script).unwrap();
        world.end().await;
    }
}
