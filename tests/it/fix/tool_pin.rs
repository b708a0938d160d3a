//! `tool_pin`.

use super::Want::{Absent, Already, Diff, Refused};
use super::{NOTHING, Row, Said, apply, said_line, said_words, sample, walk};
use ci_rescue::domain::edit::Edited;

const fn at(job: &'static str, words: &'static str) -> Said {
    Said { job, words, ..NOTHING }
}

pub const ROWS: &[Row] = &[
    (
        "node-lts",
        said_words("node 20.11.1"),
        Diff(&["-          node-version: lts/*", "+          node-version: 20.11.1"]),
    ),
    ("node-lts", said_words("node 20"), Diff(&["-          node-version: lts/*", "+          node-version: \"20\""])),
    ("node-lts", said_words("20.x"), Diff(&["-          node-version: lts/*", "+          node-version: 20.x"])),
    ("node-lts", said_words("node latest"), Refused("is a floating version")),
    ("node-lts", said_words("node 20'x"), Refused("or a valid version")),
    ("node-lts", said_words("ruby 3.3"), Absent),
    ("node-lts", NOTHING, Refused("Name a tool")),
    (
        "node-lts",
        said_line("npm WARN EBADENGINE   required: { node: '>=22.12' },"),
        Diff(&["-          node-version: lts/*", "+          node-version: \"22.12\""]),
    ),
    (
        "python-quoted",
        said_words("python@3.10"),
        Diff(&["-          python-version: 3.x", "+          python-version: \"3.10\""]),
    ),
    (
        "python-quoted",
        said_words("go 1.22.1 python 3.12.4"),
        Diff(&[
            "-          python-version: 3.x",
            "+          python-version: 3.12.4",
            "-          go-version: 'stable'",
            "+          go-version: '1.22.1'",
        ]),
    ),
    (
        "matrix",
        said_words("node 22"),
        Diff(&[
            "-        node: [18, 20, latest]",
            "+        node: [18, 20, \"22\"]",
            "-            node: latest",
            "+            node: \"22\"",
            "-          - { os: windows-latest, node: latest }",
            "+          - { os: windows-latest, node: \"22\" }",
        ]),
    ),
    (
        "matrix",
        said_words("ubuntu-22.04"),
        Diff(&[
            "-        os: [ubuntu-latest, windows-latest]",
            "+        os: [ubuntu-22.04, windows-latest]",
            "-          - os: ubuntu-latest",
            "+          - os: ubuntu-22.04",
        ]),
    ),
    ("matrix", said_words("node 20"), Refused("the matrix has 20 in addition")),
    ("matrix", said_words("node 20.11.1"), Refused("several matrix values match")),
    ("variable", at("test", "python 3.13"), Diff(&["-  PYTHON: \"3.x\"", "+  PYTHON: \"3.13\""])),
    ("variable", at("computed", "python 3.13"), Refused("the version is computed")),
    ("variable", at("file", "python 3.13"), Refused("comes from .python-version")),
    ("variable", at("several", "python 3.13"), Refused("several versions of python")),
    (
        "rust",
        at("stable", "rust 1.81.0"),
        Diff(&["-      - uses: dtolnay/rust-toolchain@stable", "+      - uses: dtolnay/rust-toolchain@1.81.0"]),
    ),
    (
        "rust",
        at("nightly", "rust nightly-2024-05-01"),
        Diff(&[
            "-      - uses: dtolnay/rust-toolchain@nightly",
            "+      - uses: dtolnay/rust-toolchain@master",
            "+        with:",
            "+          toolchain: nightly-2024-05-01",
        ]),
    ),
    (
        "rust",
        at("stable", "rust nightly-2024-05-01"),
        Diff(&[
            "-      - uses: dtolnay/rust-toolchain@stable",
            "+      - uses: dtolnay/rust-toolchain@master",
            "+          toolchain: nightly-2024-05-01",
        ]),
    ),
    ("rust", at("input", "rust 1.81"), Diff(&["-          toolchain: stable", "+          toolchain: \"1.81\""])),
    ("rust", at("commit", "rust 1.81"), Refused("pinned to a commit")),
    ("missing", at("uv", "uv 0.5.1"), Diff(&["+          version: 0.5.1"])),
    ("missing", at("node", "node 20.11.1"), Diff(&["+        with:", "+          node-version: 20.11.1"])),
    ("missing", at("pnpm", "pnpm 9"), Refused("there is no `version`")),
    (
        "missing",
        Said { job: "node", line: "This version of pnpm requires at least Node.js v18.12", ..NOTHING },
        Refused("there is no `node-version`"),
    ),
    ("fixed", said_words("go 1.22.5"), Diff(&["-          go-version: ^1.22", "+          go-version: 1.22.5"])),
    ("fixed", at("old", "go 1.22.5"), Diff(&["-          go-version: '1.21'", "+          go-version: '1.22.5'"])),
    (
        "fixed",
        Said { job: "old", line: "go: x@v1 requires go >= 1.22 (running go 1.21; GOTOOLCHAIN=local)", ..NOTHING },
        Diff(&["-          go-version: '1.21'", "+          go-version: '1.22'"]),
    ),
    ("fixed", Said { job: "old", line: "go: x@v1 requires go >= 1.20", ..NOTHING }, Already("already pinned at 1.21")),
    (
        "images",
        said_words("ubuntu-24.04"),
        Diff(&[
            "-    runs-on: ubuntu-latest",
            "+    runs-on: ubuntu-24.04",
            "-    runs-on: [ubuntu-latest]",
            "+    runs-on: [ubuntu-24.04]",
        ]),
    ),
    ("images", at("e", "ubuntu-24.04"), Diff(&["-    runs-on: ubuntu-22.04", "+    runs-on: ubuntu-24.04"])),
    ("images", at("c", "ubuntu-24.04"), Absent),
    ("images", said_words("windows-2022"), Diff(&["-    runs-on: windows-latest", "+    runs-on: windows-2022"])),
    ("images", said_words("ubuntu-latest"), Refused("is a floating version")),
    (
        "java-ruby",
        said_words("java 17.0.9"),
        Diff(&[
            "-        with: { distribution: temurin, java-version: 17 }",
            "+        with: { distribution: temurin, java-version: 17.0.9 }",
        ]),
    ),
    (
        "java-ruby",
        Said { line: "error: release version 21 not supported", words: "java", ..NOTHING },
        Diff(&[
            "-        with: { distribution: temurin, java-version: 17 }",
            "+        with: { distribution: temurin, java-version: 21 }",
        ]),
    ),
    (
        "java-ruby",
        said_words("ruby 3.3"),
        Diff(&["-          ruby-version: head # newest", "+          ruby-version: \"3.3\" # newest"]),
    ),
    ("two-tools", said_words("9.1.0"), Refused("Several tools match (node, pnpm)")),
    (
        "two-tools",
        Said { step: "Set up Node", words: "20.1.0", ..NOTHING },
        Diff(&["-          node-version: current", "+          node-version: 20.1.0"]),
    ),
    ("two-tools", said_words("pnpm 9.1.0"), Diff(&["-          version: latest", "+          version: 9.1.0"])),
    ("one-moves", said_words("3.12"), Diff(&["-          python-version: '3.x'", "+          python-version: '3.12'"])),
    ("one-moves", said_words("node 20"), Already("ode is already at 20")),
];

#[test]
fn pins_tools() {
    walk("tool_pin", ROWS);
}

#[test]
fn warns_of_conditions() {
    let Edited::Ready(edit) = apply("tool_pin", &sample("tool_pin", "matrix"), said_words("node 22").hint()) else {
        panic!("it can be pinned")
    };
    assert!(edit.warnings.iter().any(|warning| warning.contains("a condition compares")), "{:?}", edit.warnings);
}
