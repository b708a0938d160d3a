//! `action_major_back` and `action_major_forward`.

use super::Want::{Absent, Already, Diff, Refused};
use super::{NOTHING, Row, Said, said_line, said_words, walk};

const GLIBC: &str = "/__e/node20/bin/node: /lib64/libc.so.6: version `GLIBC_2.28' not found";
const GONE: &str = "##[error]This request has been automatically failed because it uses a deprecated version of `actions/upload-artifact: v3`.";

pub const BACK: &[Row] = &[
    (
        "container",
        Said { job: "legacy (centos:7)", step: "Run actions/checkout@v4", line: GLIBC, ..NOTHING },
        Diff(&["-      - uses: actions/checkout@v4", "+      - uses: actions/checkout@v3 # ci-rescue fix was v4"]),
    ),
    ("container", said_line(GLIBC), Refused("actions/checkout, actions/setup-java")),
    ("container", said_words("v3"), Refused("is not an action name")),
    ("container", said_words("acme/none"), Absent),
    (
        "exact",
        said_words("setup-node"),
        Diff(&[
            "-        uses: \"actions/setup-node@v4.1.2\" # with cache",
            "+        uses: \"actions/setup-node@v3\" # ci-rescue fix was v4.1.2 # with cache",
        ]),
    ),
    (
        "named-by-line",
        said_line("##[error]Unable to resolve action `acme/lint@v9`, unable to find version `v9`"),
        Diff(&["-      - uses: acme/lint@v9", "+      - uses: acme/lint@v8 # ci-rescue fix was v9"]),
    ),
    (
        "named-by-line",
        said_line("Can't find 'action.yml' under '/home/runner/work/_actions/acme/lint/v10'. Did you forget"),
        Already("no longer used at v10"),
    ),
    ("commit", said_words("actions/checkout"), Refused("pinned to a commit")),
    ("commit", said_words("actions/setup-go"), Refused("is pinned: `unpin` it first")),
    ("branch", said_words("acme/tool"), Refused("is a branch")),
    ("branch", said_words("acme/first"), Refused("no major version before v1")),
    ("branch", said_words("acme/beta"), Refused("not a plain version")),
    ("branch", said_words("acme/plain"), Refused("no major-version tag")),
    ("branch", said_words("docker://alpine"), Refused("is an image")),
    ("branch", said_words("./.github/actions/x"), Refused("action in this repository")),
    (
        "branch",
        said_words("acme/line"),
        Diff(&[
            "-      - uses: acme/line@release/v3",
            "+      - uses: acme/line@release/v2 # ci-rescue fix was release/v3",
        ]),
    ),
    (
        "artifacts",
        Said { job: "build", words: "actions/upload-artifact", ..NOTHING },
        Diff(&[
            "-      - uses: actions/upload-artifact@v4",
            "+      - uses: actions/upload-artifact@v3 # ci-rescue fix was v4",
            "-      - uses: actions/download-artifact@v4",
            "+      - uses: actions/download-artifact@v3 # ci-rescue fix was v4",
        ]),
    ),
    ("artifacts", Said { job: "merge", words: "actions/upload-artifact/merge", ..NOTHING }, Absent),
    (
        "newer-uploads",
        said_words("actions/download-artifact"),
        Diff(&[
            "-      - uses: actions/upload-artifact@v6",
            "+      - uses: actions/upload-artifact@v3 # ci-rescue fix was v6",
            "-      - uses: actions/download-artifact@v4",
            "+      - uses: actions/download-artifact@v3 # ci-rescue fix was v4",
        ]),
    ),
    ("merge-only", said_words("actions/upload-artifact/merge"), Refused("no major version before v4")),
    ("two-versions", said_words("actions/checkout"), Refused("actions/checkout@v3, actions/checkout@v4")),
    (
        "two-versions",
        said_words("actions/checkout@v4"),
        Diff(&["-      - uses: actions/checkout@v4", "+      - uses: actions/checkout@v3 # ci-rescue fix was v4"]),
    ),
    (
        "flow",
        said_words("checkout"),
        Diff(&[
            "-    steps: [{ uses: actions/checkout@v4 }, { run: make }]",
            "+    steps: [{ uses: actions/checkout@v3 }, { run: make }] # ci-rescue fix was v4",
        ]),
    ),
    (
        "one-line",
        said_words("checkout"),
        Diff(&[
            "-    steps: [{ uses: actions/checkout@v4 }, { uses: actions/checkout@v4, with: { path: b } }]",
            "+    steps: [{ uses: actions/checkout@v3 }, { uses: actions/checkout@v3, with: { path: b } }] # ci-rescue fix was v4",
        ]),
    ),
    ("crowded-line", said_words("checkout"), Refused("this line has several actions")),
    (
        "undo",
        said_words("actions/upload-artifact"),
        Diff(&[
            "-      - uses: actions/upload-artifact@v4 # ci-rescue fix was v3 # keep",
            "+      - uses: actions/upload-artifact@v3 # ci-rescue fix was v4 # keep",
        ]),
    ),
    ("several-files", said_words("actions/checkout"), Refused("Several workflows would change")),
    (
        "several-files",
        Said { workflow: "Lint", words: "actions/checkout", ..NOTHING },
        Diff(&["-      - uses: actions/checkout@v4", "+      - uses: actions/checkout@v3 # ci-rescue fix was v4"]),
    ),
    (
        "several-files",
        Said { workflow: ".github/workflows/tests.yaml@refs/heads/main", words: "actions/checkout", ..NOTHING },
        Diff(&["-      - uses: Actions/Checkout@v4", "+      - uses: Actions/Checkout@v3 # ci-rescue fix was v4"]),
    ),
    ("several-files", Said { workflow: "Nope", words: "actions/checkout", ..NOTHING }, Refused("No workflow is named")),
    (
        "anchored",
        said_words("actions/checkout"),
        Diff(&[
            "-      - uses: &checkout actions/checkout@v4",
            "+      - uses: &checkout actions/checkout@v3 # ci-rescue fix was v4",
        ]),
    ),
    ("anchored", said_words("actions/setup-go"), Refused("cannot be edited safely")),
    (
        "reusable",
        said_words("acme/ci/.github/workflows/build.yml"),
        Diff(&[
            "-    uses: acme/ci/.github/workflows/build.yml@v2",
            "+    uses: acme/ci/.github/workflows/build.yml@v1 # ci-rescue fix was v2",
        ]),
    ),
    (
        "reusable",
        Said { workflow: "ci.yml", job: "call / inner", line: GLIBC, ..NOTHING },
        Refused("name that workflow"),
    ),
];

pub const FORWARD: &[Row] = &[
    (
        "deprecated",
        said_line(GONE),
        Diff(&[
            "-      - uses: actions/upload-artifact@v3",
            "+      - uses: actions/upload-artifact@v4 # ci-rescue fix was v3",
            "-      - uses: actions/download-artifact@v2",
            "+      - uses: actions/download-artifact@v4 # ci-rescue fix was v2",
        ]),
    ),
    ("deprecated", Said { job: "nothing", line: GONE, ..NOTHING }, Absent),
    (
        "cache-old",
        said_line("uses a deprecated version of `actions/cache: v1.2.0`. Please update"),
        Diff(&["-        uses: actions/cache@v1.2.0", "+        uses: actions/cache@v4 # ci-rescue fix was v1.2.0"]),
    ),
    (
        "cache-old",
        said_words("actions/checkout"),
        Diff(&["-      - uses: 'actions/checkout@v3'", "+      - uses: 'actions/checkout@v4' # ci-rescue fix was v3"]),
    ),
    (
        "mixed-old",
        said_words("upload-artifact"),
        Diff(&[
            "-      - uses: actions/upload-artifact@v2",
            "+      - uses: actions/upload-artifact@v4 # ci-rescue fix was v2",
            "-      - uses: actions/upload-artifact@v3.1.3",
            "+      - uses: actions/upload-artifact@v4 # ci-rescue fix was v3.1.3",
        ]),
    ),
    ("pinned-partner", said_line(GONE), Refused("pinned to a commit")),
    (
        "next",
        said_words("actions/setup-node"),
        Diff(&[
            "-      - uses: actions/setup-node@v3 # node",
            "+      - uses: actions/setup-node@v4 # ci-rescue fix was v3 # node",
        ]),
    ),
    (
        "next",
        said_words("setup-python actions/setup-node"),
        Diff(&[
            "-      - uses: actions/setup-node@v3 # node",
            "-      - uses: actions/setup-python@v4.0",
            "+      - uses: actions/setup-node@v4 # ci-rescue fix was v3 # node",
            "+      - uses: actions/setup-python@v5 # ci-rescue fix was v4.0",
        ]),
    ),
    (
        "next",
        said_line("deprecated Node.js: actions/setup-node@v3, actions/setup-python@v4"),
        Refused("Several actions"),
    ),
    ("next", said_words("acme/setup-node"), Absent),
    (
        "back-again",
        said_words("actions/checkout"),
        Diff(&[
            "-      - uses: actions/checkout@v3 # ci-rescue fix was v4.2.0",
            "+      - uses: actions/checkout@v4.2.0 # ci-rescue fix was v3",
        ]),
    ),
    ("marked", said_words("actions/checkout"), Already("already went forward one major version")),
    (
        "only-one",
        Said { workflow: "CI", job: "Unit 3.12", ..NOTHING },
        Diff(&[
            "-            - uses: actions/checkout@v4",
            "+            - uses: actions/checkout@v5 # ci-rescue fix was v4",
        ]),
    ),
    (
        "shared-steps",
        said_words("actions/cache"),
        Diff(&["-      - uses: actions/cache@v2", "+      - uses: actions/cache@v4 # ci-rescue fix was v2"]),
    ),
    ("broken", said_words("actions/cache"), Refused("Cannot read")),
    (
        "two-documents",
        said_words("actions/cache"),
        Diff(&["-      - uses: actions/cache@v3", "+      - uses: actions/cache@v4 # ci-rescue fix was v3"]),
    ),
];

#[test]
fn goes_back() {
    walk("action_major_back", BACK);
}

#[test]
fn goes_forward() {
    walk("action_major_forward", FORWARD);
}
