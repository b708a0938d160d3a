//! Rules beside a pin, over samples: `data/<bot>/NAME` is the file, `data/<bot>/NAME.held` what holding makes of it.

use std::fs;
use std::path::PathBuf;

use ci_rescue::domain::edit::{Edit, Edited, Source};
use ci_rescue::updaters::{Updater, all};
use proptest::prelude::*;

/// What is to come of holding.
enum Want {
    /// As the file `.held` says.
    Held,
    Already(&'static str),
    Absent,
    Refused(&'static str),
}
use Want::{Absent, Already, Held, Refused};

type Row = (&'static str, &'static str, &'static str, Want);

const RENOVATE: &[Row] = &[
    ("plain.json", "cargo", "serde", Held),
    ("rules.json", "npm", "@types/node", Held),
    ("tabs.json", "pnpm", "vite", Held),
    ("small.json", "go", "github.com/spf13/cobra", Held),
    ("comments.json5", "cargo", "sqlx", Held),
    ("quoted.json5", "poetry", "Flask_Login", Held),
    ("empty_rules.json", "composer", "symfony/console", Held),
    ("empty_rules.json", "pre-commit", "https://github.com/psf/black.git", Held),
    ("nothing.json", "bundler", "rails", Held),
    ("windows.json", "nuget", "Newtonsoft.Json", Held),
    ("no_comma.json5", "maven", "org.slf4j:slf4j-api", Held),
    ("one_line_rules.json", "github-actions", "github/codeql-action/init", Held),
    ("others_only.json", "yarn", "react", Held),
    ("own_rule_narrow.json", "cargo", "serde", Held),
    ("own_rule.json", "cargo", "rand", Held),
    ("held.json", "npm", "serde", Held),
    ("off.json", "docker", "redis", Already("disabled here")),
    ("others_only.json", "gradle", "com.google.guava:guava", Already("does not update this ecosystem")),
    ("ignored.json", "cargo", "serde", Already("`ignoreDeps`")),
    ("own_rule.json", "cargo", "serde", Already("a rule of its own")),
    ("held.json", "cargo", "serde", Already("already")),
    ("plain.json", "apt", "curl", Absent),
    ("changed.json", "cargo", "serde", Refused("was changed since")),
    ("broken.json", "uv", "a.b", Refused("\"matchPackageNames\": [\"a.b\", \"a-b\"], \"enabled\": false")),
    ("list.json", "cargo", "serde", Refused("it is not an object")),
    ("object_rules.json", "cargo", "serde", Refused("is not a list")),
    ("twice.json", "cargo", "serde", Refused("duplicate key")),
    ("plain.json", "cargo", "/serde.*/", Refused("is not a package name")),
    ("plain.json", "cargo", "ser\"de", Refused("is not a package name")),
];

const DEPENDABOT: &[Row] = &[
    ("plain.yml", "cargo", "serde", Held),
    ("several.yml", "pnpm", "@types/node", Held),
    ("flush.yaml", "poetry", "requests", Held),
    ("wide.yml", "go", "golang.org/x/net", Held),
    ("windows.yml", "nuget", "Newtonsoft.Json", Held),
    ("groups.yml", "docker", "ghcr.io/acme/app", Held),
    ("ignored.yml", "bundler", "puma", Held),
    ("held.yml", "cargo", "tokio", Held),
    ("several.yml", "github-actions", "github/codeql-action/init", Held),
    ("flush.yaml", "uv", "requests", Held),
    ("windows.yml", "docker", "redis", Held),
    ("groups.yml", "maven", "org.slf4j:slf4j-api", Held),
    ("hooks.yml", "pre-commit", "psf/black", Held),
    ("hooks_by_address.yml", "pre-commit", "https://github.com/psf/black.git", Held),
    ("ignored.yml", "bundler", "rails", Already("already has Dependabot ignore `rails`")),
    ("ignored.yml", "composer", "symfony/console", Already("already")),
    ("held.yml", "cargo", "serde", Already("already")),
    ("none.yml", "cargo", "serde", Absent),
    ("plain.yml", "apt", "curl", Absent),
    ("flow.yml", "cargo", "serde", Refused("add `- dependency-name: \"serde\"` to `ignore`")),
    ("flow_ignore.yml", "cargo", "serde", Refused("its own lines")),
    ("anchor.yml", "cargo", "serde", Refused("anchor")),
    ("broken.yml", "cargo", "serde", Refused("not readable YAML")),
    ("plain.yml", "cargo", "serde\" #", Refused("is not a package name")),
];

fn bot(id: &str) -> &'static dyn Updater {
    *all().iter().find(|bot| bot.id() == id).unwrap()
}

fn data(id: &str, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/updaters").join(id).join(name)
}

fn sample(id: &str, name: &str) -> Source {
    Source { path: name.to_owned(), text: fs::read_to_string(data(id, name)).unwrap() }
}

fn ready(edited: Edited, why: &str) -> Edit {
    match edited {
        Edited::Ready(edit) => edit,
        other => panic!("{why}: {other:?}"),
    }
}

fn check(id: &str, row: &Row) {
    let (name, ecosystem, package, want) = row;
    let why = format!("{id}: {name} {ecosystem} {package}");
    let file = sample(id, name);
    let edited = bot(id).hold(&file, ecosystem, package, "1.4.2");
    match want {
        Already(words) => assert!(matches!(&edited, Edited::Already(why) if why.contains(words)), "{why}: {edited:?}"),
        Absent => assert_eq!(edited, Edited::Absent, "{why}"),
        Refused(words) => {
            assert!(matches!(&edited, Edited::Refused(all) if all.join(" ").contains(words)), "{why}: {edited:?}");
        }
        Held => held(id, &file, row, &ready(edited, &why)),
    }
}

fn held(id: &str, file: &Source, (name, ecosystem, package, _): &Row, edit: &Edit) {
    let why = format!("{id}: {name} {ecosystem} {package}");
    assert!(!edit.because.is_empty() && !edit.warnings.is_empty(), "{why}");
    let [new] = edit.files.as_slice() else { panic!("{why}: {edit:?}") };
    let kept = data(id, &format!("{name}.{ecosystem}.held"));
    if std::env::var_os("WRITE_HELD").is_some() {
        fs::write(&kept, &new.text).unwrap();
    }
    assert_eq!(new.text, fs::read_to_string(&kept).unwrap(), "{why}");
    let again = bot(id).hold(new, ecosystem, package, "1.4.2");
    assert!(matches!(again, Edited::Already(_)), "{why}: {again:?}");
    let released = ready(bot(id).release(new, package), &why);
    // A package that was held before for another ecosystem is let go for both.
    if !file.text.contains(&format!("ci-rescue pin {package}")) {
        assert_eq!(released.files, std::slice::from_ref(file), "{why}");
    }
    assert_eq!(bot(id).release(&released.files[0], package), Edited::Absent, "{why}");
}

#[test]
fn renovate_over_its_samples() {
    for row in RENOVATE {
        check("renovate", row);
    }
}

#[test]
fn dependabot_over_its_samples() {
    for row in DEPENDABOT {
        check("dependabot", row);
    }
}

#[test]
fn releases_what_was_held_before() {
    let file = sample("renovate", "held.json");
    let new = ready(bot("renovate").release(&file, "serde"), "held").files.remove(0).text;
    assert_eq!(
        new,
        "{\n  \"packageRules\": [\n    {\n      \"matchManagers\": [\"npm\"],\n      \"groupName\": \"js\"\n    }\n  ]\n}\n"
    );
    let file = sample("dependabot", "held.yml");
    let new = ready(bot("dependabot").release(&file, "serde"), "held").files.remove(0).text;
    assert!(new.contains("    ignore:\n      - dependency-name: \"rand\" # the old one, for now\n"), "{new}");
    assert!(new.ends_with("    directory: /fuzz\n    schedule:\n      interval: weekly\n"), "{new}");
}

#[test]
fn what_people_changed_is_left_to_people() {
    for (id, name) in [("renovate", "changed.json"), ("dependabot", "changed.yml")] {
        let edited = bot(id).release(&sample(id, name), "serde");
        assert!(matches!(&edited, Edited::Refused(all) if all[0].contains("changed since")), "{edited:?}");
    }
    assert_eq!(bot("renovate").release(&sample("renovate", "own_rule.json"), "serde"), Edited::Absent);
    assert_eq!(bot("dependabot").release(&sample("dependabot", "ignored.yml"), "Rails"), Edited::Absent);
}

#[test]
fn several_pins_come_and_go_in_any_order() {
    for (id, names) in [
        ("renovate", ["plain.json", "rules.json", "small.json", "comments.json5", "empty_rules.json", "nothing.json"]),
        ("dependabot", ["plain.yml", "held.yml", "plain.yml", "held.yml", "plain.yml", "held.yml"]),
    ] {
        for name in names {
            let file = sample(id, name);
            for order in [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"], ["c", "a", "b"]] {
                let mut now = file.clone();
                for package in ["a", "b", "c"] {
                    now = ready(bot(id).hold(&now, "cargo", package, "1.0.0"), name).files.remove(0);
                }
                for package in order {
                    now = ready(bot(id).release(&now, package), name).files.remove(0);
                }
                assert_eq!(now, file, "{id} {name} {order:?}");
            }
        }
    }
}

#[test]
fn names_its_files() {
    let bots = |path: &str| all().iter().filter(|bot| bot.reads(path)).map(|bot| bot.id()).collect::<Vec<_>>();
    for path in ["renovate.json", "renovate.json5", ".github/renovate.json5", ".renovaterc", ".renovaterc.json"] {
        assert_eq!(bots(path), ["renovate"], "{path}");
    }
    for path in [".github/dependabot.yml", ".github/dependabot.yaml"] {
        assert_eq!(bots(path), ["dependabot"], "{path}");
    }
    for path in ["a/renovate.json", "dependabot.yml", "renovate.json.bak", "", ".github/workflows/dependabot.yml"] {
        assert!(bots(path).is_empty(), "{path}");
    }
}

fn texts(id: &'static str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(data(id, "")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// A sample with some of it cut, doubled or replaced.
fn bent(id: &'static str) -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0_usize..40, "[\\[\\]{}:,'\"#\n\r\t a-c/*-]{0,6}");
    let changes = prop::collection::vec(change, 0..4);
    (prop::sample::select(texts(id)), changes, any::<bool>()).prop_map(|(text, changes, cut)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, new) in changes {
            let start = at.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, new.chars());
        }
        let text: String = chars.into_iter().collect();
        if cut { text.trim_end().to_owned() } else { text }
    })
}

fn comes_back(id: &'static str, text: String, ecosystem: &str, package: &str) {
    let file = Source { path: "renovate.json".to_owned(), text };
    let _ = bot(id).release(&file, package);
    if file.text.contains("ci-rescue pin") {
        let _ = bot(id).hold(&file, ecosystem, package, "1.0.0");
        return;
    }
    let Edited::Ready(edit) = bot(id).hold(&file, ecosystem, package, "1.0.0") else { return };
    let again = bot(id).hold(&edit.files[0], ecosystem, package, "1.0.0");
    assert!(matches!(again, Edited::Already(_)), "{again:?}");
    let back = ready(bot(id).release(&edit.files[0], package), &edit.files[0].text);
    assert_eq!(back.files[0].text, file.text, "{}", edit.files[0].text);
}

const ECOSYSTEMS: [&str; 7] = ["cargo", "npm", "pip", "go", "docker", "github-actions", "nuget"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn renovate_comes_back(
        text in bent("renovate"),
        ecosystem in prop::sample::select(&ECOSYSTEMS[..]),
        package in "[a-zA-Z@][a-z._/:+-]{0,12}",
    ) {
        comes_back("renovate", text, ecosystem, &package);
    }

    #[test]
    fn dependabot_comes_back(
        text in bent("dependabot"),
        ecosystem in prop::sample::select(&ECOSYSTEMS[..]),
        package in "[a-zA-Z@][a-z._/:+-]{0,12}",
    ) {
        comes_back("dependabot", text, ecosystem, &package);
    }

    #[test]
    fn never_panics(text in any::<String>(), package in any::<String>(), version in any::<String>()) {
        for id in ["renovate", "dependabot"] {
            let file = Source { path: text.clone(), text: format!("{text}# ci-rescue pin ") };
            let _ = bot(id).hold(&file, "cargo", &package, &version);
            let _ = bot(id).release(&file, &package);
        }
    }
}
