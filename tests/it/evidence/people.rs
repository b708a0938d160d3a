//! `analyze` as people read it: widths, order, input that is no log, readers that have seen enough.

use super::cli::file;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// pytest that cannot import a module: the reason stands between banners.
const COLLECTING: &str = "\
##[group]Run pytest -q
pytest -q
shell: /usr/bin/bash -e {0}
##[endgroup]
==================================== ERRORS ====================================
____________________ ERROR collecting tests/test_checkout.py ____________________
ImportError while importing test module '/home/runner/work/shop/shop/tests/test_checkout.py'.
Hint: make sure your test modules/packages have valid Python names.
Traceback:
/opt/hostedtoolcache/Python/3.12.4/x64/lib/python3.12/importlib/__init__.py:90: in import_module
    return _bootstrap._gcd_import(name[level:], package, level)
tests/test_checkout.py:3: in <module>
    from shop.checkout import total
src/shop/checkout.py:1: in <module>
    import flask
E   ModuleNotFoundError: No module named 'flask'
=========================== short test summary info ============================
ERROR tests/test_checkout.py
!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!
=============================== 1 error in 0.45s ===============================
##[error]Process completed with exit code 2.
";

const GLIBC: &str = "\
##[group]Run actions/checkout@v4
with:
  fetch-depth: 1
##[endgroup]
/__e/node20/bin/node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /__e/node20/bin/node)
##[error]Process completed with exit code 1.
";

const JEST: &str = "\
##[group]Run npm test
npm test
shell: /usr/bin/bash -e {0}
##[endgroup]
FAIL packages/storefront/src/checkout/__tests__/totals-with-discounts-and-shipping.test.ts
  ● checkout totals › when a discount code is combined with free shipping › keeps the price of every line and never goes below zero

    expect(received).toBe(expected) // Object.is equality, which is not what a reader of this very long message would expect to be told about

      at Object.<anonymous> (packages/storefront/src/checkout/__tests__/totals-with-discounts-and-shipping.test.ts:42:19)

Tests:       1 failed, 12 passed, 13 total
##[error]Process completed with exit code 1.
";

fn command(dir: &Path, columns: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    command.current_dir(dir).arg("analyze").args(args).env("COLUMNS", columns).stdin(Stdio::null());
    command
}

fn run(dir: &Path, columns: &str, args: &[&str]) -> Output {
    command(dir, columns, args).output().unwrap()
}

fn words(log: &str, columns: &str, args: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "build.log", log.as_bytes());
    let output = run(dir.path(), columns, &[&["build.log"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn at_80_and_at_120_columns() {
    for (name, log) in [("collecting", COLLECTING), ("glibc", GLIBC), ("jest", JEST)] {
        for columns in ["80", "120"] {
            insta::assert_snapshot!(format!("{name}_{columns}"), words(log, columns, &[]));
        }
    }
}

#[test]
fn text_is_wrapped_and_names_are_whole() {
    let name = "checkout totals › when a discount code is combined with free shipping › keeps the price of every line and never goes below zero";
    let path = "packages/storefront/src/checkout/__tests__/totals-with-discounts-and-shipping.test.ts:42";
    let wide = |text: &str, columns: usize| text.lines().filter(|line| line.chars().count() > columns).count();
    for columns in [40, 80, 120, 300] {
        let text = words(JEST, &columns.to_string(), &[]);
        assert!(text.lines().any(|line| line.contains(name)), "{columns}\n{text}");
        assert!(text.lines().any(|line| line.contains(path)), "{columns}\n{text}");
        assert!(!text.contains('…'), "{text}");
        let prose = words(GLIBC, &columns.to_string(), &[]);
        assert_eq!(wide(&prose, columns), 0, "{columns}\n{prose}");
    }
    for unknown in ["", "0", "wide", "-3"] {
        assert_eq!(words(GLIBC, unknown, &[]), words(GLIBC, "80", &[]), "{unknown}");
    }
}

#[test]
fn the_verdict_comes_first_then_the_reason_then_the_advice() {
    let text = words(COLLECTING, "80", &[]);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word}: {text}"));
    let (verdict, reason) = (at("Test failure"), at("E ModuleNotFoundError: No module named 'flask'"));
    assert!(verdict < reason && reason < at("____ ERROR collecting"), "{text}");
    let text = words(GLIBC, "300", &[]);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word}: {text}"));
    assert!(
        at("Infrastructure failure") < at("GLIBC_2.28")
            && at("GLIBC_2.28") < at("use the action's previous major version"),
        "{text}"
    );
}

#[test]
fn a_banner_is_no_headline() {
    let unittest = "\
======================================================================
ERROR: tests.test_a (unittest.loader._FailedTest)
----------------------------------------------------------------------
Traceback (most recent call last):
  File \"/usr/lib/python3.12/unittest/loader.py\", line 394, in _find_test_path
ModuleNotFoundError: No module named 'flask'
";
    let banner = "=========== 1 failed, ERROR found ===========\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: boom\n____________________ ERROR collecting a.py ____________________\n";
    let progress =
        "[ 45%] ERROR while building error.o\nsrc/a.c:3:5: error: expected ';' before 'x'\n[ 50%] error: built\n";
    for (log, first) in [
        (COLLECTING, "ModuleNotFoundError: No module named 'flask'"),
        (unittest, "tests.test_a"),
        (banner, "ValueError: boom"),
        (progress, "src/a.c:3:5: error"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        file(dir.path(), "x.log", log.as_bytes());
        let text = String::from_utf8(run(dir.path(), "80", &["x.log"]).stdout).unwrap();
        let quoted = text.split("\n\n").nth(1).unwrap();
        assert!(quoted.contains(first), "{first}: {text}");
    }
}

#[test]
fn so_many_lines_as_were_asked_for() {
    let line = |c: char| format!("FAILED tests/test_{c}.py::test_it - boom {}\n", c.to_string().repeat(5));
    let tests: String = ('a'..='t').map(line).collect();
    let log = format!("{tests}##[error]Process completed with exit code 1.\n");
    let section = |text: &str, heading: &str| -> usize {
        let rest = text.split_once(heading).map_or("", |(_, rest)| rest);
        rest.lines().skip(1).take_while(|line| !line.trim().is_empty()).filter(|line| !line.contains('…')).count()
    };
    for n in [0, 1, 3, 7] {
        let text = words(&log, "200", &["--lines", &n.to_string()]);
        assert_eq!(section(&text, "Failing tests"), n, "{text}");
        assert_eq!(section(&text, "Last lines"), n, "{text}");
        assert_eq!(section(&text, "More error lines"), n.saturating_sub(1), "{text}");
    }
}

#[test]
fn what_is_no_log_is_told_and_ends_with_two() {
    let dir = tempfile::tempdir().unwrap();
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let long: String =
        (0..20_000_u32).map(|n| format!("line {n} {}\nValueError: {n}\n", n.wrapping_mul(2_654_435_761))).collect();
    let packed = gzip(long.as_bytes());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("0_test.txt", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(long.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let noise: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut flipped = packed.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new())).finish().unwrap().into_inner();
    for (name, bytes, why, read) in [
        ("empty.log", &b""[..], "empty", false),
        ("empty.log.gz", &gzip(b""), "empty", false),
        ("empty.zip", &empty, "no log", false),
        ("noise.log", &noise, "binary", false),
        ("noise.log.gz", &gzip(&noise), "binary", false),
        ("a.xz", b"\xfd7zXZ\0\0\x04", "xz", false),
        ("cut.log.gz", &packed[..packed.len() / 2], "truncated", true),
        ("head.log.gz", &packed[..12], "truncated", false),
        ("flipped.log.gz", &flipped, "damaged", true),
        ("cut.zip", &zip[..zip.len() / 2], "truncated", false),
    ] {
        file(dir.path(), name, bytes);
        let output = run(dir.path(), "80", &[name]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(name) && said.contains(why) && said.lines().count() == 1, "{name}: {said}");
        assert_eq!(output.stdout.is_empty(), !read, "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let mut piped = command(dir.path(), "80", &["-"]);
        let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // What is refused by its first bytes is not read to its end.
        let _ = piped.stdin.take().unwrap().write_all(bytes);
        let output = piped.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && said.contains("standard input") && said.contains(why),
            "{name}: {said}"
        );
    }
}

/// Runs a command line whose reader closes its end at once.
fn closed(args: &[&str], dir: &Path) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(args)
        .current_dir(dir)
        .env_remove("CI_RESCUE_CONFIG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    Output { status: child.wait().unwrap(), stdout: Vec::new(), stderr: said }
}

#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..20 {
        file(dir.path(), &format!("{n}.log"), COLLECTING.as_bytes());
    }
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .current_dir(dir.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(args)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "-A"]);
    git(&["commit", "--quiet", "-m", "First"]);
    git(&["rm", "--quiet", "0.log"]);
    git(&["commit", "--quiet", "-m", "Second"]);
    for args in [
        &["analyze", "."][..],
        &["analyze", "--json", "."],
        &["plan", "revert", "--repo", ".", "--onto", "main", "--commit", "HEAD"],
        &["plan", "revert", "--json", "--repo", ".", "--onto", "main", "--commit", "HEAD"],
        &["manifest", "slack"],
        &["completions", "bash"],
        &["--help"],
        &["analyze", "--help"],
        &["--version"],
        &["doctor"],
    ] {
        let output = closed(args, dir.path());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    }
}

#[test]
fn colours_are_for_terminals_and_no_color_is_obeyed() {
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "x.log", COLLECTING.as_bytes());
    let line = format!("{} analyze x.log", env!("CARGO_BIN_EXE_ci-rescue"));
    // script(1) gives it a terminal.
    let on_terminal = |no_colour: Option<&str>| {
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(dir.path()).stdin(Stdio::null()).env("TERM", "xterm");
        script.env_remove("NO_COLOR").envs(no_colour.map(|value| ("NO_COLOR", value)));
        script.output().ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(coloured) = on_terminal(None) else {
        eprintln!("skipped: script is not installed");
        return;
    };
    assert!(coloured.contains("\x1b[1m") && coloured.contains("ModuleNotFoundError"), "{coloured}");
    assert!(on_terminal(Some("")).unwrap().contains('\x1b'), "empty is not set");
    let plain = on_terminal(Some("1")).unwrap();
    assert!(!plain.contains('\x1b') && plain.contains("ModuleNotFoundError"), "{plain}");
    let piped = run(dir.path(), "80", &["x.log"]).stdout;
    assert!(!piped.contains(&0x1b));
}

#[test]
fn exit_statuses_are_told_in_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_ci-rescue")).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    for line in ["0  done", "1  problems found, or not ready", "2  wrong usage", "3  an integration failed"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let readme = include_str!("../../../README.md");
    assert!(readme.contains("| 3 | an integration failed |"), "the README tells them, too");
}
