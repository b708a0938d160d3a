//! A hundred whole logs of nearly as many tools, written and labelled by somebody who had not seen the rules. The misses of those marked
//! `held_out` were never looked at; the marks are below what was reached.

use super::scores::{hit, squash};
use super::{Row, read_in, rows, text};
use ci_rescue::domain::evidence::Evidence;
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

/// The parts of a test's name: people and tools join them by different signs.
fn parts(name: &str) -> Vec<String> {
    static UNITTEST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^([\w\[\]]*) ?\(([\w.$]+)\)$").unwrap());
    static ENDING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\.(?:py|js|ts|tsx|jsx|mjs|rb|go|rs|java|php)(::|\s|$|›|>|:)").unwrap());
    static JOINT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\s*(?:::|›|>|#|/|\\|\.|\s-\s)\s*").unwrap());
    let name = squash(name).to_lowercase();
    let mut name = name.trim_end_matches(':').to_owned();
    if let Some(found) = UNITTEST.captures(&name) {
        let (method, owner) = (&found[1], &found[2]);
        let whole = method.is_empty() || owner.ends_with(&format!(".{method}"));
        name = if whole { owner.to_owned() } else { format!("{owner}.{method}") };
    }
    let name = ENDING.replace_all(&name, "$1");
    JOINT.split(&name).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn same_test(a: &str, b: &str) -> bool {
    let (a, b) = (parts(a), parts(b));
    let n = a.len().min(b.len());
    n > 0 && a[a.len() - n..] == b[b.len() - n..]
}

#[derive(Default)]
struct Score {
    logs: usize,
    first: usize,
    ten: usize,
    category: usize,
    named: usize,
    rightly: usize,
    wanted: usize,
    found: usize,
}

impl Score {
    fn add(&mut self, row: &Row, evidence: &Evidence) {
        self.logs += 1;
        self.first += usize::from(hit(row, evidence, 1));
        self.ten += usize::from(hit(row, evidence, 10));
        let said = evidence.category.as_str();
        self.category += usize::from(said == row.category || row.category_alt.iter().any(|alt| alt == said));
        let names: Vec<&str> = evidence.failing_tests.iter().map(|test| test.name.raw()).collect();
        self.named += names.len();
        self.rightly += names.iter().filter(|name| row.failing_tests.iter().any(|want| same_test(want, name))).count();
        self.wanted += row.failing_tests.len();
        self.found += row.failing_tests.iter().filter(|want| names.iter().any(|name| same_test(want, name))).count();
    }

    /// The harmonic mean of precision and recall of the names of tests, in percent.
    fn f1(&self) -> f64 {
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        let (precision, recall) = (share(self.rightly, self.named), share(self.found, self.wanted));
        200.0 * precision * recall / (precision + recall)
    }
}

#[test]
fn logs_of_a_hundred_tools_are_read() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/evidence/whole");
    let rows = rows(&dir);
    assert_eq!(rows.len(), 100);
    for (split, marks) in [("seen", MARKS), ("held_out", MARKS_HELD_OUT)] {
        let mut score = Score::default();
        for row in rows.iter().filter(|row| row.split.as_deref() == Some(split)) {
            score.add(row, &read_in(&text(&dir, &row.file), 64 << 10).evidence);
        }
        let percent = |n: usize| 100.0 * n as f64 / score.logs as f64;
        let reached = [percent(score.first), percent(score.ten), percent(score.category), score.f1()];
        println!("{split}: hit@1, hit@10, category, F1 of names: {reached:.1?} of {} logs", score.logs);
        let enough = reached.iter().zip(marks).all(|(reached, mark)| *reached >= mark);
        assert!(enough, "{split}: {reached:.1?}, wanted {marks:?}");
    }
}

const MARKS: [f64; 4] = [73.0, 96.0, 96.0, 80.0];
const MARKS_HELD_OUT: [f64; 4] = [53.0, 97.0, 89.0, 63.0];
