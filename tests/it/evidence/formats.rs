//! Each runner's format: the failing step, the first error line, the exit code.

use super::read;

#[test]
fn runners_formats_are_understood() {
    for (name, log, step, error, exit) in [
        (
            "GitHub Actions",
            "2026-01-01T00:00:00.0000000Z ##[group]Run npm test\n2026-01-01T00:00:00.0000000Z \x1b[36;1mnpm test || echo \"error: no\"\x1b[0m\n2026-01-01T00:00:00.0000000Z shell: bash\n2026-01-01T00:00:00.0000000Z ##[endgroup]\n2026-01-01T00:00:00.0000000Z Error: Cannot find module 'x'\n2026-01-01T00:00:00.0000000Z ##[error]Process completed with exit code 1.\n",
            Some("npm test || echo \"error: no\""),
            "Cannot find module 'x'",
            Some(1),
        ),
        (
            "gh run view --log",
            "build\tRun tests\t2026-01-01T00:00:00.0000000Z Error: Cannot find module 'x'\nbuild\tRun tests\t2026-01-01T00:00:00.0000000Z ##[error]Process completed with exit code 2.\n",
            Some("Run tests"),
            "Cannot find module 'x'",
            Some(2),
        ),
        (
            "Travis CI",
            "travis_fold:start:install\r\x1b[0K$ npm ci\ntravis_fold:end:install\r\x1b[0K$ npm test\nTypeError: x is not a function\n\nThe command \"npm test\" exited with 1.\n",
            Some("npm test"),
            "TypeError: x is not a function",
            Some(1),
        ),
        (
            "GitLab CI",
            "section_start:1560896352:step_script\r\x1b[0K\x1b[0KExecuting\n\x1b[32;1m$ cargo test\x1b[0;m\nerror[E0425]: cannot find value `x` in this scope\nsection_end:1560896353:step_script\r\x1b[0K\n\x1b[31;1mERROR: Job failed: exit code 101\x1b[0;m\n",
            Some("step_script"),
            "error[E0425]",
            Some(101),
        ),
        (
            "GitLab CI, marks on one line",
            "2026-01-01T00:00:00.000000Z 00O section_end:1:prepare_script\r\x1b[0Ksection_start:2:step_script\r\x1b[0KRunning\n2026-01-01T00:00:00.000000Z 00O TypeError: x is not a function\n2026-01-01T00:00:01.000000Z 00O section_end:3:step_script\r\x1b[0Ksection_start:3:cleanup_file_variables\r\x1b[0KCleaning\n2026-01-01T00:00:02.000000Z 00O ERROR: Job failed: exit code 1\n",
            Some("step_script"),
            "TypeError: x is not a function",
            Some(1),
        ),
        (
            "CircleCI",
            "#!/bin/bash -eo pipefail\npytest\nFAILED tests/test_a.py::test_b - AssertionError\n\nExited with code exit status 1\n",
            None,
            "FAILED tests/test_a.py::test_b",
            Some(1),
        ),
        (
            "Jenkins",
            "Started by user x\n[Pipeline] { (Test)\n[Pipeline] sh\n+ make\nsrc/a.c:12:5: error: use of undeclared identifier 'x'\nmake: *** [Makefile:3: all] Error 1\nERROR: script returned exit code 2\nFinished: FAILURE\n",
            Some("Test"),
            "undeclared identifier 'x'",
            Some(2),
        ),
        (
            "Buildkite",
            "~~~ Preparing\n--- :hammer: Build\n+++ :go: Tests\n--- FAIL: TestA (0.01s)\n🚨 Error: The command exited with status 1\n",
            Some(":go: Tests"),
            "--- FAIL: TestA",
            Some(1),
        ),
        (
            "Azure Pipelines",
            "2026-01-01T00:00:00.0000000Z ##[section]Starting: Build\n2026-01-01T00:00:00.0000000Z Program.cs(4,5): error CS1002: ; expected\n2026-01-01T00:00:00.0000000Z ##[error]Bash exited with code '1'.\n",
            Some("Build"),
            "error CS1002",
            Some(1),
        ),
    ] {
        let evidence = read(log.as_bytes());
        let found = evidence.failing_step.as_ref().map(ci_rescue::domain::Untrusted::raw);
        assert!(step.is_none() || found == step, "{name}: {found:?}");
        assert!(evidence.errors[0].text.raw().contains(error), "{name}: {:?}", evidence.errors);
        assert_eq!(evidence.exit_code, exit, "{name}");
    }
}

#[test]
fn green_logs_say_that_nothing_failed() {
    for log in ["", "building\nok\n", "0 errors, 0 failures\ntest result: ok. 3 passed; 0 failed\n"] {
        assert_eq!(read(log.as_bytes()).category.as_str(), "none", "{log:?}");
    }
}

#[test]
fn one_worker_that_succeeded_does_not_make_a_log_green() {
    let log = "Job succeeded in 3s (worker)\nFinished: SUCCESS\nFAILED tests/test_a.py::test_b - x\n##[error]Process completed with exit code 1.\n";
    assert_eq!(read(log.as_bytes()).category.as_str(), "test");
}

#[test]
fn order_and_number_of_failing_tests_change_no_fingerprint() {
    let tests: Vec<String> = (0..24).map(|n| format!("FAILED tests/test_a.py::test_{n} - x\n")).collect();
    let reversed: String = tests.iter().rev().map(String::as_str).collect();
    assert_eq!(read(tests.concat().as_bytes()).fingerprint, read(reversed.as_bytes()).fingerprint);
}

#[test]
fn only_carriage_returns_end_lines_too() {
    let log = "building\rTypeError: x is not a function\rExited with code exit status 1\r";
    let evidence = read(log.as_bytes());
    assert_eq!((evidence.lines, evidence.exit_code), (3, Some(1)));
    let mixed = format!("{}\nTypeError: x\nExited with code exit status 1\n", "10 %\r".repeat(20_000));
    let evidence = read(mixed.as_bytes());
    assert_eq!((evidence.errors[0].text.raw(), evidence.exit_code), ("TypeError: x", Some(1)));
    let bar: String = (0..1_000).map(|n| format!("{n} %: {}\r", "#".repeat(40))).collect();
    let evidence = read(format!("start\n{bar}RuntimeError: CUDA died\n").as_bytes());
    assert!(evidence.errors[0].text.raw().contains("CUDA died"), "{:?}", evidence.errors);
}

#[test]
fn tools_prefixes_hide_no_names() {
    for (log, name) in [
        ("web:test: FAILED tests/test_a.py::test_b - x\n", "tests/test_a.py::test_b"),
        ("#12 3.456 --- FAIL: TestA (0.00s)\n", "TestA"),
        ("web_1  | FAILED tests/test_a.py::test_b - x\n", "tests/test_a.py::test_b"),
        ("##[error]FAILED tests/test_a.py::test_b - x\n", "tests/test_a.py::test_b"),
    ] {
        assert_eq!(read(log.as_bytes()).failing_tests[0].name.raw(), name, "{log}");
    }
}

#[test]
fn resolved_versions_are_read() {
    let log =
        "Successfully installed numpy-1.26.4\n   Compiling serde v1.0.200\ngo: downloading github.com/a/b v1.2.3\n";
    let resolved = read(log.as_bytes()).resolved;
    let all: Vec<String> =
        resolved.iter().map(|r| format!("{} {} {}", r.ecosystem, r.package.raw(), r.version.raw())).collect();
    assert_eq!(all, ["cargo serde 1.0.200", "go github.com/a/b v1.2.3", "pip numpy 1.26.4"]);
}
