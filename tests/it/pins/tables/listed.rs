//! Cargo, Composer, actions and images.

use super::Expect::{Absent, Already};
use super::{Row, plain, ready, refused, row};

const COMMIT: &str = "08c6903cd8c0fde910a37f88322edcfb5dd907a8";
const DIGEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const DIGITS: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

pub const CARGO: &[Row] = &[
    plain(
        "plain",
        "serde_json",
        "1.0.100",
        &[
            "Cargo.toml: serde_json = \"=1.0.100\" # ci-rescue pin was \"1.0\"; locked 1.0.120 # parses orders\n",
            "Cargo.lock: version = \"1.0.100\"",
        ],
    ),
    refused("plain", "serde_jsoñ", "1.0.100", "not a crate name"),
    row("plain", "rand", "0.8.5", Absent),
    plain(
        "inline-table",
        "serde_json",
        "1.0.100",
        &[
            "Cargo.lock: ",
            "Cargo.toml: { version = \"=1.0.100\", features = [ # ci-rescue pin was \"1.0\"; locked 1.0.120\n    \"raw_value\",   # keep",
        ],
    ),
    plain(
        "dotted",
        "serde_json",
        "1.0.100",
        &[
            "Cargo.lock: ",
            "Cargo.toml: serde_json.version = '=1.0.100' # ci-rescue pin was '1'; locked 1.0.120\n",
            "Cargo.toml: \nversion = '=1.0.100' # ci-rescue",
        ],
    ),
    plain(
        "renamed-target",
        "serde_json",
        "1.0.100",
        &[
            "Cargo.lock: ",
            "Cargo.toml: version = \"=1.0.100\" } # ci-rescue pin was",
            "Cargo.toml: serde_json = \"=1.0.100\" # ci-rescue pin was",
        ],
    ),
    plain(
        "workspace",
        "serde",
        "1.0.190",
        &["Cargo.toml: version = \"=1.0.190\"", "Cargo.lock: name = \"serde_derive\"\nversion = \"1.0.190\""],
    ),
    plain(
        "two-versions",
        "rand",
        "0.8.4",
        &["shop/Cargo.toml: rand = \"=0.8.4\"", "till/Cargo.toml: rand = \"0.7\"\n", "Cargo.lock: \"rand 0.8.4\""],
    ),
    refused("two-versions", "rand", "0.9.0", "matches none of them"),
    ready(
        "transitive",
        "itoa",
        "1.0.9",
        &[
            "Cargo.lock: # ci-rescue pin itoa 1.0.9 was locked 1.0.11\nversion = 4",
            "Cargo.lock: name = \"itoa\"\nversion = \"1.0.9\"",
        ],
        "a lock file does not tell",
    ),
    refused("transitive", "ryu", "1.0.1", "cargo update -p ryu@1.0.18 --precise 1.0.1"),
    row("transitive", "ryu", "1.0.18", Already),
    ready(
        "without-earlier",
        "serde_json",
        "1.0.100",
        &["Cargo.toml: =1.0.100", "Cargo.lock: 1.0.120"],
        "cargo update -p serde_json@1.0.120 --precise 1.0.100",
    ),
    plain("orphans", "zip", "2.0.0", &["Cargo.toml: ", "Cargo.lock: name = \"adler\"", "Cargo.lock: name = \"zzz\""]),
    refused("git-and-path", "basket", "1.0.0", "git repository"),
    refused("git-and-path", "till", "1.0.0", "a path"),
    refused("git-and-path", "serde_json", "1.0.100", "[patch]"),
    refused("broken", "serde", "1.0.0", "Cargo.toml is not valid TOML"),
    refused("plain", "serde_json", "1.0", "three numbers"),
    plain(
        "windows-lines",
        "serde_json",
        "1.0.100",
        &[
            "Cargo.toml: serde_json = \"=1.0.100\" # ci-rescue pin was \"1.0\"; locked 1.0.120\t# tab\r\n",
            "Cargo.lock: version = \"1.0.100\"\r\n",
        ],
    ),
];

pub const COMPOSER: &[Row] = &[
    plain(
        "plain",
        "monolog/monolog",
        "3.4.0",
        &[
            "composer.json: \"monolog/monolog\": \"3.4.0\"",
            "composer.json: \"extra\": {\n        \"ci-rescue\": {\n            \"pins\"",
            "composer.lock: \"version\": \"3.4.0\"",
        ],
    ),
    plain("dev", "phpunit/phpunit", "10.5.0", &["composer.json: ", "composer.lock: \"version\": \"10.5.0\""]),
    plain(
        "transitive",
        "psr/log",
        "2.0.0",
        &["composer.lock: ", "composer.json: \"monolog/monolog\": \"^3.0\",\n        \"psr/log\": \"2.0.0\""],
    ),
    plain(
        "with-v-and-extra",
        "symfony/console",
        "v7.0.1",
        &["composer.json: \"symfony/console\": \"v7.0.1\"", "composer.lock: \"version\": \"v7.0.1\""],
    ),
    ready(
        "without-earlier",
        "monolog/monolog",
        "3.4.0",
        &["composer.json: 3.4.0"],
        "composer update monolog/monolog --no-install",
    ),
    ready(
        "stale-hash",
        "monolog/monolog",
        "3.4.0",
        &["composer.json: ", "composer.lock: \"version\": \"3.4.0\""],
        "content-hash",
    ),
    refused("branches", "acme/base", "1.0.0", "a branch"),
    refused("branches", "acme/kit", "1.0.0", "an alias"),
    refused("path", "acme/kit", "1.0.0", "a path"),
    plain(
        "tabs-no-lock",
        "monolog/monolog",
        "3.5.0",
        &["composer.json: \t\t\"Monolog/Monolog\": \"3.5.0\"\n\t},\n\t\"extra\": {\n\t\t\"ci-rescue\""],
    ),
    refused("broken", "monolog/monolog", "3.5.0", "Cannot read composer.json"),
    refused("plain", "php", "8.1.0", "not a package name"),
    refused("plain", "monolog/monolog", "dev-main1", "not a branch"),
    row("plain", "monolog/other", "1.0.0", Absent),
];

pub const ACTIONS: &[Row] = &[
    plain(
        "plain",
        "actions/checkout",
        COMMIT,
        &[
            ".github/workflows/ci.yml: - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # ci-rescue pin was v4\n",
        ],
    ),
    plain(
        "plain",
        "actions/setup-node",
        "v3.8.1",
        &[".github/workflows/ci.yml: uses: actions/setup-node@v3.8.1 # ci-rescue pin was v3 # node 18\n"],
    ),
    row("plain", "actions/checkout", "v4", Already),
    row("plain", "acme/other", "v4", Absent),
    plain(
        "quoted",
        "actions/checkout",
        "v4.1.1",
        &[
            ".github/workflows/ci.yaml: 'actions/checkout@v4.1.1' # ci-rescue pin was v4   # keep\n",
            ".github/workflows/ci.yaml: \"actions/checkout@v4.1.1\" # ci-rescue pin was v3\n",
            ".github/workflows/ci.yaml: # - uses: actions/checkout@v4\n",
        ],
    ),
    plain(
        "commit",
        "actions/checkout",
        COMMIT,
        &[".github/workflows/ci.yml: # ci-rescue pin was b4ffde65f46336ab88eb53be808477a3936bae11 # v4.1.1\n"],
    ),
    plain(
        "composite",
        "actions/cache",
        "v3.3.2",
        &[
            ".github/actions/setup/action.yml: - uses: Actions/Cache@v3.3.2 # ci-rescue pin was v3\n",
            ".github/actions/setup/action.yml:         uses: actions/cache@v3\n",
            "action.yml:   - uses: actions/cache@v3.3.2 #",
        ],
    ),
    plain(
        "reusable",
        "acme/ci/.github/workflows/build.yml",
        "v2",
        &[".github/workflows/release.yml: build.yml@v2 # ci-rescue pin was main\n"],
    ),
    plain(
        "flow",
        "actions/checkout",
        "v4.1.1",
        &[
            ".github/workflows/ci.yml: [{ uses: actions/checkout@v4.1.1 }] # ci-rescue pin was v4\n",
            ".github/workflows/ci.yml: { depth: 1 } } # ci-rescue pin was v4 # one line\n",
        ],
    ),
    plain(
        "sub-path",
        "github/codeql-action/init",
        "v2.22.0",
        &[".github/workflows/codeql.yml: init@v2.22.0 # ci", ".github/workflows/codeql.yml: analyze@v2\n"],
    ),
    refused("sub-path", "./.github/actions/setup", "v1", "in this repository"),
    refused("sub-path", "docker://alpine", "v1", "ecosystem docker"),
    plain(
        "odd",
        "actions/checkout",
        "v4.1.1",
        &[".github/workflows/ci.yml: &checkout actions/checkout@v4.1.1 # ci-rescue pin was v4\n"],
    ),
    refused("odd", "actions/cache", "v4.1.1", "cannot be edited safely"),
    refused("broken", "actions/checkout", "v4.1.1", "not valid YAML"),
    plain(
        "windows-lines",
        "actions/checkout",
        "v4.1.1",
        &[
            ".github/workflows/ci.yml: @v4.1.1 # ci-rescue pin was v4\r\n",
            ".github/workflows/ci.yml: @v4.1.1 # ci-rescue pin was v4\t# two\r\n",
        ],
    ),
    plain(
        "nested-block",
        "actions/checkout",
        "v4.1.1",
        &[
            ".github/workflows/ci.yml:         uses: actions/checkout@v4.1.1 #",
            ".github/workflows/ci.yml:           uses: actions/checkout@v1\n        uses",
        ],
    ),
    refused("plain", "actions/checkout", "v4 || rm", "a tag such as"),
    refused("plain", "actions/checkout", "../v4", "a tag such as"),
    plain(
        "sub-path",
        "github/codeql-action",
        "v2.22.0",
        &[
            ".github/workflows/codeql.yml: init@v2.22.0 # ci-rescue pin was v2\n      - uses: github/codeql-action/analyze@v2.22.0 # ci-rescue pin was v2\n",
        ],
    ),
    plain("reusable", "acme/ci", "v2", &[".github/workflows/release.yml: build.yml@v2 # ci-rescue pin was main\n"]),
    plain(
        "anywhere",
        "actions/cache",
        "v3.3.2",
        &[
            "ci/setup/action.yaml: actions/cache/restore@v3.3.2 # ci-rescue pin was v3\n    - uses: Actions/Cache@v3.3.2 # ci-rescue pin was v3 # all\n    - uses: actions/cache-tool@v3\n",
        ],
    ),
];

pub const DOCKER: &[Row] = &[
    plain("plain", "node", DIGEST, &["Dockerfile: # ci-rescue pin was node:20\nFROM node:20@sha256:bbbb"]),
    plain("plain", "node", DIGITS, &["Dockerfile: FROM node:20@sha256:bbbb"]),
    refused("plain", "node", "22.0.0", "64 hexadecimal digits"),
    plain(
        "stages",
        "golang",
        DIGEST,
        &[
            "build/Dockerfile: # syntax=docker/dockerfile:1\n# escape=\\\n\n# ci-rescue pin was golang:1.22\nFROM --platform=$BUILDPLATFORM golang:1.22@sha256:bbbb",
        ],
    ),
    row("stages", "build", DIGEST, Absent),
    plain(
        "registry",
        "ghcr.io/acme/base",
        DIGEST,
        &["api.dockerfile: from ghcr.io/acme/base:2024.1@sha256:", "Containerfile: was ghcr.io/acme/base:2024.1\nFROM"],
    ),
    plain(
        "digest",
        "python",
        DIGEST,
        &["Dockerfile: was python:3.12-slim@sha256:aaaa", "Dockerfile: FROM python:3.12-slim@sha256:bbbb"],
    ),
    refused("several-tags", "node", DIGEST, "20, 20-alpine"),
    plain(
        "several-tags",
        "node:20-alpine",
        DIGEST,
        &["Dockerfile: FROM docker.io/library/node:20-alpine@sha256:", "Dockerfile: FROM node:20 AS build"],
    ),
    plain(
        "continued",
        "redis",
        DIGEST,
        &[
            "Dockerfile.prod: # ci-rescue pin was redis:7\nFROM \\\n  # which one\n  redis:7@sha256:",
            "Dockerfile.prod: > /x\nFROM redis:7\nEOF\nRUN echo \\\n  FROM redis:7\n",
        ],
    ),
    plain(
        "compose",
        "postgres",
        DIGEST,
        &[
            "docker-compose.yml: bbbb\" # ci-rescue pin was \"postgres:16\" # main\n",
            "docker-compose.yml:     image: postgres:16\n",
            "compose.override.yaml: bbbb } # ci-rescue pin was postgres:16\n",
        ],
    ),
    refused("arguments", "node", DIGEST, "ARG"),
    plain(
        "copy-from",
        "nginx",
        DIGEST,
        &["Dockerfile:   # ci-rescue pin was nginx:1.25\n  COPY --chown=1:1 --from=nginx:1.25@sha256:"],
    ),
    plain(
        "no-tag",
        "localhost:5000/acme/tool",
        DIGEST,
        &["Dockerfile: # ci-rescue pin was localhost:5000/acme/tool\r\nFROM localhost:5000/acme/tool@sha256:"],
    ),
    refused("compose-variable", "postgres", DIGEST, "from a variable"),
    plain(
        "workflow",
        "node",
        DIGEST,
        &[
            ".github/workflows/ci.yml:  container: node:20@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb # ci-rescue pin was node:20 # as in production\n",
            ".github/workflows/ci.yml: - uses: docker://node:20@sha256:bbbb",
            ".github/workflows/ci.yml: - uses: actions/node@v4\n      - run: docker run node:20\n",
            ".github/workflows/ci.yml: image: docker.io/library/node:20@sha256:bbbb",
            "action.yml: image: docker://node:20@sha256:",
        ],
    ),
    plain("workflow", "postgres", DIGEST, &[".github/workflows/ci.yml: image: \"postgres:16@sha256:"]),
    plain(
        "workflow",
        "redis",
        DIGEST,
        &[
            ".github/workflows/ci.yml: { image: redis:7@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb } # ci-rescue pin was redis:7\n",
        ],
    ),
    refused("workflow-matrix", "node", DIGEST, "from a variable"),
    row("workflow-matrix", "postgres", DIGEST, Absent),
];

pub const PRE_COMMIT: &[Row] = &[
    plain(
        "plain",
        "psf/black",
        "24.1.1",
        &[".pre-commit-config.yaml: rev: 24.1.1 # ci-rescue pin was 24.2.0  # formats everything\n"],
    ),
    plain(
        "plain",
        "https://github.com/pre-commit/pre-commit-hooks",
        "v4.4.0",
        &[".pre-commit-config.yaml: rev: v4.4.0 # ci-rescue pin was v4.5.0\n"],
    ),
    row("plain", "github.com/PSF/black", "24.2.0", Already),
    row("plain", "acme/black", "24.2.0", Absent),
    refused("plain", "psf/black", "main", "to a tag"),
    refused("plain", "black", "24.1.1", "owner/name"),
    plain(
        "several",
        "astral-sh/ruff-pre-commit",
        "v0.2.2",
        &[
            ".pre-commit-config.yaml:   rev: \"v0.2.2\" # ci-rescue pin was v0.3.0\n",
            ".pre-commit-config.yaml:   rev: 'v0.2.2' # ci-rescue pin was v0.3.0\n",
        ],
    ),
    plain(
        "several",
        "tools/hooks",
        "v1.1.0",
        &[
            ".pre-commit-config.yaml: v1.1.0 # ci-rescue pin was 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567  # frozen: v1.2.0\n",
        ],
    ),
    row("several", "acme/tools", "v1.1.0", Absent),
    plain(
        "shapes",
        "acme/one-line",
        "v0.9.0",
        &[".pre-commit-config.yaml: rev: v0.9.0, hooks: [{id: a}]} # ci-rescue pin was v1.0.0\n"],
    ),
    refused("shapes", "acme/no-rev", "v1.0.0", "has no `rev`"),
    refused("shapes", "acme/folded", "v0.9.0", "one plain value"),
    refused("shapes", "acme/tagged", "v0.9.0", "one plain value"),
];
