//! History as lines: outcomes in, scores and causes out. The command line and the API both ask here.

use crate::domain::outcome::Outcome;
use crate::domain::text::Untrusted;
use crate::evidence::redact;
use crate::frameworks;
use crate::history::score::{Evidence, Flake, Verdict};
use crate::history::{self, Cause, Judgement, line};
use crate::ports::{History, HistoryAsked, Lines, Named, Recorded, Store, StoreError};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Outcomes in one transaction: enough to make a flush cheap, few enough to hold in memory.
pub const BATCH: usize = 20_000;
/// Bad lines that are told one by one.
const BAD_SHOWN: usize = 5;

/// What came of importing lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub new: u64,
    pub known: u64,
    pub bad: u64,
    /// Of the first bad lines, the number and what is wrong.
    pub why: Vec<(u64, String)>,
}

impl Imported {
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.known += other.known;
        self.bad += other.bad;
        self.why.extend(other.why);
        self.why.truncate(BAD_SHOWN);
    }
}

/// Records the outcomes in newline-delimited JSON; `before` lines of it came earlier. A line that cannot be read is
/// counted and passed over.
///
/// # Errors
/// The store failed; whole batches before it stand, and importing again changes nothing of them.
pub async fn import(store: &dyn History, lines: &[u8], before: u64) -> Result<Imported, StoreError> {
    let (mut all, mut batch) = (Imported::default(), Vec::new());
    for (n, text) in (before + 1..).zip(lines.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        match line::read(text) {
            Ok(outcome) => batch.push(cleaned(outcome)),
            Err(why) => all.add(Imported { bad: 1, why: vec![(n, why)], ..Imported::default() }),
        }
        if batch.len() == BATCH {
            all.add(record(store, std::mem::take(&mut batch)).await?);
        }
    }
    all.add(record(store, batch).await?);
    Ok(all)
}

/// Without secrets and cut, as what comes by webhooks and from logs.
fn cleaned(outcome: Outcome) -> Outcome {
    let text =
        |name: &Untrusted| -> Untrusted { redact::text(name.raw(), &mut redact::Counts::new()).into_owned().into() };
    Outcome {
        repo: text(&outcome.repo),
        branch: text(&outcome.branch),
        default_branch: outcome.default_branch.as_ref().map(text),
        workflow: text(&outcome.workflow),
        job: text(&outcome.job),
        test: outcome.test.map(|test| frameworks::cut(&redact::test_name(test.raw())).into()),
        ..outcome
    }
}

async fn record(store: &dyn History, batch: Vec<Outcome>) -> Result<Imported, StoreError> {
    let Recorded { new, known } = if batch.is_empty() { Recorded::default() } else { store.record(batch).await? };
    Ok(Imported { new, known, ..Imported::default() })
}

/// A series with its score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    #[serde(flatten)]
    pub named: Named,
    pub flake: Flake,
    pub verdict: Verdict,
    pub evidence: Evidence,
}

/// Scores a series.
///
/// # Errors
/// The store failed.
pub async fn score(store: &dyn History, series: u32, named: Named) -> Result<Scored, StoreError> {
    let (rows, default_branch) = store.executions(series).await?;
    let history::Score { flake, verdict, evidence } = history::score(&rows, default_branch);
    Ok(Scored { named, flake, verdict, evidence })
}

/// What a failure came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classified {
    pub cause: Cause,
    /// By the name of the cause.
    pub causes: serde_json::Map<String, serde_json::Value>,
    pub p_flaky: f64,
    pub because: Vec<String>,
}

impl From<Judgement> for Classified {
    fn from(judgement: Judgement) -> Self {
        let chances = Cause::WEIGHED.iter().zip(judgement.chances);
        let causes = chances.map(|(cause, chance)| (cause.as_str().to_owned(), rounded(chance).into())).collect();
        Self { cause: judgement.cause, causes, p_flaky: judgement.p_flaky, because: judgement.because }
    }
}

/// A line that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    pub error: String,
}

/// To a millionth: more digits say nothing.
fn rounded(chance: f64) -> f64 {
    (chance * 1e6).round() / 1e6
}

/// Judges the failures in newline-delimited JSON, one answer a line and in their order. They are known to one another;
/// nothing is written.
///
/// # Errors
/// The store failed.
pub async fn classify(store: &dyn History, lines: &[u8]) -> Result<Vec<Result<Classified, Unread>>, StoreError> {
    let texts = lines.split(|byte| *byte == b'\n').filter(|text| !text.trim_ascii().is_empty());
    let read: Vec<Result<Outcome, String>> = texts.map(|text| line::read(text).map(cleaned)).collect();
    let outcomes: Vec<Outcome> = read.iter().filter_map(|line| line.as_ref().ok()).cloned().collect();
    let pasts = store.with(&outcomes).await?;
    let judged = read.into_iter().map(|line| match line {
        Err(error) => Ok(Err(Unread { error })),
        Ok(outcome) if !outcome.ended.is_failure() => Ok(Err(Unread { error: "it is not a failure".into() })),
        Ok(outcome) => {
            let (past, row) = pasts.past(&outcome)?;
            Ok(Ok(history::judge(&past, &row).into()))
        }
    });
    judged.collect()
}

/// Answers in newline-delimited JSON.
///
/// # Errors
/// The store failed.
pub async fn answer(store: Arc<dyn Store>, asked: HistoryAsked) -> Result<Lines, StoreError> {
    Ok(match asked {
        HistoryAsked::Import { lines, before } => one(&import(&*store, &lines, before).await?),
        HistoryAsked::Classify { lines } => {
            let judged = classify(&*store, &lines).await?;
            stream::iter(judged.into_iter().map(|one| match one {
                Ok(classified) => line(&classified),
                Err(unread) => line(&unread),
            }))
            .boxed()
        }
        HistoryAsked::Score { repo } => {
            let all = store.series(repo.as_deref()).await?;
            let score = move |(series, named)| {
                let store = Arc::clone(&store);
                async move { line(&score(&*store, series, named).await?) }
            };
            stream::iter(all).then(score).boxed()
        }
    })
}

fn line<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let mut line = serde_json::to_vec(value).map_err(|why| StoreError::Broken(why.to_string()))?;
    line.push(b'\n');
    Ok(line)
}

fn one<T: Serialize>(value: &T) -> Lines {
    stream::iter([line(value)]).boxed()
}
