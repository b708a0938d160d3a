//! Which commit or package version is likeliest to have broken it.

use crate::domain::evidence::{Category, Evidence, Resolved};
use crate::domain::incident::Incident;
use crate::domain::suspect::{Landed, Moved, Suspect, SuspectFacts, Suspicion, pull_of};
use crate::domain::text::clean_line;
use std::collections::BTreeMap;

/// Kept of each kind.
const KEPT: usize = 5;
/// What speaks against a commit, in points: that the first frame is in a file that it changed counts most.
const FIRST_FRAME: u32 = 6;
const FRAME: u32 = 4;
const NAMED: u32 = 3;
const MANIFEST: u32 = 3;
const NEARBY: u32 = 1;

/// Ranks what was found by its overlap with the evidence.
#[must_use]
pub fn suspects(incident: &Incident, red: &str, facts: &SuspectFacts) -> Suspicion {
    let evidence = incident.headline();
    let mut suspects: Vec<Suspect> = facts.commits.iter().map(|commit| suspect(commit, evidence)).collect();
    // Of equals, the newest stands first, as it did.
    suspects.sort_by_key(|suspect| std::cmp::Reverse(suspect.score));
    suspects.truncate(KEPT);
    Suspicion {
        red: red.to_owned(),
        green: facts.green.as_ref().map(|(_, sha)| sha.clone()),
        commits: facts.commits.len(),
        more: facts.more,
        suspects,
        moved: evidence.map_or_else(Vec::new, |evidence| moved(&facts.resolved, evidence)),
    }
}

fn suspect(commit: &Landed, evidence: Option<&Evidence>) -> Suspect {
    let mut scored = Scored::default();
    if let Some(evidence) = evidence {
        frames(commit, evidence, &mut scored);
        tests(commit, evidence, &mut scored);
        lines(commit, evidence, &mut scored);
        manifests(commit, evidence, &mut scored);
    }
    Suspect {
        sha: commit.sha.clone(),
        subject: commit.subject.clone(),
        author: commit.author.clone(),
        pull: pull_of(commit.subject.raw()),
        score: scored.points,
        because: scored.because,
    }
}

#[derive(Default)]
struct Scored {
    points: u32,
    because: Vec<String>,
}

impl Scored {
    fn add(&mut self, points: u32, why: String) {
        self.points += points;
        if !self.because.contains(&why) {
            self.because.push(why);
        }
    }
}

/// Whether a path that a log printed is this file of the repository: one ends in the whole parts of the other.
fn is_file(printed: &str, path: &str) -> bool {
    let printed = printed.trim_start_matches("./").trim_start_matches('/');
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    !printed.is_empty() && (ends(printed, path) || ends(path, printed) && printed.contains(['/', '.']))
}

fn changed<'c>(commit: &'c Landed, printed: &str) -> Option<&'c String> {
    commit.files.iter().find(|path| is_file(printed, path))
}

fn frames(commit: &Landed, evidence: &Evidence, scored: &mut Scored) {
    for (n, frame) in evidence.frames.iter().enumerate() {
        if let Some(path) = changed(commit, frame.file.raw()) {
            let points = if n == 0 { FIRST_FRAME } else { FRAME };
            return scored.add(points, format!("it changes {}, which the failure points to", clean_line(path, 80)));
        }
    }
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let first = evidence.frames.first().and_then(|frame| folder(frame.file.raw()));
    if let Some(near) = first.filter(|near| commit.files.iter().any(|path| folder(path).as_ref() == Some(near))) {
        scored.add(NEARBY, format!("it changes files next to it, in {}", clean_line(&near, 80)));
    }
}

fn tests(commit: &Landed, evidence: &Evidence, scored: &mut Scored) {
    let mut files = evidence.failing_tests.iter().filter_map(|test| test.file.as_ref());
    if let Some(path) = files.find_map(|file| changed(commit, file.raw())) {
        scored.add(NAMED, format!("it changes the failing test's file {}", clean_line(path, 80)));
    }
}

/// Names that say nothing where they stand in a line.
const COMMON: &[&str] = &["mod.rs", "lib.rs", "main.rs", "index.js", "index.ts", "__init__.py", "README.md"];

fn lines(commit: &Landed, evidence: &Evidence, scored: &mut Scored) {
    let named = commit.files.iter().find(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let words = if COMMON.contains(&name) || name.len() < 4 { path.as_str() } else { name };
        evidence.errors.iter().any(|error| error.text.raw().contains(words))
    });
    if let Some(path) = named {
        scored.add(NAMED, format!("the error mentions {}", clean_line(path, 80)));
    }
}

/// Manifests and locks of every ecosystem, by the names of their files.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "requirements.txt",
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "go.mod",
    "go.sum",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "libs.versions.toml",
    "Gemfile",
    "Gemfile.lock",
    "composer.json",
    "composer.lock",
    "Directory.Packages.props",
    "packages.lock.json",
    "Dockerfile",
];

fn manifests(commit: &Landed, evidence: &Evidence, scored: &mut Scored) {
    let is_manifest = |path: &&String| MANIFESTS.contains(&path.rsplit('/').next().unwrap_or(path));
    let about = matches!(evidence.category, Category::Dependency | Category::Build | Category::Typecheck);
    if let Some(path) = commit.files.iter().find(is_manifest).filter(|_| about) {
        let why = format!("it changes {}, and this is a {} failure", clean_line(path, 80), evidence.category);
        scored.add(MANIFEST, why);
    }
    let workflow = commit.files.iter().find(|path| path.starts_with(".github/workflows/"));
    let set_up = matches!(evidence.category, Category::Config | Category::Permission | Category::SecretMissing);
    if let Some(path) = workflow.filter(|_| set_up) {
        scored.add(MANIFEST, format!("it changes {}, and setup fails", clean_line(path, 80)));
    }
}

/// Packages that have one version in each run, and another in the red one; what the error names first.
fn moved(green: &[Resolved], evidence: &Evidence) -> Vec<Moved> {
    let (before, now) = (versions(green), versions(&evidence.resolved));
    let mut all: Vec<Moved> = Vec::new();
    for ((ecosystem, package), red) in &now {
        let Some(green) = before.get(&(*ecosystem, *package)) else { continue };
        if let ([green], [red]) = (green.as_slice(), red.as_slice())
            && green != red
        {
            let named = package.len() > 2 && evidence.errors.iter().any(|e| e.text.raw().contains(package));
            let mut because = vec![format!("{green} when it last passed, {red} now")];
            because.extend(named.then(|| "the error mentions it".to_owned()));
            all.push(Moved {
                ecosystem: (*ecosystem).to_owned(),
                package: (*package).into(),
                green: (*green).into(),
                red: (*red).into(),
                because,
            });
        }
    }
    all.sort_by_key(|moved| std::cmp::Reverse(moved.because.len()));
    all.truncate(KEPT);
    all
}

type Versions<'r> = BTreeMap<(&'r str, &'r str), Vec<&'r str>>;

fn versions(resolved: &[Resolved]) -> Versions<'_> {
    let mut all = Versions::new();
    for one in resolved {
        let of = all.entry((one.ecosystem.as_str(), one.package.raw())).or_default();
        if !of.contains(&one.version.raw()) {
            of.push(one.version.raw());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::{ErrorLine, FailingTest, Frame};

    fn commit(sha: &str, subject: &str, files: &[&str]) -> Landed {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Landed { sha: sha.into(), author: "Ada".into(), subject: subject.into(), files, merge: false }
    }

    fn resolved(package: &str, version: &str) -> Resolved {
        Resolved { ecosystem: "pip".into(), package: package.into(), version: version.into() }
    }

    #[test]
    fn what_the_failure_points_to_ranks_first() {
        let evidence = Evidence {
            category: Category::Test,
            errors: vec![ErrorLine { line: 1, text: "ImportError: cannot import name x from flask".into() }],
            frames: vec![Frame { file: "shop/cart.py".into(), line: Some(3), text: "".into() }],
            failing_tests: vec![FailingTest {
                framework: "pytest".into(),
                name: "tests/test_cart.py::test_a".into(),
                selector: None,
                file: Some("tests/test_cart.py".into()),
            }],
            ..Evidence::default()
        };
        let rows: [(&[&str], u32); 6] = [
            (&["shop/cart.py"], FIRST_FRAME),
            (&["app/shop/cart.py"], FIRST_FRAME),
            (&["workshop/cart.py"], 0),
            (&["shop/price.py"], NEARBY),
            (&["tests/test_cart.py"], NAMED),
            (&["requirements.txt"], 0),
        ];
        for (files, score) in rows {
            assert_eq!(suspect(&commit("a", "x", files), Some(&evidence)).score, score, "{files:?}");
        }
        let moved = moved(
            &[resolved("flask", "2.3"), resolved("six", "1"), resolved("two", "1"), resolved("two", "2")],
            &Evidence {
                resolved: vec![
                    resolved("six", "2"),
                    resolved("flask", "3.0"),
                    resolved("two", "3"),
                    resolved("new", "1"),
                ],
                ..evidence
            },
        );
        let shown: Vec<(&str, &str)> = moved.iter().map(|m| (m.package.raw(), m.green.raw())).collect();
        assert_eq!(shown, vec![("flask", "2.3"), ("six", "1")]);
    }

    #[test]
    fn subjects_name_pull_requests() {
        for (subject, number) in [
            ("Say it (#117)", Some(117)),
            ("Merge pull request #8 from a/b", Some(8)),
            ("Revert \"Say it (#117)\" (#118)", Some(118)),
            ("Say it (#x)", None),
            ("(#1) first", None),
        ] {
            assert_eq!(pull_of(subject), number, "{subject}");
        }
    }

    #[test]
    fn a_bracket_needs_green_before_it_and_no_equal() {
        let one = |score| Suspect {
            sha: "a".into(),
            subject: "".into(),
            author: "".into(),
            pull: None,
            score,
            because: Vec::new(),
        };
        let of = |scores: &[u32], green: bool, more| Suspicion {
            red: "r".into(),
            green: green.then(|| "g".into()),
            commits: scores.len(),
            more,
            suspects: scores.iter().map(|score| one(*score)).collect(),
            moved: Vec::new(),
        };
        for (suspicion, bracketed) in [
            (of(&[0], true, false), true),
            (of(&[0], false, false), false),
            (of(&[6, 1], true, false), true),
            (of(&[6, 6], true, false), false),
            (of(&[0, 0], true, false), false),
            (of(&[6, 1], true, true), false),
            (of(&[], true, false), false),
        ] {
            assert_eq!(suspicion.bracketed().is_some(), bracketed, "{suspicion:?}");
        }
    }
}
