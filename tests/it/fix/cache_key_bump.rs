//! `cache_key_bump`.

use super::Want::{Absent, Diff, Refused};
use super::{NOTHING, Row, Said, apply, said_words, sample, walk};
use ci_rescue::domain::edit::Edited;

const fn job(job: &'static str) -> Said {
    Said { job, ..NOTHING }
}

pub const ROWS: &[Row] = &[
    (
        "at-start",
        NOTHING,
        Diff(&[
            "-          key: v1-deps-${{ hashFiles('package-lock.json') }}",
            "+          key: v2-deps-${{ hashFiles('package-lock.json') }}",
            "-            v1-deps-",
            "-            v1-",
            "+            v2-deps-",
            "+            v2-",
        ]),
    ),
    (
        "at-end",
        NOTHING,
        Diff(&["-          key: \"${{ runner.os }}-cargo-v3\"", "+          key: \"${{ runner.os }}-cargo-v4\""]),
    ),
    (
        "no-version",
        NOTHING,
        Diff(&[
            "-          key: ${{ runner.os }}-gradle-${{ hashFiles('**/*.gradle*') }}",
            "+          key: v2-${{ runner.os }}-gradle-${{ hashFiles('**/*.gradle*') }}",
            "-            ${{ runner.os }}-gradle-",
            "+            v2-${{ runner.os }}-gradle-",
            "-            ${{ runner.os }}-",
            "+            v2-${{ runner.os }}-",
        ]),
    ),
    (
        "short-restore",
        NOTHING,
        Diff(&[
            "-          key: ${{ runner.os }}-dist-v3",
            "-          restore-keys: ${{ runner.os }}-dist-",
            "+          key: v2-${{ runner.os }}-dist-v3",
            "+          restore-keys: v2-${{ runner.os }}-dist-",
        ]),
    ),
    (
        "save-and-restore",
        job("warm"),
        Diff(&[
            "-          key: ${{ runner.os }}-v7-deps-${{ hashFiles('lock') }}",
            "+          key: ${{ runner.os }}-v8-deps-${{ hashFiles('lock') }}",
            "-            ${{ runner.os }}-v7-deps-",
            "+            ${{ runner.os }}-v8-deps-",
            "-          key: ${{runner.os}}-v7-deps-${{hashFiles('lock')}}",
            "+          key: ${{runner.os}}-v8-deps-${{hashFiles('lock')}}",
            "-          key: ${{ runner.os }}-v7-deps-${{ hashFiles('lock') }}",
            "+          key: ${{ runner.os }}-v8-deps-${{ hashFiles('lock') }}",
        ]),
    ),
    (
        "save-and-restore",
        Said { job: "use", words: "lint", ..NOTHING },
        Diff(&["-          key: lint-cache", "+          key: v2-lint-cache"]),
    ),
    ("save-and-restore", said_words("docker"), Refused("No cache matches `docker`")),
    (
        "variable",
        NOTHING,
        Diff(&["-  CACHE_VERSION: 3 # raise it to start afresh", "+  CACHE_VERSION: 4 # raise it to start afresh"]),
    ),
    ("rust-cache", job("plain"), Diff(&["+              with:", "+                  prefix-key: v1-rust"])),
    (
        "rust-cache",
        job("prefixed"),
        Diff(&["-                  prefix-key: v0-rust", "+                  prefix-key: v1-rust"]),
    ),
    ("rust-cache", job("inputs"), Diff(&["+                  prefix-key: v1-rust"])),
    (
        "rust-cache",
        job("keyed"),
        Diff(&[
            "-            - { uses: Swatinem/rust-cache@v2, with: { key: \"${{ matrix.target }}\", cache-bin: false } }",
            "+            - { uses: Swatinem/rust-cache@v2, with: { key: \"v2-${{ matrix.target }}\", cache-bin: false } }",
        ]),
    ),
    ("setup-ruby", job("rspec"), Diff(&["+          cache-version: \"1\""])),
    ("setup-ruby", job("old"), Diff(&["-          cache-version: 4", "+          cache-version: 5"])),
    ("keyless", NOTHING, Refused("generates its own cache key")),
    ("keyless", job("lint"), Absent),
    (
        "anchored",
        NOTHING,
        Diff(&["-          key: &key deps-${{ github.sha }}", "+          key: &key v2-deps-${{ github.sha }}"]),
    ),
    (
        "block-key",
        job("a"),
        Diff(&[
            "-            pip-${{ hashFiles('requirements.txt') }}",
            "+            v2-pip-${{ hashFiles('requirements.txt') }}",
        ]),
    ),
    ("block-key", job("b"), Refused("cannot be edited safely")),
    ("block-key", job("c"), Refused("restore-keys is computed")),
    ("tool-version", NOTHING, Refused("Several workflows would change")),
    (
        "tool-version",
        Said { workflow: "CI", ..NOTHING },
        Diff(&[
            "-          key: ${{ runner.os }}-node-v20-${{ hashFiles('yarn.lock') }}",
            "+          key: v2-${{ runner.os }}-node-v20-${{ hashFiles('yarn.lock') }}",
            "-            ${{ runner.os }}-node-v20-",
            "+            v2-${{ runner.os }}-node-v20-",
        ]),
    ),
    (
        "quoted",
        NOTHING,
        Diff(&[
            "-        with: { path: 'x', key: 'it''s-${{ runner.os }}', restore-keys: 'it''s-' }",
            "+        with: { path: 'x', key: 'v2-it''s-${{ runner.os }}', restore-keys: 'v2-it''s-' }",
        ]),
    ),
];

#[test]
fn raises_keys() {
    walk("cache_key_bump", ROWS);
}

#[test]
fn warns_of_what_shares_the_cache() {
    for (name, said, piece) in [
        ("tool-version", Said { workflow: "CI", ..NOTHING }, "other.yml has the same key"),
        ("save-and-restore", job("warm"), "whatever saves the cache must run first"),
    ] {
        let Edited::Ready(edit) = apply("cache_key_bump", &sample("cache_key_bump", name), said.hint()) else {
            panic!("{name}")
        };
        assert!(edit.warnings.iter().any(|warning| warning.contains(piece)), "{:?}", edit.warnings);
    }
}
