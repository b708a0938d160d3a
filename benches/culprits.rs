//! How well suspects are ranked: real failures of `Defects4J`, each with the commit that is known to have brought it.
//!
//! `benches/culprits/fetch.py DATA` prepares the data, `cargo bench --bench culprits -- DATA` judges. Each trace is put into
//! a log as Maven prints it and read as any log is; the commits of each window are ranked as for a card. What is printed by
//! half: mean reciprocal rank of the culprit, and how often it is first or among five.

use ci_rescue::domain::evidence::Evidence;
use ci_rescue::domain::ids::RunId;
use ci_rescue::domain::suspect::{Landed, SuspectFacts};
use ci_rescue::evidence::Analyzer;
use ci_rescue::policy;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Deserialize)]
struct Bug {
    project: String,
    /// The ranking was made with it in view.
    learn: bool,
    /// As `Defects4J` keeps them: `--- class::method`, then the trace.
    trace: String,
    culprit: String,
    commits: HashMap<String, Landed>,
    windows: Vec<Window>,
}

#[derive(Deserialize)]
struct Window {
    size: usize,
    /// Newest first.
    commits: Vec<String>,
    /// What others suspect first.
    orders: BTreeMap<String, Vec<String>>,
}

/// Places of culprits, counted from one, and the sizes of their windows.
#[derive(Default)]
struct Places(Vec<(usize, usize)>);

impl Places {
    fn mean(&self, of: impl Fn(usize, usize) -> f64) -> f64 {
        self.0.iter().map(|(place, size)| of(*place, *size)).sum::<f64>() / self.0.len() as f64
    }

    fn within(&self, most: usize) -> f64 {
        self.mean(|place, _| f64::from(u8::from(place <= most)))
    }

    fn line(&self, name: &str) {
        let reciprocal = self.mean(|place, _| 1.0 / place as f64);
        println!("| {name} | {reciprocal:.2} | {:.2} | {:.2} | {} |", self.within(1), self.within(5), self.0.len());
    }

    /// What any order is expected to reach by chance.
    fn chance(&self) {
        let reciprocal = self.mean(|_, size| (1..=size).map(|at| 1.0 / at as f64).sum::<f64>() / size as f64);
        let within = |most: usize| self.mean(|_, size| most.min(size) as f64 / size as f64);
        println!("| by chance | {reciprocal:.2} | {:.2} | {:.2} | {} |", within(1), within(5), self.0.len());
    }
}

fn main() {
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let Some(text) = given.as_deref().and_then(read) else {
        return println!("skipped: give the folder that benches/culprits/fetch.py made");
    };
    let bugs: Vec<Bug> = text.lines().map(|line| serde_json::from_str(line).expect("a bug")).collect();
    let evidence: Vec<Evidence> = bugs.iter().map(evidence).collect();
    for learn in [true, false] {
        let seen = if learn { "in view" } else { "held out" };
        let half: Vec<(&Bug, &Evidence)> = bugs.iter().zip(&evidence).filter(|(bug, _)| bug.learn == learn).collect();
        println!("\n{} bugs {seen}: {}", half.len(), projects(&half));
        for size in [10, 20, 50] {
            println!("\n| {seen}, {size} commits | MRR | first | in five | windows |\n|---|---|---|---|---|");
            table(&half, size);
        }
    }
    time(&bugs, &evidence);
}

fn read(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join("bugs.jsonl")).ok()
}

fn projects(bugs: &[(&Bug, &Evidence)]) -> String {
    let mut all = BTreeMap::<&str, usize>::new();
    for (bug, _) in bugs {
        *all.entry(&bug.project).or_default() += 1;
    }
    all.iter().map(|(project, bugs)| format!("{project} {bugs}")).collect::<Vec<_>>().join(", ")
}

fn table(bugs: &[(&Bug, &Evidence)], size: usize) {
    let mut all = BTreeMap::<String, Places>::new();
    let mut isolated = Vec::new();
    for (bug, evidence) in bugs {
        for window in bug.windows.iter().filter(|window| window.size == size) {
            let place = |order: &[String]| {
                let at = order.iter().position(|sha| *sha == bug.culprit).expect("the culprit is in its window");
                (at + 1, order.len())
            };
            let mut note = |name: &str, order: &[String]| all.entry(name.into()).or_default().0.push(place(order));
            note("CI Rescue", &ranked(bug, window, evidence));
            isolated.push(right(bug, window, evidence));
            note("newest first", &window.commits);
            note("most files first", &largest(bug, window));
            for (name, order) in &window.orders {
                note(name, order);
            }
        }
    }
    for (name, places) in &all {
        places.line(name);
    }
    if let Some(places) = all.get("newest first") {
        places.chance();
    }
    let named: Vec<bool> = isolated.iter().flatten().copied().collect();
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    let right = share(named.iter().filter(|right| **right).count(), named.len());
    println!(
        "\none commit is isolated in {:.2} of the windows, rightly in {right:.2}",
        share(named.len(), isolated.len())
    );
}

fn commits(bug: &Bug, window: &Window) -> Vec<Landed> {
    window.commits.iter().map(|sha| bug.commits[sha].clone()).collect()
}

fn ranked(bug: &Bug, window: &Window, evidence: &Evidence) -> Vec<String> {
    policy::ranked(Some(evidence), &commits(bug, window)).into_iter().map(|suspect| suspect.sha).collect()
}

/// Whether the one commit that is isolated, if one is, is the culprit.
fn right(bug: &Bug, window: &Window, evidence: &Evidence) -> Option<bool> {
    let green = Some((RunId(1), String::new()));
    let facts = SuspectFacts { green, commits: commits(bug, window), ..SuspectFacts::default() };
    policy::suspects(Some(evidence), &window.commits[0], &facts).bracketed().map(|best| best.sha == bug.culprit)
}

fn largest(bug: &Bug, window: &Window) -> Vec<String> {
    let mut all = window.commits.clone();
    all.sort_by_key(|sha| std::cmp::Reverse(bug.commits[sha].files.len()));
    all
}

/// The time of ranking fifty commits, with their lists of files at hand.
fn time(bugs: &[Bug], evidence: &[Evidence]) {
    let mut all: Vec<Duration> = Vec::new();
    for (bug, evidence) in bugs.iter().zip(evidence) {
        for window in bug.windows.iter().filter(|window| window.size == 50) {
            let commits = commits(bug, window);
            #[allow(clippy::disallowed_methods, reason = "a benchmark measures")]
            let start = std::time::Instant::now();
            std::hint::black_box(policy::ranked(Some(evidence), &commits));
            all.push(start.elapsed());
        }
    }
    all.sort();
    if let (Some(median), Some(worst)) = (all.get(all.len() / 2), all.last()) {
        println!("\n50 commits are ranked in {median:.1?}, at most {worst:.1?}");
    }
}

fn evidence(bug: &Bug) -> Evidence {
    let mut analyzer = Analyzer::new(&["test", "Run mvn --batch-mode verify"]);
    analyzer.feed(log(&bug.trace).as_bytes());
    analyzer.finish().evidence
}

/// What Maven prints of the failing tests.
fn log(trace: &str) -> String {
    let mut out = String::from("[INFO]  T E S T S\n");
    let mut classes: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for part in trace.split("--- ").filter(|part| part.contains('\n')) {
        let (name, rest) = part.split_once('\n').expect("a line");
        let (class, method) = name.split_once("::").unwrap_or((name, "initializationError"));
        classes.entry(class).or_default().push((method, rest.trim_end()));
    }
    let failed: usize = classes.values().map(Vec::len).sum();
    for (class, tests) in &classes {
        let counts = format!("Tests run: {0}, Failures: {0}, Errors: 0, Skipped: 0", tests.len());
        out += &format!("[INFO] Running {class}\n[ERROR] {counts}, Time elapsed: 0.1 s <<< FAILURE! - in {class}\n");
        for (method, trace) in tests {
            // What called the test is the runner's, and left out.
            let own: Vec<&str> = trace.lines().take_while(|line| !line.contains("at sun.reflect.")).collect();
            let own = own.join("\n");
            out += &format!("[ERROR] {method}({class})  Time elapsed: 0.01 s  <<< FAILURE!\n{own}\n\n");
        }
    }
    out += "[INFO] Results:\n[INFO]\n[ERROR] Failures:\n";
    for (class, tests) in &classes {
        let short = class.rsplit('.').next().unwrap_or(class);
        for (method, trace) in tests {
            out += &format!("[ERROR]   {short}.{method} {}\n", trace.lines().next().unwrap_or_default());
        }
    }
    out + &format!(
        "[ERROR] Tests run: {failed}, Failures: {failed}, Errors: 0, Skipped: 0\n[INFO] BUILD FAILURE\n\
         [ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:2.22.2:test: There are test failures.\n\
         ##[error]Process completed with exit code 1.\n"
    )
}
