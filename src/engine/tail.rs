//! The end of a log that came with the failure itself, read as any other log.

use super::turn::Working;
use crate::domain::Repo;
use crate::domain::event::{Event, LogRead};
use crate::domain::ids::RunId;
use crate::domain::text::Untrusted;
use crate::evidence::Analyzer;
use crate::ports::StoreError;

impl Working<'_> {
    /// For the incident that the run belongs to by now. A hook's body is small, so it is read within the turn.
    pub(super) async fn log_tail(
        &mut self,
        repo: &Repo,
        run: RunId,
        names: &[Untrusted],
        text: &str,
    ) -> Result<(), StoreError> {
        let seen = self.state.index.run(repo, run).and_then(|seen| Some((seen.incident?, seen.attempt)));
        let Some((incident, attempt)) = seen else { return Ok(()) };
        let names: Vec<&str> = names.iter().map(Untrusted::raw).collect();
        let mut analyzer = Analyzer::new(&names);
        analyzer.feed(text.as_bytes());
        let reading = analyzer.finish();
        let mut evidence = reading.evidence;
        evidence.excerpt = Some(self.engine.store.put_blob(reading.excerpt.into_bytes()).await?);
        let read = LogRead::Read(Box::new(evidence));
        self.event(Event::LogRead { incident, run, attempt, job_id: 0, read }).await
    }
}
