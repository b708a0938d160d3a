//! 8: a store that vanished is noticed, one that is newer is left alone, and nobody else reads in it.

use crate::world::{Setup, World};
use ci_rescue::store::{Backend, Batch, OpenError, Sled};
use ring::digest::{SHA256, digest};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn files_of(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files_of(from) {
        let place = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(file, place).unwrap();
    }
}

/// As a kill leaves it: three hundred records, flushed, and not closed.
fn killed(to: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Sled::open(dir.path()).unwrap();
    for n in 0..300_u32 {
        let mut batch = Batch::default();
        batch.put([&b"s"[..], &n.to_be_bytes()].concat(), b"1".to_vec());
        disk.apply(&batch).unwrap();
    }
    disk.put_file(&"0".repeat(64), b"an excerpt").unwrap();
    disk.flush().unwrap();
    copy(dir.path(), to);
}

#[test]
fn strangers_008_a_database_that_vanished_is_never_taken_for_an_empty_one() {
    let sample = tempfile::tempdir().unwrap();
    killed(sample.path());
    let remove = |path: PathBuf| {
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    };
    for (gone, emptied) in [
        (vec!["sled/db"], vec![]),
        (vec![], vec!["sled/db"]),
        (vec!["sled"], vec![]),
        (vec!["sled/conf", "sled/db"], vec![]),
        (vec!["sled", "files"], vec![]),
        (vec!["sled/db", "manifest"], vec![]),
        (vec!["manifest"], vec!["sled/db"]),
        (vec!["sled", "manifest"], vec![]),
        (vec!["sled"], vec!["manifest"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        copy(sample.path(), dir.path());
        for name in &gone {
            remove(dir.path().join(name));
        }
        for name in &emptied {
            fs::write(dir.path().join(name), b"").unwrap();
        }
        let opened = Sled::open(dir.path());
        let Err(OpenError::Damaged(why)) = opened else {
            panic!("{gone:?} {emptied:?}: it opened, or {:?}", opened.err())
        };
        assert!(why.contains("ci-rescue store restore BACKUP"), "{why}");
    }
    let whole = Sled::open(sample.path()).unwrap();
    assert_eq!(whole.scan(b"s", &[], usize::MAX).unwrap().len(), 300);
}

#[test]
fn strangers_008_an_older_program_leaves_a_newer_store_alone() {
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path());
    let json = br#"{"format":2,"seq":9999999,"rows":{"of":"another shape"}}"#;
    let sum: String = digest(&SHA256, json).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut manifest = fs::read(dir.path().join("manifest")).unwrap();
    let slot = [json.as_slice(), b"\n", sum.as_bytes(), b"\n"].concat();
    manifest[..slot.len()].copy_from_slice(&slot);
    fs::write(dir.path().join("manifest"), &manifest).unwrap();
    let before: Vec<_> = files_of(&dir.path().join("sled")).iter().map(|file| fs::read(file).unwrap()).collect();
    let Err(OpenError::Failed(why)) = Sled::open(dir.path()) else { panic!("it opened") };
    assert!(why.contains("was written by a newer CI Rescue (format 2)"), "{why}");
    let after: Vec<_> = files_of(&dir.path().join("sled")).iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(before == after && fs::read(dir.path().join("manifest")).unwrap() == manifest, "it is as it was");
}

fn modes(path: &Path) -> Vec<(PathBuf, u32)> {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut all = vec![(path.to_owned(), mode(path))];
    for entry in fs::read_dir(path).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { all.extend(modes(&path)) } else { all.push((path.clone(), mode(&path))) }
    }
    all
}

#[test]
fn strangers_008_a_store_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (new, older) = (dir.path().join("new"), dir.path().join("older"));
    killed(&older);
    for (path, _) in modes(&older) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    for path in [new, older] {
        let disk = Sled::open(&path).unwrap();
        disk.put_file(&"1".repeat(64), b"another").unwrap();
        for (path, mode) in modes(&path) {
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
        drop(disk);
    }
}

/// Who has a `response_url` or an interaction's token speaks in our name.
#[tokio::test]
async fn strangers_008_no_address_of_an_answer_lies_in_the_store() {
    let world = World::with(Setup { discord: true, disk: true, ..Setup::default() }).await;
    let path = world.dir.path().join("store");
    let (token, typed) = world.discord.command("1002", "list", &[]);
    world.slack.command("UBEN", "list").await;
    world.discord.send(&typed).await;
    let lies = |what: &str| {
        let holds = |file: &PathBuf| {
            let bytes = fs::read(file).unwrap();
            memchr::memmem::find(&bytes, what.as_bytes()).is_some()
        };
        files_of(&path).iter().any(holds)
    };
    assert_eq!(world.store.counts().await.unwrap().inbox, 2, "they wait");
    for settled in [false, true] {
        if settled {
            world.settle().await;
        }
        assert!(lies("UBEN"), "the delivery itself is there");
        assert!(!lies("/response/UBEN") && !lies(&format!(" {token}")), "settled: {settled}");
    }
    assert!(!world.discord.answers(&token).0.is_null(), "and it was answered");
    world.end().await;
}
