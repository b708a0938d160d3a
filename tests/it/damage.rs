//! A disk that lies: bytes flipped, blocks zeroed, files cut, swapped, gone. Whatever happened to it, a store opens with
//! everything or is refused with a sentence that says how to restore it; it never shows less without a word.

use crate::world::{Setup, World};
use ci_rescue::domain::Time;
use ci_rescue::domain::actor::Platform;
use ci_rescue::domain::ids::{Digest, IncidentNo};
use ci_rescue::ports::{Check, Delivery, Publication, Put, Store, StoreError, Surface, Turn};
use ci_rescue::store::{Backend, Ledger, OpenError, RestoreError, Sled, restore};
use futures::StreamExt;
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A store's content as pairs, and its content files.
pub type Everything = (Vec<(Vec<u8>, Vec<u8>)>, Vec<(String, Vec<u8>)>);

pub fn everything(disk: &Sled, path: &Path) -> Result<Everything, StoreError> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(path.join("files"))
        .unwrap()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    // The database's own account of itself is no row.
    let rows = disk.scan(&[], b"\x01", usize::MAX)?;
    Ok((rows, files))
}

pub fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(files_of(&entry.path())) } else { all.push(entry.path()) }
    }
    all.retain(|path| path.file_name().is_some_and(|name| name != "lock"));
    all.sort();
    all
}

/// A seeded stream of numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(all.len() as u64);
        &all[usize::try_from(at).unwrap()]
    }
}

/// A store at an earlier time and later, closed in order or copied while it was open, as a kill leaves it.
pub struct Sample {
    _dir: TempDir,
    pub earlier: PathBuf,
    pub closed: PathBuf,
    pub killed: PathBuf,
    pub all: Everything,
    pub backup: Vec<u8>,
}

async fn commit(store: &Ledger<Sled>, no: u64, version: u64) {
    let excerpt = store.put_blob(format!("log of {no}, version {version}\n").repeat(20).into_bytes()).await.unwrap();
    let value = json!({"no": no, "version": version, "excerpt": excerpt, "words": "what failed and why ".repeat(30)});
    let surface = Surface { incident: IncidentNo(no), platform: Platform::new("slack"), channel: "C1".into() };
    let turn = Turn {
        settings: vec![(format!("sample:{no}"), Some(value))],
        dirty: vec![(surface.clone(), version, version)],
        bump: vec!["count".into()],
        ..Turn::default()
    };
    store.commit(turn).await.unwrap();
    let now = store.publication(&surface).await.unwrap().unwrap();
    let shown = Publication { version: now.version + 1, shown: version, told: version, ..now };
    store.put_publication(&surface, shown).await.unwrap();
    let delivery = Delivery {
        id: format!("d-{no}-{version}"),
        source: "github".into(),
        kind: "workflow_job".into(),
        origin: ci_rescue::ports::Origin::Signed,
        at: Time(1),
        hash: Digest::of([&b"raw"[..]]),
        body: "{\"action\":\"completed\"}".repeat(100),
    };
    assert_eq!(store.put_delivery(delivery).await, Ok(Put::New));
}

pub async fn backup_of(store: &dyn Store) -> Vec<u8> {
    let mut lines = store.backup().await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = lines.next().await {
        all.extend(piece.unwrap());
    }
    all
}

impl Sample {
    pub async fn of(incidents: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [live, earlier, closed, killed] = ["live", "earlier", "closed", "killed"].map(|name| dir.path().join(name));
        let open = || Ledger::open(Sled::open(&live).unwrap()).unwrap();
        let store = open();
        // Side by side, so that they share flushes.
        futures::future::join_all((0..incidents).map(|no| commit(&store, no, 1))).await;
        drop(store);
        copy_dir(&live, &earlier);
        let store = open();
        futures::future::join_all((0..incidents).map(|no| commit(&store, no, 2))).await;
        let backup = backup_of(&store).await;
        copy_dir(&live, &killed);
        drop(store);
        let all = everything(&Sled::open(&live).unwrap(), &live).unwrap();
        copy_dir(&live, &closed);
        Self { _dir: dir, earlier, closed, killed, all, backup }
    }

    /// A damaged copy, with what was done to it.
    fn damaged(&self, dice: &mut Dice, to: &Path) -> String {
        let (from, state) = *dice.of(&[(&self.closed, "closed"), (&self.killed, "killed")]);
        copy_dir(from, to);
        let files = files_of(to);
        let heavy: Vec<PathBuf> = files.iter().filter(|path| !path.starts_with(to.join("files"))).cloned().collect();
        // The database is most of it, and most of what breaks.
        let database = to.join("sled/db");
        let path = if dice.below(3) > 0 { database } else { dice.of(&heavy).clone() };
        let name = path.strip_prefix(to).unwrap().display().to_string();
        let mut bytes = fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1) as u64;
        let at = usize::try_from(dice.below(used)).unwrap();
        let what = match dice.below(8) {
            0..=2 => {
                bytes[at] ^= 1 << dice.below(8);
                format!("byte {at} of {name} flipped")
            }
            3 | 4 => {
                let (start, len) = (at / 512 * 512, 512 << dice.below(8));
                let end = bytes.len().min(start + len);
                bytes[start..end].fill(0);
                format!("{name} zeroed from {start} to {end}")
            }
            5 => {
                bytes.truncate(at);
                format!("{name} cut at {at}")
            }
            6 => {
                let older = self.earlier.join(&name);
                bytes = fs::read(older).unwrap_or_default();
                format!("{name} as it was earlier")
            }
            _ => {
                fs::remove_file(&path).unwrap();
                return format!("{state}, {name} removed");
            }
        };
        fs::write(&path, bytes).unwrap();
        format!("{state}, {what}")
    }
}

pub fn snapshot(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files_of(path).into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// Opens with everything, or is refused in words and left as it was. Answers whether it was refused.
fn opened_or_refused(path: &Path, want: &Everything, what: &str) -> bool {
    let before = snapshot(path);
    match Sled::open(path) {
        Ok(disk) => {
            let have = everything(&disk, path).unwrap_or_else(|why| panic!("{what}: {why}"));
            assert!(have == *want, "{what}: opened with {} of {} rows", have.0.len(), want.0.len());
            Ledger::open(disk).unwrap_or_else(|why| panic!("{what}: {why}"));
            false
        }
        Err(OpenError::Damaged(why)) => {
            assert!(
                why.contains(&format!("ci-rescue store restore BACKUP --store {}", path.display())),
                "{what}: {why}"
            );
            assert!(!why.contains('\n') && why.contains(" is damaged ("), "{what}: {why}");
            assert!(snapshot(path) == before, "{what}: a refused store was changed");
            true
        }
        Err(why) => panic!("{what}: {why}"),
    }
}

async fn samples(incidents: u64, seed: u64, count: u64) {
    let sample = Sample::of(incidents).await;
    let mut dice = Dice(seed);
    let mut refused = 0;
    for n in 0..count {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store");
        let what = format!("sample {n}: {}", sample.damaged(&mut dice, &path));
        if opened_or_refused(&path, &sample.all, &what) {
            refused += 1;
            // Any refused store can be restored in place; all of them would take too long.
            if refused % 8 == 0 {
                restore(&path, sample.backup.as_slice(), &mut |_, _| {}).unwrap_or_else(|why| panic!("{what}: {why}"));
                assert!(!opened_or_refused(&path, &sample.all, &what), "{what}: restored and refused");
            }
        }
    }
    // The checker is awake: most of these hurt.
    assert!(refused > count / 2, "only {refused} of {count} were refused");
}

#[tokio::test]
async fn damage_at_four_hundred_places_of_a_small_store_loses_nothing_in_silence() {
    samples(5, 0x5eed_0001, 400).await;
}

#[tokio::test]
async fn a_hundred_kinds_of_damage_to_three_hundred_incidents_lose_nothing_in_silence() {
    samples(300, 0x5eed_0002, 100).await;
}

#[tokio::test]
async fn whole_files_that_are_missing_or_from_elsewhere_are_noticed() {
    let (sample, other) = (Sample::of(5).await, Sample::of(8).await);
    for state in [&sample.closed, &sample.killed] {
        for gone in ["sled", "sled/db", "files", "manifest"] {
            let dir = tempfile::tempdir().unwrap();
            copy_dir(state, dir.path());
            let path = dir.path().join(gone);
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
            assert!(opened_or_refused(dir.path(), &sample.all, &format!("{gone} is missing")), "{gone}");
        }
        for swapped in ["sled", "manifest"] {
            for from in [&other.closed, &other.killed, &sample.earlier] {
                let dir = tempfile::tempdir().unwrap();
                copy_dir(state, dir.path());
                let (path, source) = (dir.path().join(swapped), from.join(swapped));
                if path.is_dir() {
                    fs::remove_dir_all(&path).unwrap();
                    copy_dir(&source, &path);
                } else {
                    fs::copy(source, &path).unwrap();
                }
                let refused = opened_or_refused(dir.path(), &sample.all, &format!("{swapped} is another's"));
                assert!(refused || from == &sample.earlier, "{swapped}");
            }
        }
    }
}

/// What was never acknowledged may be lost: a kill between a write and its flush is no damage.
#[tokio::test]
async fn a_torn_tail_that_nobody_was_told_of_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (live, torn) = (dir.path().join("live"), dir.path().join("torn"));
    let disk = Sled::open(&live).unwrap();
    let mut batch = ci_rescue::store::Batch::default();
    batch.put(b"sfirst".to_vec(), b"1".to_vec());
    disk.apply(&batch).unwrap();
    disk.flush().unwrap();
    let mut unsaved = ci_rescue::store::Batch::default();
    unsaved.put(b"ssecond".to_vec(), vec![7; 4000]);
    disk.apply(&unsaved).unwrap();
    copy_dir(&live, &torn);
    let opened = Sled::open(&torn).unwrap();
    assert_eq!(opened.get(b"sfirst").unwrap().as_deref(), Some(&b"1"[..]));
}

/// A store from before there was a manifest is counted once, and then watched like any other.
#[tokio::test]
async fn an_older_store_is_taken_in_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    {
        let old = sled::Config::new().path(path.join("sled")).open().unwrap();
        // As they were written then: a zero, and the value as it is.
        for n in 0..100_u8 {
            old.insert([b's', n], &[0, b'1'][..]).unwrap();
        }
        old.flush().unwrap();
    }
    let reopened = || (0..1_000_000).find_map(|_| Sled::open(path).ok());
    let rows = |disk: &Sled| disk.scan(b"s", &[], usize::MAX).unwrap().len();
    assert_eq!(rows(&reopened().expect("it is taken in")), 100);
    assert_eq!(rows(&Sled::open(path).unwrap()), 100);
    fs::remove_file(path.join("manifest")).unwrap();
    let Err(OpenError::Damaged(why)) = Sled::open(path) else { panic!("it opened without its manifest") };
    assert!(why.contains("its manifest is missing"), "{why}");
}

#[tokio::test]
async fn what_is_damaged_while_it_runs_is_told_and_nothing_is_written_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = Ledger::open(Sled::open(dir.path()).unwrap()).unwrap();
    for no in 0..20 {
        commit(&store, no, 1).await;
    }
    rot(dir.path());
    let checks: Vec<Result<Check, StoreError>> = store.verify().await.unwrap().collect().await;
    let Some(Err(StoreError::Damaged(why))) = checks.last() else { panic!("{checks:?}") };
    assert!(why.contains("is damaged (") && why.contains("ci-rescue store restore BACKUP --store"), "{why}");
    let turn = Turn { settings: vec![("more".into(), Some(json!(1)))], ..Turn::default() };
    assert_eq!(store.commit(turn).await, Err(StoreError::Damaged(why.clone())));
    assert_eq!(store.setting("count").await, Err(StoreError::Damaged(why.clone())));
}

#[tokio::test]
async fn a_damaged_content_file_is_never_shown_and_verify_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Ledger::open(Sled::open(dir.path()).unwrap()).unwrap();
    let good = store.put_blob(b"the log".to_vec()).await.unwrap();
    let bad = store.put_blob(b"another log".to_vec()).await.unwrap();
    fs::write(dir.path().join("files").join(bad.as_str()), b"another lag").unwrap();
    assert_eq!(store.blob(&good).await.unwrap().as_deref(), Some(&b"the log"[..]));
    assert!(matches!(store.blob(&bad).await, Err(StoreError::Broken(why)) if why.contains("is damaged")));
    let checks: Vec<Check> = store.verify().await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(checks[0], Check::Lost { file: bad.as_str().into(), why: "damaged".into() });
    assert!(matches!(checks[1], Check::Done { files: 1, .. }), "{checks:?}");
    // The backup has everything else, and says what it has not.
    let backup = backup_of(&store).await;
    let to = tempfile::tempdir().unwrap();
    let restored = restore(to.path(), backup.as_slice(), &mut |_, _| {}).unwrap();
    assert_eq!((restored.files, restored.lost, restored.kept), (1, 1, None));
}

#[tokio::test]
async fn a_backup_is_restored_row_for_row_and_the_old_store_is_kept() {
    let sample = Sample::of(40).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    copy_dir(&sample.earlier, &path);
    let restored = restore(&path, sample.backup.as_slice(), &mut |_, _| {}).unwrap();
    assert_eq!(restored.rows, sample.all.0.len() as u64);
    assert_eq!(restored.files, sample.all.1.len() as u64);
    assert!(!opened_or_refused(&path, &sample.all, "restored"));
    let kept = restored.kept.unwrap();
    assert_eq!(kept, path.join("replaced-1"));
    assert!(kept.join("sled/db").exists() && kept.join("manifest").exists());
    // The kept store's database belongs to the kept store.
    fs::remove_dir_all(path.join("sled")).unwrap();
    copy_dir(&kept.join("sled"), &path.join("sled"));
    assert!(opened_or_refused(&path, &sample.all, "the old database copied back"));
    restore(&path, sample.backup.as_slice(), &mut |_, _| {}).unwrap();
    assert!(!opened_or_refused(&path, &sample.all, "restored again"));
    assert!(path.join("replaced-2/sled").exists());
}

#[tokio::test]
async fn a_backup_that_is_cut_or_changed_touches_nothing() {
    let sample = Sample::of(5).await;
    let mut dice = Dice(0x5eed_0003);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    copy_dir(&sample.closed, &path);
    let before = snapshot(&path);
    for n in 0..12 {
        let mut bytes = sample.backup.clone();
        let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        if n % 2 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 4;
        }
        let refused = restore(&path, bytes.as_slice(), &mut |_, _| {});
        assert!(matches!(refused, Err(RestoreError::Backup(_))), "byte {at}: {refused:?}");
        assert!(snapshot(&path) == before, "byte {at}: the store was touched");
    }
    let _held = Sled::open(&path).unwrap();
    let refused = restore(&path, sample.backup.as_slice(), &mut |_, _| {});
    assert!(matches!(refused, Err(RestoreError::Store(OpenError::InUse(_)))), "{refused:?}");
}

/// Changes a byte in the middle of a database that is open; what is in memory still is as it was.
fn rot(path: &Path) {
    let db = path.join("sled/db");
    let bytes = fs::read(&db).unwrap();
    let middle = bytes.iter().rposition(|byte| *byte != 0).unwrap() / 2;
    let file = fs::File::options().write(true).open(&db).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[bytes[middle] ^ 0x10], middle as u64).unwrap();
}

/// While a server runs, its API is asked; reading is not enough for what holds everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_is_backed_up_at_one_turn() {
    let world = World::with(Setup { slack: false, disk: true, ..Setup::default() }).await;
    let (kind, body) = crate::flows::events::job_event("completed", json!("failure"), 1, 1, "test");
    assert_eq!(world.hook(&kind, "one", &body).await.as_u16(), 202);
    world.settle().await;
    let ask = |path: &'static str, token: &'static str| {
        let url = format!("http://{}{path}", world.public_at);
        world.http.get(url).bearer_auth(token).send()
    };
    for path in ["/api/store/backup", "/api/store/verify"] {
        assert_eq!(ask(path, "read-token").await.unwrap().status(), 401);
    }
    let answer = ask("/api/store/verify", "act-token").await.unwrap();
    let checks = answer.text().await.unwrap();
    assert!(checks.lines().last().unwrap().starts_with("{\"done\":"), "{checks}");
    let backup = ask("/api/store/backup", "act-token").await.unwrap().bytes().await.unwrap();
    // What comes later is not in it.
    assert_eq!(world.hook(&kind, "two", &body.replace("test", "lint")).await.as_u16(), 202);
    let to = tempfile::tempdir().unwrap();
    restore(to.path(), backup.as_ref(), &mut |_, _| {}).unwrap();
    let copy = Ledger::open(Sled::open(to.path()).unwrap()).unwrap();
    let had = copy.counts().await.unwrap();
    assert_eq!((had.incidents, had.inbox), (1, 0));
    // The disk goes bad: the check finds it, and from then on the server does not pretend.
    rot(&world.dir.path().join("store"));
    let found = ask("/api/store/verify", "act-token").await.unwrap().text().await.unwrap();
    let told = found.lines().last().unwrap();
    assert!(told.starts_with("{\"damaged\":") && told.contains("store restore BACKUP"), "{found}");
    let ready = world.http.get(format!("http://{}/ready", world.public_at)).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().contains("store restore BACKUP"));
    assert_eq!(world.hook(&kind, "three", &body).await.as_u16(), 503);
    world.end().await;
}

/// The binary on a configuration whose store is `store`, answering at `listen`.
pub struct Operator {
    pub dir: TempDir,
    pub store: PathBuf,
}

impl Operator {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        // A port that is free now; the server is asked at it later.
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = format!(
            "[server]\nlisten = \"{listen}\"\n[store]\npath = \"{}\"\n[api]\nread_token = \"read-token\"\nact_token = \"act-token\"\n",
            store.display()
        );
        fs::write(dir.path().join("config.toml"), text).unwrap();
        Self { dir, store }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
        command.args(words).arg("--config").arg(self.dir.path().join("config.toml")).current_dir(self.dir.path());
        command.env("RUST_BACKTRACE", "1").env_remove("RUST_LOG");
        command
    }

    /// Exit status, output, errors.
    pub fn run(&self, words: &[&str]) -> (i32, String, String) {
        let done = self.command(words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap_or(-1), text(done.stdout), text(done.stderr))
    }
}

#[tokio::test]
async fn an_operator_is_told_what_to_do_and_it_helps() {
    let sample = Sample::of(5).await;
    let operator = Operator::new();
    let backup = operator.dir.path().join("backup.ndjson");
    copy_dir(&sample.closed, &operator.store);
    let (status, said, errors) = operator.run(&["store", "backup", "backup.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""));
    assert!(said.starts_with("backed up ") && said.contains("backup.ndjson"), "{said}");
    assert_eq!(fs::read(&backup).unwrap(), sample.backup);
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&backup).unwrap().permissions()) & 0o77, 0);
    let (status, _, errors) = operator.run(&["store", "backup", "backup.ndjson"]);
    assert!(status == 2 && errors.contains("choose another name"), "{errors}");
    for state in [&sample.closed, &sample.killed] {
        fs::remove_dir_all(&operator.store).unwrap();
        copy_dir(state, &operator.store);
        rot(&operator.store);
        for (words, wanted) in [(&["incident", "list"][..], 2), (&["serve"], 2), (&["store", "verify"], 1)] {
            let (status, said, errors) = operator.run(words);
            assert_eq!((status, said.as_str()), (wanted, ""), "{words:?}: {errors}");
            assert_eq!(errors.lines().count(), 1, "{words:?}: {errors}");
            assert!(errors.starts_with("ci-rescue: the store in ") && errors.contains("store restore"), "{errors}");
        }
        let command = format!("store restore backup.ndjson --store {}", operator.store.display());
        let (status, said, errors) = operator.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((status, errors.as_str()), (0, ""), "{said}");
        assert!(said.contains("the old store is kept in ") && said.contains("replaced-1"), "{said}");
        assert_eq!(operator.run(&["incident", "list"]).0, 0);
        let (status, said, _) = operator.run(&["store", "verify"]);
        assert!(status == 0 && said.contains("is whole: "), "{said}");
        assert!(!opened_or_refused(&operator.store, &sample.all, "restored by the command"));
    }
    fs::write(&backup, &sample.backup[..sample.backup.len() / 2]).unwrap();
    let (status, _, errors) = operator.run(&["store", "restore", "backup.ndjson"]);
    assert!(status == 1 && errors.contains("it breaks off. The store was not touched"), "{errors}");
    assert_eq!(operator.run(&["store", "restore", "nowhere"]).0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_ask_the_server_that_holds_the_store() {
    let sample = Sample::of(5).await;
    let operator = Operator::new();
    copy_dir(&sample.closed, &operator.store);
    let mut server = operator.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let (status, said, errors) = operator.run(&["store", "verify"]);
    assert!(status == 0 && said.contains("is whole: "), "{said}{errors}");
    let (status, said, errors) = operator.run(&["store", "backup", "live.ndjson"]);
    assert!(status == 0 && said.starts_with("backed up "), "{said}{errors}");
    let (status, _, errors) = operator.run(&["store", "restore", "live.ndjson"]);
    assert!(status == 2 && errors.contains("in use by another process. Stop the server first"), "{errors}");
    let held = operator.store.display().to_string();
    let elsewhere = Operator::new();
    let (status, _, errors) = elsewhere.run(&["store", "backup", "none.ndjson", "--store", &held]);
    assert!(status == 3 && errors.contains("the running server"), "{errors}");
    assert!(!elsewhere.dir.path().join("none.ndjson").exists());
    // A server that is stopped in order leaves a seal: the next one needs no copy.
    let stop = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(stop.success() && server.wait().unwrap().success());
    let manifest = fs::read_to_string(operator.store.join("manifest")).unwrap();
    assert!(manifest.contains("\"seal\":\""), "{manifest}");
    let (status, said, errors) = operator.run(&["store", "restore", "live.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{said}");
    assert_eq!(operator.run(&["store", "verify"]).0, 0);
}
