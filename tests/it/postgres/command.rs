//! The command line with a store in a database: moving there and back, and what it says.

use super::server::{PASSWORD, leading, open};
use crate::damage::{Operator, Sample, backup_of, copy_dir};
use ci_rescue::ports::Store;
use ci_rescue::store::RestoreError;
use std::fs;

/// All lines but the head, which tells the turn, and the checksum over it.
fn rows(bytes: &[u8]) -> Vec<String> {
    let all: Vec<String> = String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect();
    all[1..all.len() - 1].to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_to_a_database_and_back() {
    let server = super::running!();
    let sample = Sample::of(40).await;
    let operator = Operator::new();
    copy_dir(&sample.closed, &operator.store);
    let config = operator.dir.path().join("config.toml");
    let disk = fs::read_to_string(&config).unwrap();
    let url = server.url(server.port);
    // As an operator does it: out of the directory, into the database.
    let (status, _, errors) = operator.run(&["store", "export", "--out", "out.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    fs::write(&config, disk.replace("[store]\n", &format!("[store]\nurl = \"{url}\"\n"))).unwrap();
    let (status, said, errors) = operator.run(&["store", "import", "out.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(said.starts_with("imported ") && said.contains("PostgreSQL at 127.0.0.1:"), "{said}");
    let (status, said, errors) = operator.run(&["store", "verify"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(said.contains("is whole"), "{said}");
    let (status, _, errors) = operator.run(&["store", "export", "--out", "again.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    let again = fs::read(operator.dir.path().join("again.ndjson")).unwrap();
    assert_eq!(rows(&again), rows(&sample.backup));
    // It is not filled twice, and what it has is not touched.
    let (status, _, errors) = operator.run(&["store", "import", "out.ndjson"]);
    assert!(status == 2 && errors.contains("is not empty") && errors.contains("DROP SCHEMA"), "{errors}");
    // Its own tools back it up.
    for words in [&["store", "backup", "x.dump"][..], &["store", "restore", "x.dump"]] {
        let (status, _, errors) = operator.run(words);
        assert!(status == 2 && errors.contains("pg_dump --format=custom"), "{errors}");
        assert!(!errors.contains(PASSWORD), "{errors}");
    }
    let (_, said, errors) = operator.run(&["doctor"]);
    assert!(said.contains("PostgreSQL at 127.0.0.1:") && !said.contains(PASSWORD), "{said}{errors}");
    // Back to a directory.
    fs::write(&config, disk).unwrap();
    let (status, said, errors) = operator.run(&["store", "import", "again.ndjson", "--store", "back"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{said}");
    let (status, _, errors) = operator.run(&["store", "export", "--out", "back.ndjson", "--store", "back"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert_eq!(rows(&fs::read(operator.dir.path().join("back.ndjson")).unwrap()), rows(&sample.backup));
}

/// All or nothing; and what was imported works on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_breaks_off_leaves_the_database_empty() {
    let server = super::running!();
    let sample = Sample::of(200).await;
    let store = leading(&server.address()).await;
    let half = &sample.backup[..sample.backup.len() / 2];
    let refused = tokio::task::block_in_place(|| store.import(half, &mut |_, _| {}));
    assert!(matches!(refused, Err(RestoreError::Backup(_))), "{refused:?}");
    assert_eq!(store.counts().await.unwrap().inbox, 0);
    let imported = tokio::task::block_in_place(|| store.import(sample.backup.as_slice(), &mut |_, _| {})).unwrap();
    assert_eq!(imported.rows, sample.all.0.len() as u64);
    let waiting = store.counts().await.unwrap().inbox;
    assert!(waiting > 0);
    // What comes in later comes after it, and nothing is given the same number.
    let other = open(&server.address());
    other.put_delivery(crate::conformance::delivery("later")).await.unwrap();
    let mut ids = Vec::new();
    while let Some(claim) = store.claim_delivery(ci_rescue::domain::Time(0), 600_000).await.unwrap() {
        ids.push(claim.work.id);
    }
    assert_eq!(ids.len() as u64, waiting + 1);
    assert_eq!(ids.last().map(String::as_str), Some("later"));
    assert!(!backup_of(&store).await.is_empty());
}
