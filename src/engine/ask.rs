//! Questions that doors ask synchronously.

use super::Engine;
use super::desk::waits_for;
use crate::agents;
use crate::card::Card;
use crate::domain::actor::{Actor, Place};
use crate::domain::card::Verb;
use crate::domain::completion::{Candidate, Typing};
use crate::domain::decision::Tested;
use crate::domain::facts::{Breaker, Hold};
use crate::domain::form::{Fields, Form, Misfit, Typed};
use crate::domain::ids::{Digest, IncidentNo, ProposalId};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::rules::Rules;
use crate::domain::{Quarantined, Repo, RunId};
use crate::evidence;
use crate::policy;
use crate::ports::{
    Answered, Ask, BudgetView, Checks, CiFailure, Counts, DeadLetter, ExportAsked, HistoryAsked, Lines, LoopView,
    Query, Replay, Replayed, Route, StoreError,
};
use crate::remedies::ledger;
use async_trait::async_trait;

#[async_trait]
impl Ask for Engine {
    fn classify(&self, failure: &CiFailure) -> Answered {
        let (category, confidence) = evidence::classify(&failure.jobs, &failure.logs);
        Answered { category, confidence, model: agents::model(category) }
    }

    fn route(&self, failure: &CiFailure) -> Route {
        let category = self.classify(failure).category;
        let files = failure.files.iter().map(String::as_str).collect();
        let (workflow, path, log) = (failure.workflow.as_str(), failure.path.as_str(), failure.logs.as_str());
        let routed = agents::route(&agents::Case { workflow, path, log, files });
        Route {
            area: agents::area(&routed.specialist).into(),
            specialist: routed.specialist,
            model: agents::model(category),
        }
    }

    async fn card(&self, no: IncidentNo, markup: &str) -> Option<Card> {
        let incident = self.store.incident(no).await.ok()??;
        let seal = |what: &crate::card::ButtonRef| self.seal.close(what);
        self.words.card(markup, &crate::card::view(&incident), &seal, self.settings().filter.has_several_owners()).ok()
    }

    async fn shared(&self, token: &str) -> Result<Option<Incident>, StoreError> {
        self.shared_incident(token).await
    }

    async fn budget(&self) -> BudgetView {
        let settings = self.settings();
        let (limit, loops) = (settings.rules.daily_limit, &settings.rules.loops);
        let used = self.used().await;
        // What cannot be read is used up.
        let (breaker, acts) = used.clone().unwrap_or((Breaker::default(), limit));
        let remaining = limit.saturating_sub(acts);
        let until = policy::breaks_until(&settings.rules, breaker, self.clock.now());
        let (allowed, reason) = match used.and(self.read_hold().await) {
            Ok(None) if until.is_some() => {
                (false, format!("{} automatic actions in a row failed: none for now", breaker.failures))
            }
            Ok(None) if remaining > 0 => (true, format!("{remaining} of {limit} automatic actions left today")),
            Ok(None) => (false, format!("all {limit} automatic actions of today are used")),
            Ok(Some(hold)) => (false, format!("emergency stop set by {}", hold.by)),
            Err(why) => (false, why.to_string()),
        };
        BudgetView {
            allowed,
            reason,
            daily_spend: self.spent().await.unwrap_or(loops.daily_budget).dollars(),
            daily_limit: loops.daily_budget.dollars(),
            per_loop_limit: loops.budget.dollars(),
            circuit_breaker_until: until,
            consecutive_failures: breaker.failures,
            remaining,
        }
    }

    async fn loops(&self, active: Option<bool>) -> Result<Vec<LoopView>, StoreError> {
        self.all_loops(active).await
    }

    async fn one_loop(&self, id: ProposalId) -> Result<Option<LoopView>, StoreError> {
        Self::one_loop(self, id).await
    }

    async fn known_run(&self, repo: &str, run: u64) -> Option<IncidentNo> {
        let repo = repo.parse().ok()?;
        let state = self.state.lock().await;
        let repo = state.names.current(&repo);
        state.index.run(&repo, RunId(run)).and_then(|seen| seen.incident)
    }

    async fn incidents(&self, query: Query) -> Result<(Vec<Incident>, Option<u64>), StoreError> {
        let limit = query.limit;
        let mut found = self.store.incidents(&Query { limit: limit + 1, ..query }).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|incident| incident.no.0);
        Ok((found, next))
    }

    async fn complete(&self, actor: &Actor, place: &Place, typing: &Typing) -> Vec<Candidate> {
        self.offered(actor, place, typing).await
    }

    async fn form(&self, actor: &Actor, place: &Place, value: &str) -> Result<(Verb, Form), String> {
        Self::form(self, actor, place, value).await
    }

    async fn offer(&self, actor: &Actor, place: &Place, typed: &Typed<'_>) -> Vec<Candidate> {
        Self::offer(self, actor, place, typed).await
    }

    async fn fits(&self, actor: &Actor, place: &Place, value: &str, fields: &Fields) -> Result<(), Misfit> {
        Self::fits(self, actor, place, value, fields).await
    }

    async fn quarantined(&self, repo: &Repo) -> Result<Vec<Quarantined>, StoreError> {
        let now = self.clock.now();
        let mut all = self.read_ledger(Some(repo)).await?;
        all.retain(|entry| entry.ends() > now && !entry.pending);
        Ok(all)
    }

    async fn waits_for(&self, actor: &Actor, place: &Place) -> Result<Vec<Incident>, StoreError> {
        let principal = self.directory.principal(actor, place);
        let mut open =
            self.store.incidents(&Query { awaits_people: true, limit: usize::MAX, ..Query::default() }).await?;
        open.retain(|incident| waits_for(&self.settings().rules, incident, &principal));
        let repos = open.iter().map(|incident| incident.repo.clone()).collect();
        let seen = self.may_read(&self.asks(actor, place), repos).await;
        open.retain(|incident| seen.contains(&incident.repo));
        Ok(open)
    }

    async fn left_out(&self, repo: &Repo, framework: &str) -> Result<Result<String, String>, StoreError> {
        let all = self.quarantined(repo).await?;
        let found = ledger::arguments(framework, all.iter().filter(|entry| entry.served));
        Ok(found.ok_or_else(|| format!("form must be one of {}", ledger::forms().join(", "))))
    }

    async fn policy(&self, no: IncidentNo, rules: Option<Rules>) -> Result<Option<Vec<Tested>>, StoreError> {
        let settings = self.settings();
        let rules = rules.as_ref().unwrap_or(&settings.rules);
        super::trying::test(&*self.store, rules, no, self.clock.now()).await
    }

    async fn journal(&self, no: IncidentNo) -> Result<Vec<Entry>, StoreError> {
        const ENTRIES: usize = 500;
        self.store.journal(no, 0, ENTRIES).await
    }

    async fn record(&self, no: IncidentNo) -> Result<Option<String>, StoreError> {
        super::record::record(&*self.store, &self.words, no).await
    }

    async fn replay(&self, no: IncidentNo, asked: &Replay) -> Result<Option<Vec<Replayed>>, StoreError> {
        self.replay_events(no, asked).await
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.blob(digest).await
    }

    async fn hold(&self) -> Result<Option<Hold>, StoreError> {
        self.read_hold().await
    }

    async fn can_keep(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.store.counts().await
    }

    async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        const LETTERS: usize = 50;
        self.store.dead_letters(LETTERS).await
    }

    async fn history(&self, asked: HistoryAsked) -> Result<Lines, StoreError> {
        super::history::answer(self.store.clone(), asked).await
    }

    async fn fill(&self, repo: Option<Repo>) -> Result<Lines, StoreError> {
        self.fill_now(repo).await
    }

    async fn troubles(&self) -> Result<Vec<crate::ports::Trouble>, StoreError> {
        self.read_troubles().await
    }

    fn export(&self, asked: ExportAsked) -> Lines {
        super::export::export(self.store.clone(), self.words.clone(), asked)
    }

    async fn backup(&self) -> Result<Lines, StoreError> {
        self.store.backup().await
    }

    async fn verify(&self) -> Result<Checks, StoreError> {
        self.store.verify().await
    }
}
