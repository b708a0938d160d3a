//! What speaks against a commit, in points, each with a reason for people.
//!
//! The points were fitted on half of the real failures of `benches/culprits.rs`.

use super::names;
use super::words::{Shared, shared};
use crate::domain::evidence::{Category, Evidence, Frame};
use crate::domain::suspect::Landed;
use crate::domain::text::{Untrusted, clean_line};

/// It changes the first source file of the trace, or another.
const FIRST_FRAME: f64 = 6.0;
const FRAME: f64 = 4.0;
/// It changes what the failing test is named after.
const TESTED: f64 = 4.0;
/// It changes the failing test, or a file that the error mentions.
const NAMED: f64 = 3.0;
/// It changes what is installed or set up, and that is what fails.
const MANIFEST: f64 = 4.0;
/// It changes files beside the first of the trace.
const NEARBY: f64 = 1.0;
/// Of the weight of the words that it shares with the failure.
const WORDS: f64 = 0.4;

/// The points of every commit, in their order.
pub fn scored(evidence: &Evidence, commits: &[Landed]) -> Vec<Scored> {
    let subjects = names::subjects(evidence);
    let shared = shared(evidence, commits);
    let each = commits.iter().zip(&shared);
    each.map(|(commit, shared)| {
        let mut scored = Scored { sources: sources(commit), ..Scored::default() };
        frames(commit, evidence, &mut scored);
        tested(commit, &subjects, &mut scored);
        tests(commit, evidence, &mut scored);
        lines(commit, evidence, &mut scored);
        manifests(commit, evidence, &mut scored);
        words(shared, &mut scored);
        scored
    })
    .collect()
}

fn sources(commit: &Landed) -> usize {
    commit.files.iter().filter(|path| names::is_source(path)).count()
}

#[derive(Default)]
pub struct Scored {
    points: f64,
    pub because: Vec<String>,
    /// Source files that it changes.
    sources: usize,
}

impl Scored {
    fn add(&mut self, points: f64, why: String) {
        self.points += points;
        if !self.because.contains(&why) {
            self.because.push(why);
        }
    }

    /// Whole points: what the reasons say, whatever its size.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "points are few and not negative")]
    pub fn score(&self) -> u32 {
        self.points.round() as u32
    }

    /// What it is ranked by. Of similar ones, the larger change is the likelier culprit.
    pub fn weight(&self) -> f64 {
        self.points + (self.sources as f64).ln_1p()
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
    let of_sources: Vec<&Frame> = evidence.frames.iter().filter(|frame| !names::is_test(frame.file.raw())).collect();
    for (n, frame) in of_sources.iter().enumerate() {
        if let Some(path) = changed(commit, frame.file.raw()) {
            let points = if n == 0 { FIRST_FRAME } else { FRAME };
            return scored.add(points, format!("it changes {}, which the failure points to", clean_line(path, 80)));
        }
    }
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let first = of_sources.first().and_then(|frame| folder(frame.file.raw()));
    if let Some(near) = first.filter(|near| commit.files.iter().any(|path| folder(path).as_ref() == Some(near))) {
        scored.add(NEARBY, format!("it changes files next to it, in {}", clean_line(&near, 80)));
    }
}

fn tested(commit: &Landed, subjects: &[String], scored: &mut Scored) {
    if let Some(path) = commit.files.iter().find(|path| names::is_tested(path, subjects)) {
        scored.add(TESTED, format!("the failing test is named after {}", clean_line(path, 80)));
    }
}

fn tests(commit: &Landed, evidence: &Evidence, scored: &mut Scored) {
    let of_tests = evidence.failing_tests.iter().filter_map(|test| test.file.as_ref()).map(Untrusted::raw);
    let frames = evidence.frames.iter().map(|frame| frame.file.raw()).filter(|file| names::is_test(file));
    if let Some(path) = of_tests.chain(frames).find_map(|file| changed(commit, file)) {
        scored.add(NAMED, format!("it changes the failing test's file {}", clean_line(path, 80)));
    }
}

fn words(shared: &Shared, scored: &mut Scored) {
    let points = shared.weight * WORDS;
    let words: Vec<String> = shared.words.iter().map(|word| clean_line(word, 30)).collect();
    if points >= 1.0 {
        scored.add(points, format!("its subject and paths share words with the failure: {}", words.join(", ")));
    } else {
        scored.points += points;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::{ErrorLine, FailingTest};

    fn commit(files: &[&str]) -> Landed {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Landed { sha: "a".into(), author: "Ada".into(), subject: "x".into(), files, merge: false }
    }

    fn evidence() -> Evidence {
        let frame = |file: &str| Frame { file: file.into(), line: Some(3), text: "".into() };
        Evidence {
            category: Category::Dependency,
            errors: vec![ErrorLine { line: 1, text: "ValueError: see notes.txt".into() }],
            frames: vec![frame("tests/test_till.py"), frame("shop/cart.py"), frame("shop/sum.py")],
            failing_tests: vec![FailingTest {
                framework: "pytest".into(),
                name: "tests/test_till.py::test_a".into(),
                selector: None,
                file: Some("tests/test_till.py".into()),
            }],
            ..Evidence::default()
        }
    }

    #[test]
    fn each_reason_has_its_points() {
        let rows: [(&str, f64, &str); 10] = [
            ("shop/cart.py", FIRST_FRAME, "it changes shop/cart.py, which the failure points to"),
            ("app/shop/cart.py", FIRST_FRAME, "it changes app/shop/cart.py, which the failure points to"),
            ("shop/sum.py", FRAME, "it changes shop/sum.py, which the failure points to"),
            ("workshop/cart.py", 0.0, ""),
            ("shop/price.py", NEARBY, "it changes files next to it, in shop"),
            ("lib/till.py", TESTED, "the failing test is named after lib/till.py"),
            ("tests/test_till.py", NAMED, "it changes the failing test's file tests/test_till.py"),
            ("doc/notes.txt", NAMED, "the error mentions doc/notes.txt"),
            ("Cargo.lock", MANIFEST, "it changes Cargo.lock, and this is a dependency failure"),
            ("docs/index.md", 0.0, ""),
        ];
        for (path, points, because) in rows {
            let mut scored = scored(&evidence(), &[commit(&[path])]).remove(0);
            let shared = shared(&evidence(), &[commit(&[path])])[0].weight * WORDS;
            assert!((scored.points - shared - points).abs() < 1e-9, "{path}: {}", scored.points);
            scored.because.push(String::new());
            assert_eq!(scored.because[0], because, "{path}");
        }
    }

    #[test]
    fn of_similar_ones_the_larger_is_likelier_and_its_size_is_no_reason() {
        let commits = [commit(&["a.py"]), commit(&["a.py", "b.py", "c.py"]), commit(&["a.md", "b.md", "c.md"])];
        let all = scored(&evidence(), &commits);
        assert!(all[1].weight() > all[0].weight() && all[0].weight() > all[2].weight());
        assert!(all.iter().all(|one| one.score() == 0 && one.because.is_empty()));
    }
}
