//! `build_flag`.

use super::Want::{Already, Diff, Refused};
use super::{NOTHING, Row, Said, apply, said_line, said_words, sample, walk};
use ci_rescue::domain::edit::Edited;

const HEAP: &str = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";
const JAVA: &str = "[ERROR] java.lang.OutOfMemoryError: Java heap space";

const fn at(job: &'static str, line: &'static str) -> Said {
    Said { job, line, ..NOTHING }
}

pub const ROWS: &[Row] = &[
    ("no-env", at("Build", HEAP), Diff(&["+    env:", "+      NODE_OPTIONS: --max-old-space-size=4096"])),
    (
        "no-env",
        said_line("Error: error:0308010C:digital envelope routines::unsupported\ncode: 'ERR_OSSL_EVP_UNSUPPORTED'"),
        Diff(&["+    env:", "+      NODE_OPTIONS: --openssl-legacy-provider"]),
    ),
    ("no-env", said_words("node-heap 6144"), Diff(&["+    env:", "+      NODE_OPTIONS: --max-old-space-size=6144"])),
    (
        "no-env",
        said_words("NODE_OPTIONS=--max-old-space-size=8192"),
        Diff(&["+    env:", "+      NODE_OPTIONS: --max-old-space-size=8192"]),
    ),
    ("no-env", said_words("CI"), Diff(&["+    env:", "+      CI: \"false\""])),
    ("no-env", said_words("NODE_OPTIONS"), Refused("Several flags match: name one of node-heap, node-openssl")),
    ("no-env", said_words("NODE_OPTIONS=--require=/tmp/x.js"), Refused("Unknown flag")),
    ("no-env", said_words("node-heap 4096;reboot"), Refused("Unknown flag")),
    ("no-env", said_words("pip-system 7"), Refused("is not a valid value for pip-system")),
    ("no-env", NOTHING, Refused("asks for no known flag")),
    ("job-env", said_line(HEAP), Refused("Several jobs match (lint, build)")),
    ("job-env", at("build", HEAP), Diff(&["+      NODE_OPTIONS: --max-old-space-size=4096"])),
    (
        "job-env",
        Said { step: "Run npm run build", line: HEAP, ..NOTHING },
        Diff(&["+      NODE_OPTIONS: --max-old-space-size=4096"]),
    ),
    (
        "joined",
        said_line(HEAP),
        Diff(&[
            "-      NODE_OPTIONS: --trace-warnings",
            "+      NODE_OPTIONS: --trace-warnings --max-old-space-size=4096",
        ]),
    ),
    (
        "raised",
        Said { step: "Bundle", line: HEAP, ..NOTHING },
        Diff(&[
            "-          NODE_OPTIONS: \"--max_old_space_size=2048 --no-deprecation\"",
            "+          NODE_OPTIONS: \"--max_old_space_size=4096 --no-deprecation\"",
        ]),
    ),
    (
        "raised",
        at("build", HEAP),
        Diff(&[
            "+    env:",
            "+      NODE_OPTIONS: --max-old-space-size=4096",
            "-          NODE_OPTIONS: \"--max_old_space_size=2048 --no-deprecation\"",
            "+          NODE_OPTIONS: \"--max_old_space_size=4096 --no-deprecation\"",
        ]),
    ),
    (
        "jobs-first",
        said_line("CMake Error: Compatibility with CMake < 3.5 has been removed from CMake."),
        Diff(&["+    env:", "+      CMAKE_POLICY_VERSION_MINIMUM: \"3.5\""]),
    ),
    ("enough", said_line(HEAP), Already("already has NODE_OPTIONS=--max-old-space-size=8192")),
    (
        "enough",
        said_words("node-heap 12288"),
        Diff(&[
            "-    env: { NODE_OPTIONS: --max-old-space-size=8192 }",
            "+    env: { NODE_OPTIONS: --max-old-space-size=12288 }",
        ]),
    ),
    (
        "workflow-env",
        said_line(HEAP),
        Diff(&["+    env:", "+      NODE_OPTIONS: --no-warnings --max-old-space-size=4096"]),
    ),
    (
        "flow-env",
        at("full", "found unstable fingerprints for x"),
        Diff(&["-    env: { A: 1, B: 2 }", "+    env: { CARGO_INCREMENTAL: \"0\", A: 1, B: 2 }"]),
    ),
    (
        "flow-env",
        at("empty", "warning: spurious network error (2 tries remaining)"),
        Diff(&["-    env: {}", "+    env: { CARGO_NET_RETRY: \"10\" }"]),
    ),
    (
        "flow-env",
        at("null", "process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)"),
        Diff(&["+      CARGO_BUILD_JOBS: \"2\""]),
    ),
    (
        "flow-env",
        at("flow", "thread 'rustc' has overflowed its stack"),
        Diff(&[
            "-  flow: { runs-on: ubuntu-latest, steps: [{ run: cargo test }] }",
            "+  flow: { env: { RUST_MIN_STACK: \"16777216\" }, runs-on: ubuntu-latest, steps: [{ run: cargo test }] }",
        ]),
    ),
    ("shared-env", at("a", JAVA), Diff(&["+      MAVEN_OPTS: -Xmx3g"])),
    ("shared-env", at("b", JAVA), Diff(&["+      GRADLE_OPTS: -Dorg.gradle.jvmargs=-Xmx3g"])),
    ("shared-env", at("c", JAVA), Refused("cannot be edited safely")),
    ("shared-env", at("d", JAVA), Refused("unclear which tool of job d needs a flag")),
    (
        "shared-env",
        at("d", "Could not receive a message from the daemon."),
        Diff(&["+    env:", "+      GRADLE_OPTS: -Dorg.gradle.daemon=false"]),
    ),
    (
        "four-spaces",
        said_line("if the git CLI succeeds then `net.git-fetch-with-cli` may help here"),
        Diff(&["+            CARGO_NET_GIT_FETCH_WITH_CLI: \"true\""]),
    ),
    ("whole", said_words("cargo-incremental"), Diff(&["-      CARGO_INCREMENTAL: 1", "+      CARGO_INCREMENTAL: 0"])),
    (
        "whole",
        said_words("rust-stack"),
        Diff(&["-      RUST_MIN_STACK: '8388608'", "+      RUST_MIN_STACK: '16777216'"]),
    ),
    ("called", said_line(HEAP), Refused("calls another workflow")),
    (
        "flags",
        said_line("go: updates to go.mod needed"),
        Diff(&["-      GOFLAGS: -mod=vendor", "+      GOFLAGS: -mod=mod"]),
    ),
    ("flags", said_line(JAVA), Refused("cannot read the value of MAVEN_OPTS")),
];

#[test]
fn sets_flags() {
    walk("build_flag", ROWS);
}

#[test]
fn warns_of_what_may_win() {
    for (name, said, piece) in [
        ("workflow-env", said_line(HEAP), "sets NODE_OPTIONS itself"),
        ("shared-env", at("b", JAVA), "an alias applies"),
        ("no-env", said_words("node-openssl"), "outdated hashes"),
    ] {
        let Edited::Ready(edit) = apply("build_flag", &sample("build_flag", name), said.hint()) else {
            panic!("{name}")
        };
        assert!(edit.warnings.iter().any(|warning| warning.contains(piece)), "{:?}", edit.warnings);
    }
}
