//! `ci-rescue analyze` reads several logs at a time: what it prints is as if it read one after the other.

use super::cli::{analyze, file, json};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::process::{Command, Stdio};

/// A log with a failure of its own; the first ones are longer than all that follow together.
fn log(n: usize) -> String {
    let mut text = String::new();
    for line in 0..(20_000 >> n.min(10)) {
        let _ = writeln!(text, "test store::tests::keeps_order_{line} ... ok");
    }
    text + &format!("FAILED tests/test_{n}.py::test_b - TypeError: {n} is not a function\n")
}

fn packed(entries: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn logs(n: usize) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..n).map(|n| (format!("{n}_job.txt"), log(n).into_bytes()))
}

/// The end of each file's name, and its failing test.
fn told(objects: &[serde_json::Value]) -> Vec<(String, String)> {
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let last = |path: String| path.rsplit('/').next().unwrap().to_owned();
    objects.iter().map(|one| (last(word(&one["file"])), word(&one["failing_tests"][0]["name"]))).collect()
}

fn wanted(n: usize) -> Vec<(String, String)> {
    (0..n).map(|n| (format!("{n}_job.txt"), format!("tests/test_{n}.py::test_b"))).collect()
}

#[test]
fn logs_of_an_archive_and_of_a_directory_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let zip = packed(logs(60));
    let path = file(dir.path(), "run.zip", &zip);
    assert_eq!(told(&json(&analyze(&["--json", &path], None))), wanted(60));
    assert_eq!(told(&json(&analyze(&["--json", "-"], Some(&zip)))), wanted(60), "through a pipe");
    let nested = packed([("inner.zip".to_owned(), zip)].into_iter().chain(logs(3)));
    let path = file(dir.path(), "nested.zip", &nested);
    let all = told(&json(&analyze(&["--json", &path], None)));
    assert_eq!(all, [wanted(60), wanted(3)].concat());
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in logs(60) {
        file(folder.path(), &name, &bytes);
    }
    let mut sorted = wanted(60);
    sorted.sort();
    let folder = folder.path().display().to_string();
    assert_eq!(told(&json(&analyze(&["--json", &folder], None))), sorted);
    // One after the other on the command line, with a file between them that is none.
    let output = analyze(&["--json", &path, "/nowhere/x.log", &folder], None);
    assert_eq!(told(&json(&output)), [all, sorted].concat());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_damaged_entry_ends_its_archive_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut zip = packed(logs(20));
    let good = file(dir.path(), "good.zip", &zip);
    // The data of the eighth entry, by the name that stands before it.
    let at = memchr::memmem::find(&zip, b"7_job.txt").unwrap() + 12;
    zip[at..at + 20].fill(0xff);
    let bad = file(dir.path(), "bad.zip", &zip);
    let output = analyze(&["--json", &bad, &good], None);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{why}");
    assert!(why.contains("bad.zip: 7_job.txt: "), "{why}");
    assert_eq!(told(&json(&output)), [wanted(7), wanted(20)].concat());
}

#[test]
fn a_named_pipe_is_read_as_standard_input_is() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in [log(9).into_bytes(), packed(logs(1).map(|(_, _)| ("9_job.txt".into(), log(9).into_bytes())))] {
        let path = file(dir.path(), "source", &bytes);
        let shell = format!("'{}' analyze --json <(cat '{path}')", env!("CARGO_BIN_EXE_ci-rescue"));
        let output = Command::new("bash").args(["-c", &shell]).stdin(Stdio::null()).output().unwrap();
        let all = json(&output);
        assert_eq!(all.len(), 1, "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(all[0]["failing_tests"][0]["name"], "tests/test_9.py::test_b");
    }
}

#[test]
fn where_the_limit_is_does_not_depend_on_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    let small = |name: char, n: usize| {
        let entries = (0..n).map(|at| (format!("{name}{at:05}.txt"), b"FAILED tests/test_a.py::test_b - x\n".to_vec()));
        (format!("{name}.zip"), packed(entries))
    };
    // Together more than an archive may hold; the second is the one that is beyond.
    let path = file(dir.path(), "run.zip", &packed([small('a', 6_000), small('b', 5_000), small('c', 10)].into_iter()));
    let output = analyze(&["--json", &path], None);
    assert!(String::from_utf8_lossy(&output.stderr).contains("more entries than the limit"), "{output:?}");
    let all = json(&output);
    let of = |name: &str| all.iter().filter(|one| one["file"].as_str().unwrap().contains(name)).count();
    assert_eq!((of("a.zip/"), of("b.zip/"), of("c.zip/")), (6_000, 5_000, 0));
}

#[test]
fn what_is_ready_is_shown_while_another_input_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "first.log", log(9).as_bytes());
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["analyze", "--json", &path, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("tests/test_9.py::test_b"));
    // Only now comes the other.
    child.stdin.take().unwrap().write_all(log(8).as_bytes()).unwrap();
    assert!(lines.next().unwrap().unwrap().contains("tests/test_8.py::test_b"));
    assert!(child.wait().unwrap().success());
    let twice = analyze(&["--json", "-", "-"], Some(log(9).as_bytes()));
    assert!(twice.stdout.is_empty() && String::from_utf8_lossy(&twice.stderr).contains("once"), "{twice:?}");
}
