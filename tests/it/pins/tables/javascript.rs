//! npm, pnpm and Yarn.

use super::Expect::Absent;
use super::{Row, plain, ready, refused, row};

pub const NPM: &[Row] = &[
    plain(
        "lock-1",
        "left-pad",
        "1.2.0",
        &[
            "package.json: \"left-pad\": \"1.2.0\"",
            "package.json: \"ci-rescue\": {\n    \"pins\": {\n      \"left-pad\": {\n        \"was\": \"^1.3.0\",\n        \"locked\": \"1.3.0\"",
            "package-lock.json: left-pad-1.2.0.tgz",
        ],
    ),
    plain(
        "lock-2",
        "left-pad",
        "1.2.0",
        &["package.json: ", "package-lock.json: left-pad-1.2.0.tgz", "package-lock.json: \"left-pad\": \"1.2.0\""],
    ),
    plain("lock-3", "left-pad", "1.2.0", &["package.json: ", "package-lock.json: \"left-pad\": \"1.2.0\""]),
    plain(
        "lock-3",
        "left-pad",
        "1.3.0",
        &["package.json: \"left-pad\": \"1.3.0\"", "package-lock.json: \"left-pad\": \"1.3.0\""],
    ),
    row("lock-3", "right-pad", "1.3.0", Absent),
    plain(
        "transitive",
        "ms",
        "2.1.2",
        &["package.json: \"overrides\": {\n    \"ms\": \"2.1.2\"\n  }", "package-lock.json: ms-2.1.2.tgz"],
    ),
    plain(
        "tabs-and-inline",
        "left-pad",
        "1.2.0",
        &[
            "package.json: { \"left-pad\": \"1.2.0\", \"debug\": \"^4.3.0\" }",
            "package.json: \n\t\"ci-rescue\": {\n\t\t\"pins\"",
            "npm-shrinkwrap.json: left-pad-1.2.0.tgz",
        ],
    ),
    plain(
        "workspaces",
        "semver",
        "7.5.1",
        &[
            "packages/a/package.json: \"semver\": \"7.5.1\"",
            "packages/b/package.json:         \"semver\": \"7.5.1\"",
            "package-lock.json: semver-7.5.1.tgz",
        ],
    ),
    plain(
        "several-versions",
        "ms",
        "2.1.1",
        &[
            "package.json: \"ms@^2.1.2\": \"2.1.1\"",
            "package-lock.json: ms-2.1.1.tgz",
            "package-lock.json: ms-1.0.0.tgz",
        ],
    ),
    refused("several-versions", "ms", "3.0.0", "1.0.0, 2.1.2"),
    ready(
        "without-earlier",
        "left-pad",
        "1.2.0",
        &["package.json: ", "package-lock.json: \"node_modules/left-pad\": {\n      \"version\": \"1.2.0\"\n    }"],
        "npm install --package-lock-only",
    ),
    refused("not-of-the-registry", "basket", "1.0.0", "git or a URL"),
    refused("not-of-the-registry", "till", "1.0.0", "a path"),
    refused("not-of-the-registry", "pad", "1.0.0", "alias"),
    refused("not-of-the-registry", "tool", "1.0.0", "git or a URL"),
    refused("not-of-the-registry", "link", "1.0.0", "a path"),
    refused("not-of-the-registry", "core", "1.0.0", "this workspace"),
    refused("not-of-the-registry", "zip", "1.0.0", "or a URL"),
    refused("broken", "left-pad", "1.2.0", "Cannot read package.json"),
    refused("twice", "left-pad", "1.2.0", "duplicate key"),
    refused("overridden", "ms", "2.1.2", "already overrides ms"),
    plain(
        "scoped-dev",
        "@acme/lint",
        "2.1.0",
        &["package.json: ", "package-lock.json: lint-2.1.0.tgz", "package-lock.json: \"dev\": true"],
    ),
    refused("lock-3", "left-pad", "1.2", "three numbers"),
    plain(
        "override-direct",
        "typescript",
        "5.2.2",
        &[
            "package.json: \"typescript\": \"5.2.2\",\n    \"ms\": \"2.1.3\"",
            "package.json: \"overrides\": {\n          \"typescript\": \"^5.1.6\"",
            "package-lock.json: typescript-5.2.2.tgz",
        ],
    ),
    plain(
        "override-dot",
        "typescript",
        "5.2.2",
        &["package.json: \".\": \"5.2.2\",\n      \"ms\": \"2.1.3\"", "package-lock.json: typescript-5.2.2.tgz"],
    ),
    plain(
        "override-nested",
        "typescript",
        "5.2.2",
        &["package.json: \"typescript\": \"4.9.5\"", "package-lock.json: typescript-5.2.2.tgz"],
    ),
    plain(
        "override-reference",
        "typescript",
        "5.2.2",
        &["package.json: \"typescript\": \"$typescript\"", "package-lock.json: typescript-5.2.2.tgz"],
    ),
    plain(
        "override-ranges",
        "typescript",
        "5.2.2",
        &[
            "package.json: \"typescript@^4\": \"4.9.5\",\n    \"typescript@^5\": \"5.2.2\"",
            "package-lock.json: typescript-5.2.2.tgz",
        ],
    ),
    refused("override-fork", "typescript", "5.2.2", "change that override by hand"),
    plain(
        "override-workspace",
        "semver",
        "7.5.1",
        &[
            "package.json: \"semver\": \"7.5.1\"\n  },\n  \"ci-rescue\"",
            "packages/a/package.json: 7.5.1",
            "packages/b/package.json: 7.5.1",
            "package-lock.json: semver-7.5.1.tgz",
        ],
    ),
];

pub const PNPM: &[Row] = &[
    plain(
        "form-9",
        "left-pad",
        "1.2.0",
        &[
            "package.json: ",
            "pnpm-lock.yaml: specifier: 1.2.0\n        version: 1.2.0",
            "pnpm-lock.yaml: \n  left-pad@1.2.0: {}",
        ],
    ),
    plain(
        "importers",
        "left-pad",
        "1.2.1",
        &[
            "packages/a/package.json: \"left-pad\": \"1.2.1\"",
            "packages/b/package.json: \"left-pad\": \"1.2.1\"",
            "pnpm-lock.yaml: packages/b:\n    dependencies:\n      left-pad:\n        specifier: 1.2.1\n        version: 1.2.1",
        ],
    ),
    plain(
        "catalogs",
        "left-pad",
        "1.2.1",
        &[
            "pnpm-workspace.yaml: left-pad: 1.2.1 # ci-rescue pin was ~1.2.0; locked 1.2.0\n",
            "pnpm-workspace.yaml: left-pad: 1.2.1 # ci-rescue pin was ^1.1.0; locked 1.3.0\n",
            "pnpm-lock.yaml:   next:\n    left-pad:\n      specifier: 1.2.1\n      version: 1.2.1",
        ],
    ),
    plain("form-6", "left-pad", "1.2.0", &["package.json: ", "pnpm-lock.yaml: /left-pad@1.2.0:"]),
    ready(
        "transitive",
        "ms",
        "2.1.1",
        &[
            "package.json: \"pnpm\": {\n    \"overrides\": {\n      \"ms\": \"2.1.1\"",
            "pnpm-lock.yaml: overrides:\n  ms: 2.1.1\n\nimporters:",
            "pnpm-lock.yaml:       ms: 2.1.1",
        ],
        "pnpm 11 reads overrides from",
    ),
    ready(
        "existing-overrides",
        "ms",
        "2.1.1",
        &[
            "package.json: \"depd\": \"2.0.0\",\n      \"ms\": \"2.1.1\"",
            "pnpm-lock.yaml: overrides:\n  depd: 2.0.0\n  ms: 2.1.1\n",
        ],
        "pnpm 11 reads overrides from",
    ),
    plain(
        "workspace-overrides",
        "ms",
        "2.1.1",
        &[
            "pnpm-workspace.yaml: overrides:\n    'ms': 2.1.1 # ci-rescue pin was absent; locked 2.1.3\n    depd: 2.0.0 # old\n",
            "pnpm-lock.yaml:   ms: 2.1.1\n",
        ],
    ),
    plain(
        "catalog",
        "left-pad",
        "1.2.0",
        &[
            "pnpm-workspace.yaml: left-pad: \"1.2.0\" # ci-rescue pin was \"^1.3.0\"; locked 1.3.0 # strings, äöü",
            "pnpm-lock.yaml: specifier: 1.2.0\n      version: 1.2.0",
            "pnpm-lock.yaml: specifier: 'catalog:'\n        version: 1.2.0",
        ],
    ),
    ready("peers", "react", "18.1.0", &["package.json: \"react\": \"18.1.0\""], "pnpm install --lockfile-only"),
    plain(
        "with-peer",
        "react-dom",
        "18.1.0",
        &[
            "package.json: ",
            "pnpm-lock.yaml: version: 18.1.0(react@18.2.0)",
            "pnpm-lock.yaml: \n  react-dom@18.1.0(react@18.2.0):",
        ],
    ),
    ready(
        "without-earlier",
        "left-pad",
        "1.2.0",
        &["package.json: ", "pnpm-lock.yaml: specifier: ^1.3.0"],
        "pnpm install --lockfile-only",
    ),
    refused("old-form", "left-pad", "1.2.0", "versions 6 and 9"),
    row("of-npm", "left-pad", "1.2.0", Absent),
    plain("scoped", "@acme/lint", "2.1.0", &["package.json: ", "pnpm-lock.yaml: \n  '@acme/lint@2.1.0': {}"]),
    plain(
        "pnpm-9",
        "ms",
        "2.1.1",
        &["package.json: \"pnpm\": {\n    \"overrides\": {\n      \"ms\": \"2.1.1\"", "pnpm-lock.yaml: ms: 2.1.1"],
    ),
    plain(
        "pnpm-11-workspace",
        "ms",
        "2.1.1",
        &[
            "pnpm-workspace.yaml: packages:\n  - .\noverrides:  # ci-rescue pin made this\n  'ms': 2.1.1 # ci-rescue pin was absent; locked 2.1.3\n",
            "pnpm-lock.yaml: overrides:\n  ms: 2.1.1\n",
        ],
    ),
    plain(
        "pnpm-11-dev-engines",
        "ms",
        "2.1.1",
        &[
            "pnpm-workspace.yaml: packages:\n  - .\noverrides:  # ci-rescue pin made this\n  'ms': 2.1.1 # ci-rescue pin was absent; locked 2.1.3",
            "pnpm-lock.yaml: ms: 2.1.1",
        ],
    ),
    plain(
        "pnpm-11-comment",
        "ms",
        "2.1.1",
        &[
            "pnpm-workspace.yaml: overrides: # held back\n  'ms': 2.1.1 # ci-rescue pin was absent; locked 2.1.3\n  # old\n",
            "pnpm-lock.yaml: ms: 2.1.1",
        ],
    ),
    refused("pnpm-11-alone", "ms", "2.1.1", "add that file next"),
    refused("pnpm-11-flow", "ms", "2.1.1", "in a form that cannot be extended"),
    refused("override-direct", "left-pad", "1.2.0", "overrides left-pad as 1.3.0"),
    refused("override-direct-workspace", "left-pad", "1.2.0", "overrides left-pad as 1.3.0"),
    ready(
        "override-parent",
        "left-pad",
        "1.2.0",
        &["package.json: \"left-pad\": \"1.2.0\""],
        "pnpm install --lockfile-only",
    ),
];

pub const YARN: &[Row] = &[
    plain(
        "classic",
        "left-pad",
        "1.2.0",
        &["package.json: ", "yarn.lock: left-pad@1.2.0:\n  version \"1.2.0\"\n  resolved"],
    ),
    plain(
        "classic-shared",
        "left-pad",
        "1.2.0",
        &["package.json: ", "yarn.lock: left-pad@1.2.0:\n", "yarn.lock: left-pad@^1.3.0:\n"],
    ),
    plain(
        "classic-transitive",
        "ms",
        "2.1.2",
        &[
            "package.json: \"resolutions\": {\n    \"ms\": \"2.1.2\"",
            "yarn.lock: ms@2.1.2, ms@^2.1.1:\n  version \"2.1.2\"",
        ],
    ),
    ready(
        "classic-without-earlier",
        "left-pad",
        "1.2.0",
        &["package.json: ", "yarn.lock: left-pad@1.2.0:\n  version \"1.2.0\"\n\n"],
        "run `yarn install` and",
    ),
    plain(
        "berry",
        "left-pad",
        "1.2.0",
        &[
            "package.json: ",
            "yarn.lock: \"left-pad@npm:1.2.0\":\n  version: 1.2.0",
            "yarn.lock:     left-pad: \"npm:1.2.0\"",
        ],
    ),
    plain("berry-transitive", "ms", "2.1.2", &["package.json: ", "yarn.lock: \"ms@npm:2.1.2\":\n  version: 2.1.2"]),
    ready(
        "berry-without-earlier",
        "left-pad",
        "1.2.0",
        &["package.json: \"left-pad\": \"1.2.0\""],
        "--mode update-lockfile",
    ),
    plain(
        "berry-workspaces",
        "semver",
        "7.5.1",
        &["packages/a/package.json: 7.5.1", "packages/b/package.json: 7.5.1", "yarn.lock: \"semver@npm:7.5.1\":"],
    ),
    plain(
        "classic-scoped",
        "@acme/lint",
        "2.1.0",
        &["package.json: ", "yarn.lock: \"@acme/lint@2.1.0\":", "yarn.lock: once@^1.4.0:"],
    ),
    refused("classic-two-versions", "ms", "2.1.1", "2.0.0, 2.1.3"),
    refused("merge-marks", "left-pad", "1.2.0", "contains conflict markers"),
    plain("classic", "debug", "4.3.4", &["package.json: ", "yarn.lock: \ndebug@4.3.4:"]),
    refused("resolution-direct", "left-pad", "1.2.0", "overrides left-pad as 1.3.0"),
    refused("resolution-glob", "left-pad", "1.2.0", "overrides left-pad as 1.3.0"),
    plain(
        "resolution-of-another",
        "left-pad",
        "1.2.0",
        &["package.json: \"left-pad\": \"1.2.0\"", "yarn.lock: left-pad@1.2.0:"],
    ),
];
