//! Deployments are never edited, whatever is said.

use ci_rescue::domain::edit::{Edited, Source};

use super::{NOTHING, Said, apply, said_words};

/// A workflow, with what makes it a deployment in it.
fn workflow(whole: &str, job: &str, step: &str) -> String {
    format!(
        "{whole}\njobs:\n  build:\n    runs-on: ubuntu-latest\n{job}    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/cache@v4\n        with: {{ path: x, key: x }}\n{step}"
    )
}

fn source(path: &str, text: String) -> Source {
    Source { path: format!(".github/workflows/{path}"), text }
}

/// The path, the top, the job's keys, the steps; and the line and word that are told.
const SIGNS: &[(&str, &str, &str, &str, &str)] = &[
    ("deploy.yml", "on: push", "", "", "the file's name: `deploy`"),
    ("ci-cd.yml", "on: push", "", "", "the file's name: `cd`"),
    ("publish_npm.yaml", "on: push", "", "", "the file's name: `publish`"),
    ("x.yml", "name: Release\non: push", "", "", "line 1: `release`"),
    ("x.yml", "name: 'To production'\non: push", "", "", "line 1: `production`"),
    ("x.yml", "on:\n  release:\n    types: [published]", "", "", "line 2: `release`"),
    ("x.yml", "on: [push, deployment]", "", "", "line 1: `deployment`"),
    ("x.yml", "on: push\npermissions: write-all", "", "", "line 2: `permissions: write-all`"),
    ("x.yml", "on: push\npermissions:\n  packages: write", "", "", "line 3: `packages: write`"),
    ("x.yml", "on: push", "    permissions: { id-token: write }\n", "", "line 5: `id-token: write`"),
    ("x.yml", "on: push", "    permissions:\n      deployments: write\n", "", "line 6: `deployments: write`"),
    ("x.yml", "on: push", "    environment: staging-eu\n", "", "line 5: `environment`"),
    ("x.yml", "on: push", "    environment:\n      name: prod\n", "", "line 5: `environment`"),
    ("x.yml", "on: push", "    name: Deploy it\n", "", "line 5: `deploy`"),
    ("x.yml", "on: push", "", "      - uses: aws-actions/configure-aws-credentials@v4\n", "configure-aws-credentials"),
    ("x.yml", "on: push", "", "      - uses: Azure/Login@v2\n", "azure/login"),
    ("x.yml", "on: push", "", "      - uses: google-github-actions/auth@v2\n", "google-github-actions/auth"),
    ("x.yml", "on: push", "", "      - uses: actions/deploy-pages@v4\n", "actions/deploy-pages"),
    ("x.yml", "on: push", "", "      - uses: pypa/gh-action-pypi-publish@release/v1\n", "pypi-publish"),
    ("x.yml", "on: push", "", "      - uses: softprops/action-gh-release@v2\n", "action-gh-release"),
    ("x.yml", "on: push", "", "      - uses: actions/create-release@v1\n", "create-release"),
    (
        "x.yml",
        "on: push",
        "",
        "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n",
        "line 11: `push`",
    ),
    (
        "x.yml",
        "on: push",
        "",
        "      - uses: docker/build-push-action@v6\n        with:\n          push: ${{ github.ref == 'x' }}\n",
        "`push`",
    ),
    ("x.yml", "on: push", "", "      - run: npm publish\n", "line 9: `npm publish`"),
    ("x.yml", "on: push", "", "      - run: |\n          cargo build\n          cargo publish\n", "`cargo publish`"),
    ("x.yml", "on: push", "", "      - run: twine upload dist/*\n", "`twine upload`"),
    ("x.yml", "on: push", "", "      - run: kubectl apply -f x\n", "`kubectl apply`"),
    ("x.yml", "on: push", "", "      - run: helm upgrade x .\n", "`helm upgrade`"),
    ("x.yml", "on: push", "", "      - run: terraform apply\n", "`terraform apply`"),
    (
        "x.yml",
        "on: push",
        "",
        "      - uses: nick-fields/retry@v3\n        with: { command: npm publish }\n",
        "`npm publish`",
    ),
    ("x.yml", "on: push", "", "  other:\n    uses: ./.github/workflows/deploy.yml\n", "`deploy`"),
    ("x.yml", "on: push", "", "  deploy_prod:\n    runs-on: x\n    steps: [{ run: x }]\n", "`deploy`"),
];

#[test]
fn deployments_are_refused() {
    for (path, whole, job, step, told) in SIGNS {
        let files = [source(path, workflow(whole, job, step))];
        for named in ["", path] {
            let said = Said { words: "actions/checkout", ..NOTHING };
            let mut hint = said.hint();
            hint.workflow = (!named.is_empty()).then(|| named.to_string());
            for template in ["action_major_back", "cache_key_bump"] {
                let mut hint = hint.clone();
                if template == "cache_key_bump" {
                    hint.words.clear();
                }
                let Edited::Refused(why) = apply(template, &files, hint) else {
                    panic!("{template}: {}", files[0].text)
                };
                assert!(
                    why.len() == 1 && why[0].contains(told) && why[0].contains("by hand."),
                    "{why:?} has no {told}"
                );
            }
        }
    }
}

#[test]
fn what_is_no_deployment_is_edited() {
    for (path, whole, job, step) in [
        ("ci.yml", "name: Product tests\non: push\npermissions: { contents: read, checks: write }", "", ""),
        ("abcd.yml", "on: push\npermissions: read-all", "    permissions: { id-token: none }\n", ""),
        ("x.yml", "on: push", "", "      - uses: EnricoMi/publish-unit-test-result-action@v2\n"),
        ("x.yml", "on: push", "", "      - uses: docker/build-push-action@v6\n        with: { push: false }\n"),
        ("x.yml", "on: push", "", "      - run: cargo publish --dry-run\n      - run: cargo build --release\n"),
        ("x.yml", "on: push", "    name: Build (release)\n", "      - run: terraform validate && helm lint .\n"),
    ] {
        let files = [source(path, workflow(whole, job, step))];
        let edited = apply("action_major_back", &files, said_words("actions/checkout").hint());
        assert!(matches!(edited, Edited::Ready(_)), "{edited:?}\n{}", files[0].text);
    }
}

#[test]
fn a_deployment_beside_makes_the_choice_unclear() {
    let files = [source("ci.yml", workflow("on: push", "", "")), source("deploy.yml", workflow("on: push", "", ""))];
    let Edited::Refused(why) = apply("action_major_back", &files, said_words("actions/checkout").hint()) else {
        panic!("it is not clear which one failed")
    };
    assert!(why[0].contains("name the one that failed") && why[1].contains("deploys or publishes"), "{why:?}");
    let mut hint = said_words("actions/checkout").hint();
    hint.workflow = Some("ci.yml".to_owned());
    assert!(matches!(apply("action_major_back", &files, hint), Edited::Ready(_)));
}

#[test]
fn other_files_are_passed_over() {
    let text = workflow("on: push", "", "");
    let files = [
        Source { path: "action.yml".to_owned(), text: text.clone() },
        Source { path: ".github/workflows/a/b.yml".to_owned(), text: text.clone() },
        Source { path: "deploy/.github/workflows/x.yml".to_owned(), text },
    ];
    assert_eq!(apply("action_major_back", &files, said_words("actions/checkout").hint()), Edited::Absent);
}
