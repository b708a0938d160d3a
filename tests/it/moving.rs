//! Moving a store through a file or a pipe: what comes out is what went in, and nothing else gets in.

use crate::damage::{Operator, Sample, backup_of, copy_dir, everything, snapshot};
use ci_rescue::domain::ids::Digest;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Delivery, Origin, Store, Turn};
use ci_rescue::store::{Backend, Batch, Ledger, Memory, OpenError, RestoreError, Sled, import};
use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::process::Stdio;

fn opened(path: &Path) -> Ledger<Sled> {
    Ledger::open(Sled::open(path).unwrap()).unwrap()
}

/// A file's last line, put right for the lines before it.
fn resealed(lines: &[String]) -> Vec<u8> {
    let (end, rest) = lines.split_last().unwrap();
    let text: String = rest.iter().map(|line| format!("{line}\n")).collect();
    let mut end: Value = serde_json::from_str(end).unwrap();
    let sum: String = digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    end["end"]["sha256"] = sum.into();
    format!("{text}{end}\n").into_bytes()
}

#[tokio::test]
async fn export_import_export_gives_the_same_bytes() {
    let sample = Sample::of(700).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("made/store");
    let imported = import(&path, sample.backup.as_slice(), &mut |_, _| {}).unwrap();
    assert_eq!((imported.rows, imported.files), (sample.all.0.len() as u64, sample.all.1.len() as u64));
    assert_eq!(imported.kept, None);
    assert!(backup_of(&opened(&path)).await == sample.backup);
    assert!(everything(&Sled::open(&path).unwrap(), &path).unwrap() == sample.all);
    // It goes on from there, and moves again.
    let store = opened(&path);
    store.commit(Turn { settings: vec![("more".into(), Some(json!(1)))], ..Turn::default() }).await.unwrap();
    let later = backup_of(&store).await;
    let second = dir.path().join("second");
    import(&second, later.as_slice(), &mut |_, _| {}).unwrap();
    assert!(backup_of(&opened(&second)).await == later);
}

#[tokio::test]
async fn a_store_that_holds_something_or_is_held_is_left_alone() {
    let sample = Sample::of(3).await;
    let dir = tempfile::tempdir().unwrap();
    for (name, state) in [("closed", &sample.closed), ("killed", &sample.killed)] {
        let path = dir.path().join(name);
        copy_dir(state, &path);
        let before = snapshot(&path);
        let refused = import(&path, sample.backup.as_slice(), &mut |_, _| {});
        assert!(matches!(refused, Err(RestoreError::NotEmpty(_))), "{name}: {refused:?}");
        assert!(snapshot(&path) == before, "{name}");
    }
    // One that was opened and never used holds nothing.
    let path = dir.path().join("empty");
    drop(opened(&path));
    let held = Sled::open(&path).unwrap();
    let refused = import(&path, sample.backup.as_slice(), &mut |_, _| {});
    assert!(matches!(refused, Err(RestoreError::Store(OpenError::InUse(_)))), "{refused:?}");
    drop(held);
    import(&path, sample.backup.as_slice(), &mut |_, _| {}).unwrap();
    assert!(backup_of(&opened(&path)).await == sample.backup);
}

#[tokio::test]
async fn what_is_cut_altered_doubled_newer_or_huge_gets_nowhere() {
    let sample = Sample::of(4).await;
    let text = String::from_utf8(sample.backup.clone()).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        resealed(&lines)
    };
    let last_row = lines.iter().rposition(|line| line.starts_with("{\"key\"")).unwrap();
    let words = lines.iter().position(|line| line.contains("what failed")).unwrap();
    let outbox = json!({"key": "o:0000000000000001", "json": {"effect": "no such"}}).to_string();
    let after = lines.iter().position(|line| line.starts_with("{\"key\":\"s:")).unwrap();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "the backup is empty"),
        ("something else", b"{\"hello\":1}\n".to_vec(), "this is no backup of CI Rescue"),
        ("cut in a line", sample.backup[..sample.backup.len() / 2].to_vec(), "it breaks off"),
        (
            "cut between lines",
            resealed(&lines)[..lines[..last_row].iter().map(|l| l.len() + 1).sum()].to_vec(),
            "it breaks off",
        ),
        (
            "altered",
            with(&|lines| lines[words] = lines[words].replace("what failed", "what passed")),
            "its checksums do not match",
        ),
        ("doubled", with(&|lines| lines.insert(last_row, lines[last_row].clone())), "stands twice"),
        ("a line less", with(&|lines| drop(lines.remove(last_row))), "its checksums do not match"),
        (
            "newer",
            with(&|lines| lines[0] = lines[0].replace("\"store\":1", "\"store\":7")),
            "run that version or a newer one",
        ),
        ("more after the end", [sample.backup.clone(), b"{}\n".to_vec()].concat(), "there is more after its end"),
        ("a record of another shape", with(&|lines| lines.insert(after, outbox.clone())), "the backup is damaged"),
        (
            "deep",
            format!("{}\n{{\"key\":\"s:61\",\"json\":{}", lines[0], "[".repeat(200_000)).into_bytes(),
            "the backup is damaged",
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (what, bytes, want) in cases {
        let path = dir.path().join("store");
        let refused = import(&path, bytes.as_slice(), &mut |_, _| {});
        let Err(RestoreError::Backup(why)) = refused else { panic!("{what}: {refused:?}") };
        assert!(why.contains(want), "{what}: {why}");
        assert!(!path.exists(), "{what}: nothing is left of it");
    }
    // A line without an end: read no further than it may be long, and nothing is kept of it.
    let endless = format!("{}\n{{\"key\":\"s:61\",\"json\":\"", lines[0]);
    let endless = std::io::BufReader::new(endless.as_bytes().chain(std::io::repeat(b'a')));
    let refused = import(&dir.path().join("store"), endless, &mut |_, _| {});
    assert!(matches!(&refused, Err(RestoreError::Backup(why)) if why.contains("a line has no end")), "{refused:?}");
}

/// Rows as tables of the store have them, in any state that the store can have.
fn rows() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let table = prop::sample::select(b"sdbrcCOAPQ".to_vec());
    let key = (table, prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(table, rest)| [vec![table], rest].concat());
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "\\PC{0,40}".prop_map(|text| json!(text).to_string().into_bytes()),
        Just(b"[1, 2]\n".to_vec()),
        Just(vec![b'x'; 70_000]),
    ];
    prop::collection::vec((key, value), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_store_holds_moves_without_loss(
        rows in rows(),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..500), 0..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        let disk = Sled::open(&from).unwrap();
        for (key, value) in &rows {
            disk.apply(&Batch(vec![(key.clone(), Some(value.clone()))])).unwrap();
        }
        for index in gone.iter().filter(|_| !rows.is_empty()) {
            disk.apply(&Batch(vec![(index.get(&rows).0.clone(), None)])).unwrap();
        }
        for bytes in &files {
            disk.put_file(Digest::of([bytes.as_slice()]).as_str(), bytes).unwrap();
        }
        let want = everything(&disk, &from).unwrap();
        let store = Ledger::open(disk).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let first = runtime.block_on(backup_of(&store));
        import(&to, first.as_slice(), &mut |_, _| {}).unwrap();
        prop_assert_eq!(&everything(&Sled::open(&to).unwrap(), &to).unwrap(), &want);
        // A store that holds no row is as new.
        if !want.0.is_empty() {
            prop_assert_eq!(runtime.block_on(backup_of(&opened(&to))), first);
        }
    }
}

/// What the flows leave in memory moves to the disk, and reads the same there.
#[tokio::test]
async fn a_store_in_memory_moves_to_the_disk() {
    let store = Ledger::open(Memory::default()).unwrap();
    crate::conformance::conforms(&store, &crate::conformance::told).await;
    let bytes = backup_of(&store).await;
    let dir = tempfile::tempdir().unwrap();
    import(&dir.path().join("store"), bytes.as_slice(), &mut |_, _| {}).unwrap();
    let moved = opened(&dir.path().join("store"));
    let again = backup_of(&moved).await;
    let lines = |bytes: &[u8]| {
        let all = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        all[1..all.len() - 2].to_vec()
    };
    assert_eq!(lines(&again), lines(&bytes), "all but the head, which tells the turn, and the checksum over it");
    assert_eq!(moved.counts().await.unwrap(), store.counts().await.unwrap());
}

fn delivery(id: &str) -> Delivery {
    Delivery {
        id: id.into(),
        source: "github".into(),
        kind: "workflow_job".into(),
        origin: Origin::Signed,
        at: Time(1),
        hash: Digest::of([&b"raw"[..]]),
        body: "{}".into(),
    }
}

#[tokio::test]
async fn an_operator_moves_a_store_by_a_pipe_and_is_told_what_stands_against_it() {
    let sample = Sample::of(5).await;
    let (here, there) = (Operator::new(), Operator::new());
    copy_dir(&sample.closed, &here.store);
    let mut export = here.command(&["store", "export"]).stdout(Stdio::piped()).spawn().unwrap();
    let import = there.command(&["store", "import", "-"]).stdin(export.stdout.take().unwrap()).output().unwrap();
    assert!(export.wait().unwrap().success());
    let said = String::from_utf8(import.stdout).unwrap();
    assert!(import.status.success() && said.starts_with("imported "), "{said}");
    let (status, said, errors) = there.run(&["store", "export", "--out", "moved.ndjson"]);
    assert_eq!((status, errors.as_str()), (0, ""), "{said}");
    let moved = fs::read(there.dir.path().join("moved.ndjson")).unwrap();
    assert!(moved == sample.backup);
    assert!(moved.starts_with(b"{\"ci_rescue_backup\":1,\"version\":\""));
    assert_eq!(there.run(&["store", "verify"]).0, 0);

    let (status, _, errors) = there.run(&["store", "import", "moved.ndjson"]);
    assert!(status == 2 && errors.contains("is not empty: import into a new directory"), "{errors}");
    assert!(errors.contains("ci-rescue store restore"), "{errors}");
    fs::write(there.dir.path().join("half.ndjson"), &moved[..moved.len() / 2]).unwrap();
    let (status, _, errors) = there.run(&["store", "import", "half.ndjson", "--store", "elsewhere"]);
    assert!(status == 1 && errors.contains("half.ndjson: the backup is damaged: it breaks off"), "{errors}");
    assert!(!there.dir.path().join("elsewhere").exists());
    assert_eq!(there.run(&["store", "import", "nowhere.ndjson", "--store", "elsewhere"]).0, 2);

    // Whoever reads goes away in the middle: that is no whole export, and is told.
    let store = opened(&here.store);
    for n in 0..400 {
        let delivery = Delivery { body: "x".repeat(4_000) + &n.to_string(), ..delivery(&format!("d-{n}")) };
        store.put_delivery(delivery).await.unwrap();
    }
    drop(store);
    let mut export = here.command(&["store", "export"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::with_capacity(1, export.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let done = export.wait_with_output().unwrap();
    let errors = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.code() == Some(2) && errors.contains("standard output cannot be written"), "{errors}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_exported_while_it_serves_and_imported_only_when_nobody_holds_it() {
    let sample = Sample::of(5).await;
    let operator = Operator::new();
    copy_dir(&sample.closed, &operator.store);
    let mut server = operator.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let done = operator.command(&["store", "export"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let head: Value = serde_json::from_slice(done.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert!(head["installation"].as_str().is_some_and(|name| !name.is_empty()) && head["store"] == 1, "{head}");
    let mut child =
        operator.command(&["store", "import", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(&done.stdout);
    let refused = child.wait_with_output().unwrap();
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(2) && errors.contains("in use by another process. Stop the server first"),
        "{errors}"
    );
    assert!(std::process::Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert!(server.wait().unwrap().success());
}
