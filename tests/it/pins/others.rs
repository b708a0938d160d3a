//! Cargo, Composer, actions and images.

use super::sample::Want::{Absent, Already, Edits, Refused, Warns};
use super::sample::{Case, walk};

const CARGO: &[Case] = &[
    (
        "plain",
        "serde_json",
        "1.0.100",
        Edits(&[
            ("Cargo.toml", "serde_json = \"=1.0.100\" # ci-rescue pin was \"1.0\"; locked 1.0.120 # parses orders\n"),
            ("Cargo.lock", "version = \"1.0.100\""),
        ]),
    ),
    ("plain", "serde_jsoñ", "1.0.100", Refused("not a crate name")),
    ("plain", "rand", "0.8.5", Absent),
    (
        "inline-table",
        "serde_json",
        "1.0.100",
        Edits(&[(
            "Cargo.toml",
            "{ version = \"=1.0.100\", features = [ # ci-rescue pin was \"1.0\"; locked 1.0.120\n    \"raw_value\",   # keep",
        )]),
    ),
    (
        "dotted",
        "serde_json",
        "1.0.100",
        Edits(&[
            ("Cargo.toml", "serde_json.version = '=1.0.100' # ci-rescue pin was '1'; locked 1.0.120\n"),
            ("Cargo.toml", "\nversion = '=1.0.100' # ci-rescue"),
        ]),
    ),
    (
        "renamed-target",
        "serde_json",
        "1.0.100",
        Edits(&[
            ("Cargo.toml", "version = \"=1.0.100\" } # ci-rescue pin was"),
            ("Cargo.toml", "serde_json = \"=1.0.100\" # ci-rescue pin was"),
        ]),
    ),
    (
        "workspace",
        "serde",
        "1.0.190",
        Edits(&[
            ("Cargo.toml", "version = \"=1.0.190\""),
            ("Cargo.lock", "name = \"serde_derive\"\nversion = \"1.0.190\""),
        ]),
    ),
    (
        "two-versions",
        "rand",
        "0.8.4",
        Edits(&[
            ("shop/Cargo.toml", "rand = \"=0.8.4\""),
            ("till/Cargo.toml", "rand = \"0.7\"\n"),
            ("Cargo.lock", "\"rand 0.8.4\""),
        ]),
    ),
    ("two-versions", "rand", "0.9.0", Refused("matches none of them")),
    (
        "transitive",
        "itoa",
        "1.0.9",
        Warns(
            "a lock file does not tell",
            &[
                ("Cargo.lock", "# ci-rescue pin itoa 1.0.9 was locked 1.0.11\nversion = 4"),
                ("Cargo.lock", "name = \"itoa\"\nversion = \"1.0.9\""),
            ],
        ),
    ),
    ("transitive", "ryu", "1.0.1", Refused("cargo update -p ryu@1.0.18 --precise 1.0.1")),
    ("transitive", "ryu", "1.0.18", Already),
    (
        "without-earlier",
        "serde_json",
        "1.0.100",
        Warns(
            "cargo update -p serde_json@1.0.120 --precise 1.0.100",
            &[("Cargo.toml", "=1.0.100"), ("Cargo.lock", "1.0.120")],
        ),
    ),
    ("orphans", "zip", "2.0.0", Edits(&[("Cargo.lock", "name = \"adler\""), ("Cargo.lock", "name = \"zzz\"")])),
    ("git-and-path", "basket", "1.0.0", Refused("git repository")),
    ("git-and-path", "till", "1.0.0", Refused("a path")),
    ("git-and-path", "serde_json", "1.0.100", Refused("[patch]")),
    ("broken", "serde", "1.0.0", Refused("Cargo.toml is not valid TOML")),
    ("plain", "serde_json", "1.0", Refused("three numbers")),
    (
        "windows-lines",
        "serde_json",
        "1.0.100",
        Edits(&[
            ("Cargo.toml", "serde_json = \"=1.0.100\" # ci-rescue pin was \"1.0\"; locked 1.0.120\t# tab\r\n"),
            ("Cargo.lock", "version = \"1.0.100\"\r\n"),
        ]),
    ),
];

#[test]
fn cargo() {
    walk(super::editor("cargo"), CARGO);
}

const COMPOSER: &[Case] = &[
    (
        "plain",
        "monolog/monolog",
        "3.4.0",
        Edits(&[
            ("composer.json", "\"monolog/monolog\": \"3.4.0\""),
            ("composer.json", "\"extra\": {\n        \"ci-rescue\": {\n            \"pins\""),
            ("composer.lock", "\"version\": \"3.4.0\""),
        ]),
    ),
    ("dev", "phpunit/phpunit", "10.5.0", Edits(&[("composer.lock", "\"version\": \"10.5.0\"")])),
    (
        "transitive",
        "psr/log",
        "2.0.0",
        Edits(&[("composer.json", "\"monolog/monolog\": \"^3.0\",\n        \"psr/log\": \"2.0.0\"")]),
    ),
    (
        "with-v-and-extra",
        "symfony/console",
        "v7.0.1",
        Edits(&[("composer.json", "\"symfony/console\": \"v7.0.1\""), ("composer.lock", "\"version\": \"v7.0.1\"")]),
    ),
    (
        "without-earlier",
        "monolog/monolog",
        "3.4.0",
        Warns("composer update monolog/monolog --no-install", &[("composer.json", "3.4.0")]),
    ),
    ("stale-hash", "monolog/monolog", "3.4.0", Warns("content-hash", &[("composer.lock", "\"version\": \"3.4.0\"")])),
    ("branches", "acme/base", "1.0.0", Refused("a branch")),
    ("branches", "acme/kit", "1.0.0", Refused("an alias")),
    ("path", "acme/kit", "1.0.0", Refused("a path")),
    (
        "tabs-no-lock",
        "monolog/monolog",
        "3.5.0",
        Edits(&[("composer.json", "\t\t\"Monolog/Monolog\": \"3.5.0\"\n\t},\n\t\"extra\": {\n\t\t\"ci-rescue\"")]),
    ),
    ("broken", "monolog/monolog", "3.5.0", Refused("Cannot read composer.json")),
    ("plain", "php", "8.1.0", Refused("not a package name")),
    ("plain", "monolog/monolog", "dev-main1", Refused("not a branch")),
    ("plain", "monolog/other", "1.0.0", Absent),
];

#[test]
fn composer() {
    walk(super::editor("composer"), COMPOSER);
}

const COMMIT: &str = "08c6903cd8c0fde910a37f88322edcfb5dd907a8";

const ACTIONS: &[Case] = &[
    (
        "plain",
        "actions/checkout",
        COMMIT,
        Edits(&[(
            ".github/workflows/ci.yml",
            "- uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # ci-rescue pin was v4\n",
        )]),
    ),
    (
        "plain",
        "actions/setup-node",
        "v3.8.1",
        Edits(&[(".github/workflows/ci.yml", "uses: actions/setup-node@v3.8.1 # ci-rescue pin was v3 # node 18\n")]),
    ),
    ("plain", "actions/checkout", "v4", Already),
    ("plain", "acme/other", "v4", Absent),
    (
        "quoted",
        "actions/checkout",
        "v4.1.1",
        Edits(&[
            (".github/workflows/ci.yaml", "'actions/checkout@v4.1.1' # ci-rescue pin was v4   # keep\n"),
            (".github/workflows/ci.yaml", "\"actions/checkout@v4.1.1\" # ci-rescue pin was v3\n"),
            (".github/workflows/ci.yaml", "# - uses: actions/checkout@v4\n"),
        ]),
    ),
    (
        "commit",
        "actions/checkout",
        COMMIT,
        Edits(&[(
            ".github/workflows/ci.yml",
            "# ci-rescue pin was b4ffde65f46336ab88eb53be808477a3936bae11 # v4.1.1\n",
        )]),
    ),
    (
        "composite",
        "actions/cache",
        "v3.3.2",
        Edits(&[
            (".github/actions/setup/action.yml", "- uses: Actions/Cache@v3.3.2 # ci-rescue pin was v3\n"),
            (".github/actions/setup/action.yml", "        uses: actions/cache@v3\n"),
            ("action.yml", "  - uses: actions/cache@v3.3.2 #"),
        ]),
    ),
    (
        "reusable",
        "acme/ci/.github/workflows/build.yml",
        "v2",
        Edits(&[(".github/workflows/release.yml", "build.yml@v2 # ci-rescue pin was main\n")]),
    ),
    (
        "flow",
        "actions/checkout",
        "v4.1.1",
        Edits(&[
            (".github/workflows/ci.yml", "[{ uses: actions/checkout@v4.1.1 }] # ci-rescue pin was v4\n"),
            (".github/workflows/ci.yml", "{ depth: 1 } } # ci-rescue pin was v4 # one line\n"),
        ]),
    ),
    (
        "sub-path",
        "github/codeql-action/init",
        "v2.22.0",
        Edits(&[
            (".github/workflows/codeql.yml", "init@v2.22.0 # ci"),
            (".github/workflows/codeql.yml", "analyze@v2\n"),
        ]),
    ),
    ("sub-path", "./.github/actions/setup", "v1", Refused("in this repository")),
    ("sub-path", "docker://alpine", "v1", Refused("ecosystem docker")),
    (
        "odd",
        "actions/checkout",
        "v4.1.1",
        Edits(&[(".github/workflows/ci.yml", "&checkout actions/checkout@v4.1.1 # ci-rescue pin was v4\n")]),
    ),
    ("odd", "actions/cache", "v4.1.1", Refused("cannot be edited safely")),
    ("broken", "actions/checkout", "v4.1.1", Refused("not valid YAML")),
    (
        "windows-lines",
        "actions/checkout",
        "v4.1.1",
        Edits(&[
            (".github/workflows/ci.yml", "@v4.1.1 # ci-rescue pin was v4\r\n"),
            (".github/workflows/ci.yml", "@v4.1.1 # ci-rescue pin was v4\t# two\r\n"),
        ]),
    ),
    (
        "nested-block",
        "actions/checkout",
        "v4.1.1",
        Edits(&[
            (".github/workflows/ci.yml", "        uses: actions/checkout@v4.1.1 #"),
            (".github/workflows/ci.yml", "          uses: actions/checkout@v1\n        uses"),
        ]),
    ),
    ("plain", "actions/checkout", "v4 || rm", Refused("a tag such as")),
    ("plain", "actions/checkout", "../v4", Refused("a tag such as")),
];

#[test]
fn actions() {
    walk(super::editor("github-actions"), ACTIONS);
}

const DIGEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const DIGITS: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const DOCKER: &[Case] = &[
    ("plain", "node", DIGEST, Edits(&[("Dockerfile", "# ci-rescue pin was node:20\nFROM node:20@sha256:bbbb")])),
    ("plain", "node", DIGITS, Edits(&[("Dockerfile", "FROM node:20@sha256:bbbb")])),
    ("plain", "node", "22.0.0", Refused("64 hexadecimal digits")),
    (
        "stages",
        "golang",
        DIGEST,
        Edits(&[(
            "build/Dockerfile",
            "# syntax=docker/dockerfile:1\n# escape=\\\n\n# ci-rescue pin was golang:1.22\nFROM --platform=$BUILDPLATFORM golang:1.22@sha256:bbbb",
        )]),
    ),
    ("stages", "build", DIGEST, Absent),
    (
        "registry",
        "ghcr.io/acme/base",
        DIGEST,
        Edits(&[
            ("api.dockerfile", "from ghcr.io/acme/base:2024.1@sha256:"),
            ("Containerfile", "was ghcr.io/acme/base:2024.1\nFROM"),
        ]),
    ),
    (
        "digest",
        "python",
        DIGEST,
        Edits(&[
            ("Dockerfile", "was python:3.12-slim@sha256:aaaa"),
            ("Dockerfile", "FROM python:3.12-slim@sha256:bbbb"),
        ]),
    ),
    ("several-tags", "node", DIGEST, Refused("20, 20-alpine")),
    (
        "several-tags",
        "node:20-alpine",
        DIGEST,
        Edits(&[
            ("Dockerfile", "FROM docker.io/library/node:20-alpine@sha256:"),
            ("Dockerfile", "FROM node:20 AS build"),
        ]),
    ),
    (
        "continued",
        "redis",
        DIGEST,
        Edits(&[
            ("Dockerfile.prod", "# ci-rescue pin was redis:7\nFROM \\\n  # which one\n  redis:7@sha256:"),
            ("Dockerfile.prod", "> /x\nFROM redis:7\nEOF\nRUN echo \\\n  FROM redis:7\n"),
        ]),
    ),
    (
        "compose",
        "postgres",
        DIGEST,
        Edits(&[
            ("docker-compose.yml", "bbbb\" # ci-rescue pin was \"postgres:16\" # main\n"),
            ("docker-compose.yml", "    image: postgres:16\n"),
            ("compose.override.yaml", "bbbb } # ci-rescue pin was postgres:16\n"),
        ]),
    ),
    ("arguments", "node", DIGEST, Refused("ARG")),
    (
        "copy-from",
        "nginx",
        DIGEST,
        Edits(&[("Dockerfile", "  # ci-rescue pin was nginx:1.25\n  COPY --chown=1:1 --from=nginx:1.25@sha256:")]),
    ),
    (
        "no-tag",
        "localhost:5000/acme/tool",
        DIGEST,
        Edits(&[(
            "Dockerfile",
            "# ci-rescue pin was localhost:5000/acme/tool\r\nFROM localhost:5000/acme/tool@sha256:",
        )]),
    ),
    ("compose-variable", "postgres", DIGEST, Refused("from a variable")),
];

#[test]
fn docker() {
    walk(super::editor("docker"), DOCKER);
}
