//! Stores that earlier programs left behind: taken in with everything, and shown. `tests/data/README.md` says how each sample
//! was written.

use crate::damage::{Operator, backup_of};
use ci_rescue::domain::IncidentNo;
use ci_rescue::domain::actor::Platform;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Check, Due, Query, Store};
use ci_rescue::store::{Backend, Batch, Ledger, Sled, import};
use futures::StreamExt;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fs;
use std::path::Path;

const FIRST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores/first.ndjson");

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Deserialize)]
struct Row<'a> {
    key: &'a str,
    #[serde(borrow)]
    json: &'a RawValue,
}

/// Records as the first programs wrote them; later ones wrote more beside them.
fn rows() -> Rows {
    let row = |line: &str| {
        let row: Row<'_> = serde_json::from_str(line).unwrap();
        let (table, rest) = row.key.split_once(':').unwrap();
        let rest = (0..rest.len()).step_by(2).map(|at| u8::from_str_radix(&rest[at..at + 2], 16).unwrap());
        let value = if row.json.get() == "null" { Vec::new() } else { row.json.get().as_bytes().to_vec() };
        (table.bytes().chain(rest).collect(), value)
    };
    fs::read_to_string(FIRST).unwrap().lines().map(row).collect()
}

/// Before stores were counted: the database alone, each value behind a zero.
fn uncounted(path: &Path) {
    let old = sled::Config::new().path(path.join("sled")).open().unwrap();
    for (key, value) in rows() {
        old.insert(key, [&[0], value.as_slice()].concat()).unwrap();
    }
    old.flush().unwrap();
    drop(old);
    // sled's threads hold it a moment longer.
    let log = fs::File::open(path.join("sled/db")).unwrap();
    while log.try_lock().is_err() {
        std::thread::yield_now();
    }
}

/// Before formats had numbers: a manifest that names none, and no index of the journals.
fn unnumbered(path: &Path) {
    let disk = Sled::open(path).unwrap();
    disk.apply(&Batch(rows().into_iter().map(|(key, value)| (key, Some(value))).collect())).unwrap();
    drop(disk);
    let manifest = path.join("manifest");
    let mut bytes = fs::read(&manifest).unwrap();
    for at in [0, 4096] {
        let slot = &bytes[at..at + 512];
        let Some(end) = slot.iter().position(|byte| *byte == b'\n') else { continue };
        let json = String::from_utf8(slot[..end].to_vec()).unwrap().replacen("\"format\":1,", "", 1);
        let sum: String = digest(&SHA256, json.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut slot = format!("{json}\n{sum}\n").into_bytes();
        slot.resize(512, b' ');
        bytes[at..at + 512].copy_from_slice(&slot);
    }
    fs::write(manifest, bytes).unwrap();
}

/// A backup whose head does not say of which format the store was.
fn backed_up(path: &Path) {
    let (dir, runtime) = (tempfile::tempdir().unwrap(), tokio::runtime::Builder::new_current_thread().build().unwrap());
    unnumbered(dir.path());
    let store = Ledger::open(Sled::open(dir.path()).unwrap()).unwrap();
    let text = String::from_utf8(runtime.block_on(backup_of(&store))).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let installation = head.find(",\"store\"").unwrap()..head.find(",\"turn\"").unwrap();
    let head = head.replace(&head[installation], "");
    let (body, end) = rest.trim_end().rsplit_once('\n').unwrap();
    let body = format!("{head}\n{body}\n");
    let sum: String = digest(&SHA256, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    end["end"]["sha256"] = sum.into();
    import(path, format!("{body}{end}\n").as_bytes(), &mut |_, _| {}).unwrap();
}

/// Lays a store out in a directory.
type Maker = fn(&Path);

#[test]
fn stores_of_every_earlier_format_are_taken_in_whole_and_shown() {
    let makers: [(&str, Maker); 3] = [("uncounted", uncounted), ("unnumbered", unnumbered), ("backed up", backed_up)];
    for (what, make) in makers {
        let operator = Operator::new();
        fs::create_dir_all(&operator.store).unwrap();
        make(&operator.store);
        let (status, said, errors) = operator.run(&["store", "verify"]);
        assert!(status == 0 && said.contains("is whole: "), "{what}: {said}{errors}");
        let (status, said, errors) = operator.run(&["incident", "list", "--all"]);
        assert_eq!(status, 0, "{what}: {errors}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines.len() == 2 && lines[0].starts_with("#2 open ") && lines[1].starts_with("#1 resolved "),
            "{what}: {said}"
        );
        let (status, said, errors) = operator.run(&["incident", "log", "2"]);
        assert!(status == 0 && said.contains("ECONNRESET") && said.contains("acme/shop"), "{what}: {said}{errors}");
        let (status, said, errors) = operator.run(&["incident", "audit"]);
        assert!(status == 0 && said.lines().count() >= 2, "{what}: {said}{errors}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(holds_everything(&operator.store, what));
    }
}

async fn holds_everything(path: &Path, what: &str) {
    let store = Ledger::open(Sled::open(path).unwrap()).unwrap();
    let checks: Vec<_> = store.verify().await.unwrap().collect().await;
    assert!(matches!(checks.last(), Some(Ok(Check::Done { .. }))), "{what}: {checks:?}");
    let open = store.incidents(&Query { open_only: true, limit: 9, ..Query::default() }).await.unwrap();
    assert_eq!(open.iter().map(|incident| incident.no).collect::<Vec<_>>(), [IncidentNo(2)], "{what}");
    for no in [IncidentNo(1), IncidentNo(2)] {
        let journal = store.journal(no, 0, 99).await.unwrap();
        let name = store.audit_name(no).await.unwrap();
        assert!(!journal.is_empty() && name.as_deref() == Some("acme/shop"), "{what}: {no} {name:?}");
    }
    let indexed = store.audit("acme/shop", None, 999).await.unwrap().len();
    let told = store.journal(IncidentNo(1), 0, 99).await.unwrap().len()
        + store.journal(IncidentNo(2), 0, 99).await.unwrap().len();
    assert_eq!(indexed, told, "{what}");
    // A card that was behind is behind still, although its row did not say how.
    let slack = Platform::new("slack");
    let mut due = Vec::new();
    for kind in [Due::First, Due::Update] {
        due.extend(store.due_publications(&slack, kind, Time(i64::MAX), &[], 9).await.unwrap());
    }
    assert_eq!(due.len(), 1, "{what}: {due:?}");
}

#[test]
fn a_newer_format_is_refused_with_what_to_do_by_every_command() {
    let operator = Operator::new();
    drop(Ledger::open(Sled::open(&operator.store).unwrap()).unwrap());
    let json = br#"{"format":2,"seq":9999999,"new":{"in":"this"}}"#;
    let sum: String = digest(&SHA256, json).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = operator.store.join("manifest");
    let mut manifest = fs::read(&path).unwrap();
    let slot = [json.as_slice(), b"\n", sum.as_bytes(), b"\n"].concat();
    manifest[..slot.len()].copy_from_slice(&slot);
    fs::write(&path, &manifest).unwrap();
    fs::write(operator.dir.path().join("x.ndjson"), "{}").unwrap();
    for words in [
        &["serve"][..],
        &["incident", "list"],
        &["store", "verify"],
        &["store", "export"],
        &["store", "backup", "y.ndjson"],
        &["replay", "guid"],
    ] {
        let (status, said, errors) = operator.run(words);
        assert!(status == 2 && said.is_empty(), "{words:?}: {said}");
        assert!(
            errors.contains("was written by a newer CI Rescue (format 2): run that version, or restore a backup"),
            "{errors}"
        );
    }
    let (status, _, errors) = operator.run(&["store", "import", "x.ndjson"]);
    assert!(status == 2 && errors.contains("is not empty"), "{errors}");
    assert_eq!(fs::read(&path).unwrap(), manifest, "it is left as it was");
}
