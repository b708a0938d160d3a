//! npm, pnpm and Yarn.

use super::sample::Want::{Absent, Edits, Refused, Warns};
use super::sample::{Case, walk};

const NPM: &[Case] = &[
    (
        "lock-1",
        "left-pad",
        "1.2.0",
        Edits(&[
            ("package.json", "\"left-pad\": \"1.2.0\""),
            (
                "package.json",
                "\"ci-rescue\": {\n    \"pins\": {\n      \"left-pad\": {\n        \"was\": \"^1.3.0\",\n        \"locked\": \"1.3.0\"",
            ),
            ("package-lock.json", "left-pad-1.2.0.tgz"),
        ]),
    ),
    (
        "lock-2",
        "left-pad",
        "1.2.0",
        Edits(&[("package-lock.json", "left-pad-1.2.0.tgz"), ("package-lock.json", "\"left-pad\": \"1.2.0\"")]),
    ),
    ("lock-3", "left-pad", "1.2.0", Edits(&[("package-lock.json", "\"left-pad\": \"1.2.0\"")])),
    (
        "lock-3",
        "left-pad",
        "1.3.0",
        Edits(&[("package.json", "\"left-pad\": \"1.3.0\""), ("package-lock.json", "\"left-pad\": \"1.3.0\"")]),
    ),
    ("lock-3", "right-pad", "1.3.0", Absent),
    (
        "transitive",
        "ms",
        "2.1.2",
        Edits(&[
            ("package.json", "\"overrides\": {\n    \"ms\": \"2.1.2\"\n  }"),
            ("package-lock.json", "ms-2.1.2.tgz"),
        ]),
    ),
    (
        "tabs-and-inline",
        "left-pad",
        "1.2.0",
        Edits(&[
            ("package.json", "{ \"left-pad\": \"1.2.0\", \"debug\": \"^4.3.0\" }"),
            ("package.json", "\n\t\"ci-rescue\": {\n\t\t\"pins\""),
            ("npm-shrinkwrap.json", "left-pad-1.2.0.tgz"),
        ]),
    ),
    (
        "workspaces",
        "semver",
        "7.5.1",
        Edits(&[
            ("packages/a/package.json", "\"semver\": \"7.5.1\""),
            ("packages/b/package.json", "        \"semver\": \"7.5.1\""),
            ("package-lock.json", "semver-7.5.1.tgz"),
        ]),
    ),
    (
        "several-versions",
        "ms",
        "2.1.1",
        Edits(&[
            ("package.json", "\"ms@^2.1.2\": \"2.1.1\""),
            ("package-lock.json", "ms-2.1.1.tgz"),
            ("package-lock.json", "ms-1.0.0.tgz"),
        ]),
    ),
    ("several-versions", "ms", "3.0.0", Refused("1.0.0, 2.1.2")),
    (
        "without-earlier",
        "left-pad",
        "1.2.0",
        Warns(
            "npm install --package-lock-only",
            &[("package-lock.json", "\"node_modules/left-pad\": {\n      \"version\": \"1.2.0\"\n    }")],
        ),
    ),
    ("not-of-the-registry", "basket", "1.0.0", Refused("git or a URL")),
    ("not-of-the-registry", "till", "1.0.0", Refused("a path")),
    ("not-of-the-registry", "pad", "1.0.0", Refused("alias")),
    ("not-of-the-registry", "tool", "1.0.0", Refused("git or a URL")),
    ("not-of-the-registry", "link", "1.0.0", Refused("a path")),
    ("not-of-the-registry", "core", "1.0.0", Refused("this workspace")),
    ("not-of-the-registry", "zip", "1.0.0", Refused("or a URL")),
    ("broken", "left-pad", "1.2.0", Refused("Cannot read package.json")),
    ("twice", "left-pad", "1.2.0", Refused("duplicate key")),
    ("overridden", "ms", "2.1.2", Refused("already overrides ms")),
    (
        "scoped-dev",
        "@acme/lint",
        "2.1.0",
        Edits(&[("package-lock.json", "lint-2.1.0.tgz"), ("package-lock.json", "\"dev\": true")]),
    ),
    ("lock-3", "left-pad", "1.2", Refused("three numbers")),
];

#[test]
fn npm() {
    walk(super::editor("npm"), NPM);
}

const PNPM: &[Case] = &[
    (
        "form-9",
        "left-pad",
        "1.2.0",
        Edits(&[
            ("pnpm-lock.yaml", "specifier: 1.2.0\n        version: 1.2.0"),
            ("pnpm-lock.yaml", "\n  left-pad@1.2.0: {}"),
        ]),
    ),
    ("form-6", "left-pad", "1.2.0", Edits(&[("pnpm-lock.yaml", "/left-pad@1.2.0:")])),
    (
        "transitive",
        "ms",
        "2.1.1",
        Edits(&[
            ("package.json", "\"pnpm\": {\n    \"overrides\": {\n      \"ms\": \"2.1.1\""),
            ("pnpm-lock.yaml", "overrides:\n  ms: 2.1.1\n\nimporters:"),
            ("pnpm-lock.yaml", "      ms: 2.1.1"),
        ]),
    ),
    (
        "existing-overrides",
        "ms",
        "2.1.1",
        Edits(&[
            ("package.json", "\"depd\": \"2.0.0\",\n      \"ms\": \"2.1.1\""),
            ("pnpm-lock.yaml", "overrides:\n  depd: 2.0.0\n  ms: 2.1.1\n"),
        ]),
    ),
    (
        "workspace-overrides",
        "ms",
        "2.1.1",
        Edits(&[
            (
                "pnpm-workspace.yaml",
                "overrides:\n    'ms': 2.1.1 # ci-rescue pin was absent; locked 2.1.3\n    depd: 2.0.0 # old\n",
            ),
            ("pnpm-lock.yaml", "  ms: 2.1.1\n"),
        ]),
    ),
    (
        "catalog",
        "left-pad",
        "1.2.0",
        Edits(&[
            ("pnpm-workspace.yaml", "left-pad: \"1.2.0\" # ci-rescue pin was \"^1.3.0\"; locked 1.3.0 # strings, äöü"),
            ("pnpm-lock.yaml", "specifier: 1.2.0\n      version: 1.2.0"),
            ("pnpm-lock.yaml", "specifier: 'catalog:'\n        version: 1.2.0"),
        ]),
    ),
    ("peers", "react", "18.1.0", Warns("pnpm install --lockfile-only", &[("package.json", "\"react\": \"18.1.0\"")])),
    (
        "with-peer",
        "react-dom",
        "18.1.0",
        Edits(&[
            ("pnpm-lock.yaml", "version: 18.1.0(react@18.2.0)"),
            ("pnpm-lock.yaml", "\n  react-dom@18.1.0(react@18.2.0):"),
        ]),
    ),
    (
        "without-earlier",
        "left-pad",
        "1.2.0",
        Warns("pnpm install --lockfile-only", &[("pnpm-lock.yaml", "specifier: ^1.3.0")]),
    ),
    ("old-form", "left-pad", "1.2.0", Refused("versions 6 and 9")),
    ("of-npm", "left-pad", "1.2.0", Absent),
    ("scoped", "@acme/lint", "2.1.0", Edits(&[("pnpm-lock.yaml", "\n  '@acme/lint@2.1.0': {}")])),
];

#[test]
fn pnpm() {
    walk(super::editor("pnpm"), PNPM);
}

const YARN: &[Case] = &[
    ("classic", "left-pad", "1.2.0", Edits(&[("yarn.lock", "left-pad@1.2.0:\n  version \"1.2.0\"\n  resolved")])),
    (
        "classic-shared",
        "left-pad",
        "1.2.0",
        Edits(&[("yarn.lock", "left-pad@1.2.0:\n"), ("yarn.lock", "left-pad@^1.3.0:\n")]),
    ),
    (
        "classic-transitive",
        "ms",
        "2.1.2",
        Edits(&[
            ("package.json", "\"resolutions\": {\n    \"ms\": \"2.1.2\""),
            ("yarn.lock", "ms@2.1.2, ms@^2.1.1:\n  version \"2.1.2\""),
        ]),
    ),
    (
        "classic-without-earlier",
        "left-pad",
        "1.2.0",
        Warns("run `yarn install` and", &[("yarn.lock", "left-pad@1.2.0:\n  version \"1.2.0\"\n\n")]),
    ),
    (
        "berry",
        "left-pad",
        "1.2.0",
        Edits(&[
            ("yarn.lock", "\"left-pad@npm:1.2.0\":\n  version: 1.2.0"),
            ("yarn.lock", "    left-pad: \"npm:1.2.0\""),
        ]),
    ),
    ("berry-transitive", "ms", "2.1.2", Edits(&[("yarn.lock", "\"ms@npm:2.1.2\":\n  version: 2.1.2")])),
    (
        "berry-without-earlier",
        "left-pad",
        "1.2.0",
        Warns("--mode update-lockfile", &[("package.json", "\"left-pad\": \"1.2.0\"")]),
    ),
    (
        "berry-workspaces",
        "semver",
        "7.5.1",
        Edits(&[
            ("packages/a/package.json", "7.5.1"),
            ("packages/b/package.json", "7.5.1"),
            ("yarn.lock", "\"semver@npm:7.5.1\":"),
        ]),
    ),
    (
        "classic-scoped",
        "@acme/lint",
        "2.1.0",
        Edits(&[("yarn.lock", "\"@acme/lint@2.1.0\":"), ("yarn.lock", "once@^1.4.0:")]),
    ),
    ("classic-two-versions", "ms", "2.1.1", Refused("2.0.0, 2.1.3")),
    ("merge-marks", "left-pad", "1.2.0", Refused("contains conflict markers")),
    ("classic", "debug", "4.3.4", Edits(&[("yarn.lock", "\ndebug@4.3.4:")])),
];

#[test]
fn yarn() {
    walk(super::editor("yarn"), YARN);
}

#[test]
fn already_pinned_by_people() {
    use ci_rescue::domain::edit::{Edited, Source};
    use ci_rescue::edit::draft::Manifests;
    let file = Source { path: "package.json".to_owned(), text: "{\"dependencies\": {\"x\": \"1.0.0\"}}".to_owned() };
    let edited = super::editor("npm").pin(Manifests { files: &[file], earlier: &[] }, "x", "1.0.0");
    assert!(matches!(edited, Edited::Already(_)));
}
