//! How it went: one count of incidents and history, which chat, console, metrics and the weekly review show alike.

mod acts;
mod builds;
mod recurring;
mod tally;
mod words;

use super::Engine;
use super::{calibrating, tracks};
use crate::domain::Repo;
use crate::domain::figures::{DAYS, EXAMPLES, Figures, IssueFigures, WEEKS};
use crate::domain::time::{DAY_MS, Time};
use crate::evidence::known;
use crate::ports::{PortError, Query, StoreError};
pub use acts::of_week;
use tally::Tally;
pub use words::lines;

/// Incidents looked at: the newest.
const INCIDENTS_MAX: usize = 5_000;
/// Incidents in memory at one time.
const PAGE: usize = 200;
const WEEK_MS: i64 = 7 * DAY_MS;
const BACK_MS: i64 = DAYS * DAY_MS;
/// Known issues shown.
const ISSUES_MAX: usize = 20;

impl Engine {
    /// Counted here rather than in a turn, which nobody else could take meanwhile.
    pub(super) async fn tell_stats(
        &self,
        place: &crate::domain::Place,
        actor_id: &str,
        only: Option<&[Repo]>,
    ) -> Result<(), PortError> {
        let figures = self.figures(only).await;
        let figures = figures.map_err(|why| PortError::transient(why.to_string()))?;
        let mut lines = lines(&figures);
        let loops = self.all_loops(Some(false)).await.map_err(|why| PortError::transient(why.to_string()))?;
        let since = self.clock.now().plus_ms(-DAYS * DAY_MS);
        lines.extend(super::loops::by_specialist(&loops, since, only));
        let note = crate::domain::journal::Note::Stats { lines };
        self.reply(place, actor_id, &note).await
    }

    /// The figures of everything, or of these repositories alone, as of now.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn figures(&self, only: Option<&[Repo]>) -> Result<Figures, StoreError> {
        let now = self.clock.now();
        let mut tally = Tally::new(now);
        let one = only.filter(|only| only.len() == 1).and_then(|only| only.first()).map(Repo::as_str);
        let wanted = |repo: &Repo| only.is_none_or(|only| only.contains(repo));
        let add = |incident: &crate::domain::Incident| {
            if wanted(&incident.repo) {
                tally.add(incident);
            }
        };
        self.each_incident(one, now.plus_ms(-weeks_ms()), add).await?;
        let failing = tally.suites();
        let mut figures = tally.figures();
        let history = builds::read(&*self.store, only, &failing, now).await?;
        figures.suites = history.suites();
        history.fill(&mut figures);
        let outcomes = calibrating::stored(&*self.store).await?;
        figures.calibration.learned = outcomes.count();
        figures.calibration.corrected = EXAMPLES.map(|chance| outcomes.curve().apply(chance));
        if only.is_none() {
            figures.issues = self.issues().await?;
            figures.filled = self.filled().await?;
        }
        Ok(figures)
    }

    /// Shows every incident opened since `since`, newest first, a page at a time.
    pub(super) async fn each_incident(
        &self,
        repo: Option<&str>,
        since: Time,
        mut show: impl FnMut(&crate::domain::incident::Incident) + Send,
    ) -> Result<(), StoreError> {
        let mut query = Query { repo: repo.map(str::to_owned), limit: PAGE, ..Query::default() };
        let mut seen = 0;
        while seen < INCIDENTS_MAX {
            let page = self.store.incidents(&query).await?;
            page.iter().filter(|incident| incident.opened_at >= since).for_each(&mut show);
            seen += page.len();
            match page.last() {
                Some(last) if page.len() == PAGE && last.opened_at >= since => query.before = Some(last.no.0),
                _ => break,
            }
        }
        Ok(())
    }

    /// The known issues that were seen, the most seen first.
    async fn issues(&self) -> Result<Vec<IssueFigures>, StoreError> {
        let stored = tracks::all(&*self.store).await?;
        let mut all: Vec<IssueFigures> = stored
            .into_iter()
            .filter_map(|(id, track)| {
                let shipped = f64::from(known::by_id(&id)?.confidence);
                Some(IssueFigures { id, track, shipped, now: track.confidence(shipped) })
            })
            .collect();
        all.sort_by(|a, b| b.track.seen.cmp(&a.track.seen).then_with(|| a.id.cmp(&b.id)));
        all.truncate(ISSUES_MAX);
        Ok(all)
    }
}

/// How far back the plots go.
fn weeks_ms() -> i64 {
    i64::try_from(WEEKS).unwrap_or(0) * WEEK_MS
}

/// The week of the plots that an instant falls into, 0 the oldest.
fn week_of(now: Time, at: Time) -> Option<usize> {
    let ago = usize::try_from(now.ms_since(at).max(0) / WEEK_MS).ok()?;
    WEEKS.checked_sub(ago + 1)
}
