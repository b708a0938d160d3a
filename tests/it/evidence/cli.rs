//! `ci-rescue analyze` as a person runs it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const RED: &str = "Downloading x\nSuccessfully installed numpy-2.0.0\nwarning: flaky thing failed to start\nTypeError: x is not a function\nFAILED tests/test_a.py::test_b - TypeError\n##[error]Process completed with exit code 1.\n";
const GREEN: &str = "Downloading x\nSuccessfully installed numpy-1.26.4\nwarning: flaky thing failed to start\nTypeError: x is not a function\nall good\n";

pub fn analyze(args: &[&str], input: Option<&[u8]>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .arg("analyze")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.unwrap_or_default()).unwrap();
    child.wait_with_output().unwrap()
}

pub fn json(output: &Output) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn file(dir: &Path, name: &str, bytes: &[u8]) -> String {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn one_object_a_log_with_the_documented_members() {
    let dir = tempfile::tempdir().unwrap();
    let log = file(dir.path(), "red.log", RED.as_bytes());
    let output = analyze(&["--json", &log], None);
    assert_eq!(output.status.code(), Some(0));
    let all = json(&output);
    let mut members: Vec<&String> = all[0].as_object().unwrap().keys().collect();
    members.sort();
    let wanted = [
        "bytes",
        "category",
        "confidence",
        "errors",
        "exit_code",
        "failing_step",
        "failing_tests",
        "file",
        "fingerprint",
        "frames",
        "known_issue",
        "lines",
        "redactions",
        "resolved",
        "severity",
        "signal",
        "summary",
    ];
    assert_eq!(members, wanted);
    assert_eq!(all[0]["failing_tests"][0]["name"], "tests/test_a.py::test_b");
    assert_eq!((all[0]["exit_code"].as_i64(), all[0]["category"].as_str()), (Some(1), Some("test")));
    assert!(all[0]["severity"].is_null());
}

#[test]
fn standard_input_directories_and_gzip() {
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "a.log", RED.as_bytes());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(RED.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    file(dir.path(), "b.log.gz", &gzip);
    let all = json(&analyze(&["--json", &dir.path().display().to_string()], None));
    assert_eq!((all.len(), &all[0]["errors"]), (2, &all[1]["errors"]));
    for input in [RED.as_bytes(), &gzip] {
        let all = json(&analyze(&["--json", "-"], Some(input)));
        assert_eq!((all[0]["file"].as_str(), all[0]["exit_code"].as_i64()), (Some("-"), Some(1)));
    }
}

#[test]
fn archives_and_reports_win_over_the_log() {
    let xml = r#"<?xml version="1.0"?><testsuite><testcase classname="tests.test_a" name="test_real"><failure message="boom"/></testcase><testcase classname="tests.test_a" name="test_b"><error/></testcase></testsuite>"#;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in
        [("coverage.xml", "<?xml version=\"1.0\"?><coverage/>"), ("0_test.txt", RED), ("reports/junit.xml", xml)]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "run.zip", &zip);
    let report = file(dir.path(), "junit.xml", xml.as_bytes());
    let all = json(&analyze(&["--json", &path], None));
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["failing_tests"][0]["name"], "tests.test_a.test_real");
    assert_eq!(
        all[0]["failing_tests"][1]["name"], "tests/test_a.py::test_b",
        "the log's own name is the one pytest takes"
    );
    assert!(all[0]["file"].as_str().unwrap().ends_with("run.zip/0_test.txt"));
    let piped = json(&analyze(&["--json", "-"], Some(&zip)));
    assert_eq!(piped[0]["failing_tests"], all[0]["failing_tests"]);
    let alone = json(&analyze(&["--json", &report], None));
    assert_eq!((alone[0]["category"].as_str(), alone[0]["errors"][0]["text"].as_str()), (Some("test"), Some("boom")));
}

#[test]
fn a_directory_with_a_log_and_reports_is_one_object() {
    let xml = r#"<?xml version="1.0"?><testsuite><testcase classname="tests.test_a" name="test_real"><failure message="boom"/></testcase></testsuite>"#;
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "build.log", b"step x FAILED\n##[error]Process completed with exit code 1.\n");
    file(dir.path(), "junit.xml", xml.as_bytes());
    let path = dir.path().display().to_string();
    let all = json(&analyze(&["--json", &path], None));
    assert_eq!(all.len(), 1);
    assert!(all[0]["file"].as_str().unwrap().ends_with("build.log"));
    assert_eq!((all[0]["category"].as_str(), all[0]["exit_code"].as_i64()), (Some("test"), Some(1)));
    assert_eq!(all[0]["failing_tests"][0]["name"], "tests.test_a.test_real");
    file(dir.path(), "deploy.log", b"step y FAILED\n");
    assert_eq!(json(&analyze(&["--json", &path], None)).len(), 3, "nobody knows whose report it is");
}

#[test]
fn what_the_passing_run_had_too_counts_less() {
    let dir = tempfile::tempdir().unwrap();
    let red = "AssertionError: noise that is always there\nValueError: the news\n";
    let (red, green) = (
        file(dir.path(), "red.log", red.as_bytes()),
        file(dir.path(), "green.log", b"AssertionError: noise that is always there\n"),
    );
    let first = |args: &[&str]| json(&analyze(args, None))[0]["errors"][0]["text"].as_str().unwrap().to_owned();
    assert!(first(&["--json", &red]).contains("noise"));
    assert!(first(&["--json", "--baseline", &green, &red]).contains("news"));
    let counts = |failures: u32| format!("[ERROR] Tests run: 5, Failures: {failures}, Errors: 0, Skipped: 0\n");
    let (red, green) =
        (file(dir.path(), "n.log", counts(1).as_bytes()), file(dir.path(), "z.log", counts(0).as_bytes()));
    assert!(first(&["--json", "--baseline", &green, &red]).contains("Failures: 1"));
    let (red, green) = (file(dir.path(), "r.log", RED.as_bytes()), file(dir.path(), "g.log", GREEN.as_bytes()));
    let words = String::from_utf8(analyze(&["--baseline", &green, &red], None).stdout).unwrap();
    assert!(words.contains("pip numpy: 1.26.4 when it passed, 2.0.0 now"), "{words}");
}

#[test]
fn what_cannot_be_read_is_told_and_ends_with_two() {
    let dir = tempfile::tempdir().unwrap();
    let good = file(dir.path(), "good.log", RED.as_bytes());
    let bad = file(dir.path(), "bad.zip", b"PK\x03\x04garbage");
    let output = analyze(&["--json", "/nowhere/x.log", &bad, &good], None);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(why.contains("/nowhere/x.log") && why.contains("bad.zip"), "{why}");
    assert_eq!(json(&output).len(), 1, "the others are analysed");
}

#[test]
fn known_issues_of_ones_own_are_looked_for_and_a_bad_file_is_refused() {
    const OWN: &str = "[[issue]]\nid = \"acme-registry\"\nwords = [\"registry.acme\"]\npattern = 'registry\\.acme: \\d+'\n\
        category = \"network\"\nseverity = \"transient\"\nsolution = \"Our registry restarts at night: retry.\"\n\
        example = \"registry.acme: 502\"\n";
    let dir = tempfile::tempdir().unwrap();
    let red = |said: &str| format!("##[group]Run make\n{said}\n##[error]Process completed with exit code 1.\n");
    let log = file(dir.path(), "red.log", red("registry.acme: 503").as_bytes());
    let own = file(dir.path(), "own.toml", OWN.as_bytes());
    let unknown = json(&analyze(&["--json", &log], None));
    assert_eq!(unknown[0]["known_issue"], serde_json::Value::Null);
    let known = json(&analyze(&["--json", "--known-issues", &own, &log], None));
    assert_eq!((&known[0]["known_issue"], &known[0]["category"]), (&"acme-registry".into(), &"network".into()));
    let shown = String::from_utf8(analyze(&["--known-issues", &own, &log], None).stdout).unwrap();
    assert!(shown.contains("Our registry restarts at night: retry."), "{shown}");

    // A shipped row is replaced by one with its id.
    let full = file(dir.path(), "full.log", red("write /tmp/x: no space left on device").as_bytes());
    let row = OWN.replace("acme-registry", "no-space-left").replace("registry.acme\"]", "no space\"]");
    let row = row.replace("registry\\.acme: \\d+", "no space left").replace("registry.acme: 502", "no space left");
    let own = file(dir.path(), "replaced.toml", row.replace("network", "infra").as_bytes());
    let replaced = String::from_utf8(analyze(&["--known-issues", &own, &full], None).stdout).unwrap();
    assert!(replaced.contains("no-space-left") && replaced.contains("Our registry restarts"), "{replaced}");

    // One's own row counts before a shipped one that is surer of the same line.
    let row = row.replace("no-space-left", "acme-disk").replace("network", "infra");
    let own = file(dir.path(), "beside.toml", row.as_bytes());
    let beside = json(&analyze(&["--json", "--known-issues", &own, &full], None));
    assert_eq!(beside[0]["known_issue"], "acme-disk");

    let bad = file(dir.path(), "bad.toml", OWN.replace("502", "none").replace("network", "netwrok").as_bytes());
    let output = analyze(&["--known-issues", &bad, &log], None);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("bad.toml: line 5: ") && told.contains("netwrok"), "{told}");
}
