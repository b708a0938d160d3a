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
            "CircleCI",
            "#!/bin/bash -eo pipefail\npytest\nFAILED tests/test_a.py::test_b - AssertionError\n\nExited with code exit status 1\n",
            None,
            "FAILED tests/test_a.py::test_b",
            Some(1),
        ),
        (
            "Jenkins",
            "Started by user x\n[Pipeline] { (Test)\n[Pipeline] sh\n+ make\nsrc/a.c:12:5: error: use of undeclared identifier 'x'\nmake: *** [Makefile:3: all] Error 1\nscript returned exit code 2\nFinished: FAILURE\n",
            None,
            "undeclared identifier 'x'",
            Some(2),
        ),
        (
            "Buildkite",
            "~~~ Preparing\n--- :hammer: Build\n+++ :go: Tests\n--- FAIL: TestA (0.01s)\n🚨 Error: The command exited with status 1\n",
            None,
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
fn resolved_versions_are_read() {
    let log =
        "Successfully installed numpy-1.26.4\n   Compiling serde v1.0.200\ngo: downloading github.com/a/b v1.2.3\n";
    let resolved = read(log.as_bytes()).resolved;
    let all: Vec<String> =
        resolved.iter().map(|r| format!("{} {} {}", r.ecosystem, r.package.raw(), r.version.raw())).collect();
    assert_eq!(all, ["cargo serde 1.0.200", "go github.com/a/b v1.2.3", "pip numpy 1.26.4"]);
}
