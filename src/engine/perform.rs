//! Effects: claimed, performed, and their results put back through the inbox.

use super::Engine;
use super::containers::not_run;
use super::spans;
use crate::domain::access::Readable;
use crate::domain::action::{Action, Outcome};
use crate::domain::analysis::Analysis;
use crate::domain::deployment::ReviewOutcome;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::{Event, Failure, LogRead, Merging, Scope, Spoken};
use crate::domain::evidence::Reported;
use crate::domain::facts::{Facts, Known};
use crate::domain::ids::{Digest, Repo};
use crate::domain::incident::PullEnd;
use crate::domain::link::{Linking, Polled};
use crate::domain::repro::ReproRun;
use crate::domain::suspect::SuspectFacts;
use crate::domain::text::Untrusted;
use crate::domain::time::{MINUTE_MS, Time};
use crate::evidence::{Analyzer, redact};
use crate::ports::{Claimed, Delivery, PortError, StoreError, Turn};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use metrics::{counter, histogram};
use std::time::Duration;
use tracing::Instrument;

/// The longest effect is a log of a gigabyte.
const LEASE_MS: i64 = 30 * MINUTE_MS;
/// Tries of a write or a reply before giving up and reporting it to the incident: four minutes.
const TRIES: u32 = 8;
/// Looking harms nobody: an integration that is down for three hours is waited for.
const LOOKS: u32 = 45;
/// What an operator has to fix first.
const FIX_PAUSE: Duration = Duration::from_secs(300);
/// Before a failure counts: three seconds.
const LOOKS_BEFORE: u32 = 3;
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(5);
/// Longer logs are not read.
const LOG_BYTES_MAX: u64 = 4 << 30;

impl Engine {
    /// Performs the oldest effect that is due. `false` when there was none.
    ///
    /// # Errors
    /// The store failed; the effect is still in the outbox.
    pub async fn perform(&self) -> Result<bool, StoreError> {
        match self.claim_effect().await? {
            Some(claim) => self.work(claim).await.map(|()| true),
            None => Ok(false),
        }
    }

    pub(super) async fn claim_effect(&self) -> Result<Option<Claimed<Effect>>, StoreError> {
        self.store.claim_effect(self.clock.now(), LEASE_MS).await
    }

    /// Performs a claimed effect and puts its result back.
    pub(super) async fn work(&self, claim: Claimed<Effect>) -> Result<(), StoreError> {
        let span = spans::effect(&claim);
        let _here = self.at_work.enter(&claim.work);
        self.work_on(claim).instrument(span).await
    }

    async fn work_on(&self, claim: Claimed<Effect>) -> Result<(), StoreError> {
        let effect = &claim.work;
        let (kind, incident) = (effect.kind(), effect.incident().map_or(0, |no| no.0));
        let begun = self.clock.now();
        let result = match effect {
            Effect::ReadLog { repo, job_id, names, .. } => self.read_log(repo, *job_id, names).await.map(Done::Log),
            Effect::Gather { lookups, .. } => self.gather(lookups).await.map(|facts| Done::Facts(Box::new(facts))),
            Effect::Perform { action, automatic, .. } => self.act(action, *automatic).await.map(Done::Outcome),
            Effect::Recheck { action, .. } | Effect::Follow { action, .. } => {
                self.act(action, false).await.map(|_| Done::Nothing)
            }
            Effect::Merge { .. } => self.merge(effect).await.map(Done::Merging),
            Effect::LookAtPull { repo, number, .. } => self.ended(repo, *number).await.map(Done::Ended),
            Effect::Reproduce { repo, sha, tests, .. } => self.reproduce(repo, sha, tests).await.map(Done::Script),
            Effect::RunRepro { .. } => self.run_repro(effect).await.map(Done::Ran),
            Effect::Analyse { incident, print } => self.analyse(*incident, print).await.map(Done::Analysis),
            Effect::Suspect { .. } => self.suspect(effect).await.map(|facts| Done::Suspects(Ok(Box::new(facts)))),
            Effect::ReadReports { repo, run, attempt, failed } => {
                self.read_reports(repo, *run, *attempt, *failed).await.map(Done::Reported)
            }
            Effect::Look { failure } => self.look(failure).await.map(|event| Done::Event(Box::new(event))),
            Effect::HandIn { .. } => self.hand_in(effect).await.map(Done::Review),
            Effect::CheckCommit { repo, sha, head } => self.check_commit(repo, sha, head).await.map(|()| Done::Nothing),
            Effect::Direct { to, note } => self.direct(to, note).await.map(|()| Done::Nothing),
            Effect::Clear { login, repos, .. } => Ok(Done::Readable(self.readable(login.as_deref(), repos).await)),
            Effect::Vouch { actor, place, .. } => self.vouch(place, &actor.id).await.map(Done::Vouched),
            Effect::Welcome { place, actor_id, note, lists } => {
                self.show_home(place, actor_id, note.as_ref(), lists.as_deref()).await.map(|()| Done::Nothing)
            }
            Effect::Inform { place, window, found } => {
                self.tell_window(place, window, found).await.map(|()| Done::Nothing)
            }
            Effect::Preview { platform, at, shown } => {
                self.show_previews(platform, at, shown).await.map(|()| Done::Nothing)
            }
            Effect::Review { platform, channel, from, to } => {
                self.review(platform, channel, (*from, *to)).await.map(|()| Done::Nothing)
            }
            Effect::Summary { platform, channel, every, from, to } => {
                self.summarise((platform, channel), *every, (*from, *to)).await.map(|()| Done::Nothing)
            }
            Effect::Doctor { place, actor_id } => self.tell_checkup(place, actor_id).await.map(|()| Done::Nothing),
            Effect::Stats { place, actor_id, only } => {
                self.tell_stats(place, actor_id, only.as_deref()).await.map(|()| Done::Nothing)
            }
            Effect::BeginLink { actor, place } => {
                self.begin_link(actor, place).await.map(|event| Done::Event(Box::new(event)))
            }
            Effect::PollLink { account, flow, handle } => {
                self.poll_link(account, flow, handle).await.map(|event| Done::Event(Box::new(event)))
            }
            Effect::Share { incident, place, actor_id, shared } => {
                self.tell_share(*incident, place, actor_id, *shared).await.map(|()| Done::Nothing)
            }
            Effect::Reply { place, actor_id, note } => self.reply(place, actor_id, note).await.map(|()| Done::Nothing),
        };
        let took = Duration::from_millis(u64::try_from(self.clock.now().ms_since(begun)).unwrap_or(0));
        histogram!("ci_rescue_effect_seconds", "effect" => kind).record(took);
        match result {
            Ok(done) => {
                tracing::debug!(effect = claim.key, incident, kind, "performed");
                self.complete(&claim, done, None).await?;
            }
            Err(why) => {
                spans::failed(&why);
                // An integration that is down says so once, by itself; what is given up is told below.
                tracing::debug!(effect = claim.key, incident, kind, attempt = claim.attempts + 1, %why, "an effect failed");
                self.failed(&claim, &why).await?;
            }
        }
        Ok(())
    }

    /// The result enters by the same door as everything else.
    async fn complete(&self, claim: &Claimed<Effect>, done: Done, dead: Option<String>) -> Result<(), StoreError> {
        let outcome = if dead.is_some() { "dead" } else { "done" };
        if let Some(why) = &dead {
            let incident = claim.work.incident().map_or(0, |no| no.0);
            tracing::warn!(incident, kind = claim.work.kind(), "gave up an effect: {why}");
        }
        counter!("ci_rescue_effects_total", "effect" => claim.work.kind(), "outcome" => outcome).increment(1);
        // Reports were masked as they were read, and know what is the name of a test.
        let is_masked = matches!(done, Done::Reported(_));
        let event = result(&claim.work, done, self.clock.now());
        let id = format!("internal:effect-{}-{}", self.installation, claim.key);
        let delivery = event.map(|event| Delivery::internal(id, self.clock.now(), &event));
        // What integrations answer is as untrusted as what they send.
        let deliveries =
            delivery.map(|d| if is_masked { d } else { Delivery { body: redact::body(d.body.as_bytes()), ..d } });
        let deliveries = deliveries.into_iter().collect();
        let effect = Some((claim.key, claim.lease));
        self.store.commit(Turn { effect, deliveries, dead, ..Turn::default() }).await?;
        self.turn_due.notify_one();
        Ok(())
    }

    async fn failed(&self, claim: &Claimed<Effect>, why: &PortError) -> Result<(), StoreError> {
        let tries = tries(&claim.work, why);
        let last = claim.attempts + 1 >= tries;
        let reply = matches!(
            claim.work,
            Effect::Reply { .. }
                | Effect::Share { .. }
                | Effect::Doctor { .. }
                | Effect::Stats { .. }
                | Effect::Welcome { .. }
        );
        match why {
            // A private reply that may have arrived is not repeated.
            PortError::Ambiguous { .. } if reply => self.complete(claim, Done::Nothing, None).await,
            PortError::Permanent { why } | PortError::Gone { why } => {
                self.complete(claim, given_up(&claim.work, why, false), reply.then(|| why.clone())).await
            }
            other if last => {
                let unknown = matches!(other, PortError::Ambiguous { .. });
                let words = format!("gave up after {tries} tries: {other}");
                // What could not be looked at is taken as it came: nothing is lost.
                let dead = (!matches!(claim.work, Effect::Look { .. })).then(|| words.clone());
                self.complete(claim, given_up(&claim.work, &words, unknown), dead).await
            }
            PortError::Transient { retry_after, .. } => self.again(claim, *retry_after).await,
            PortError::Fixable { .. } => self.again(claim, Some(FIX_PAUSE)).await,
            PortError::Ambiguous { .. } => self.again(claim, None).await,
        }
    }

    async fn again(&self, claim: &Claimed<Effect>, retry_after: Option<Duration>) -> Result<(), StoreError> {
        counter!("ci_rescue_effects_total", "effect" => claim.work.kind(), "outcome" => "retried").increment(1);
        let waits = matches!(claim.work, Effect::RunRepro { .. });
        // Whoever waits for its turn need not wait longer the longer it waits.
        let own = if waits { Duration::ZERO } else { backoff(claim.attempts, claim.key) };
        let pause = own.max(retry_after.unwrap_or_default());
        let at = self.clock.now().plus_ms(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        self.store.retry_effect((claim.key, claim.lease), at).await
    }

    pub(super) async fn read_log(&self, repo: &Repo, job_id: u64, names: &[Untrusted]) -> Result<LogRead, PortError> {
        let Some(ci) = &self.ci else {
            return Ok(LogRead::Missing("CI access is not configured: set github.token or github.app_id".into()));
        };
        let mut stream = match ci.log(repo, job_id).await {
            Ok(stream) => stream,
            Err(PortError::Permanent { why }) => return Ok(LogRead::Missing(why)),
            Err(other) => return Err(other),
        };
        let names: Vec<&str> = names.iter().map(Untrusted::raw).collect();
        let mut analyzer = Analyzer::new(&names);
        let mut bytes = 0_u64;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            if bytes > LOG_BYTES_MAX {
                return Ok(LogRead::Missing(format!("it is over {} GB long", LOG_BYTES_MAX >> 30)));
            }
            // Reading is work for the processor: let others run between chunks.
            analyzer.feed(&chunk);
            tokio::task::yield_now().await;
        }
        let reading = analyzer.finish();
        let mut evidence = reading.evidence;
        let digest = self.store.put_blob(reading.excerpt.into_bytes()).await;
        evidence.excerpt = Some(digest.map_err(|why| PortError::transient(why.to_string()))?);
        Ok(LogRead::Read(Box::new(evidence)))
    }

    async fn gather(&self, lookups: &[Lookup]) -> Result<Facts, PortError> {
        let mut facts = Facts { asked: lookups.to_vec(), ..Facts::default() };
        for lookup in lookups {
            match lookup {
                Lookup::Run { repo, run } => facts.run = Some(known(self.ci()?.run(repo, *run).await)?),
                Lookup::Jobs { repo, run, attempt } => {
                    let attempt = newest_attempt(&facts, *attempt);
                    facts.jobs = Some(known(self.ci()?.jobs(repo, *run, attempt).await)?);
                }
                Lookup::Head { repo, branch, pull } => {
                    facts.head = Some(known(self.forge()?.head(repo, branch, *pull).await)?);
                }
                Lookup::CommitMessage { repo, sha } => {
                    facts.commit_message = Some(known(self.forge()?.commit_message(repo, sha).await)?);
                }
                Lookup::Change { repo, onto, change, message } => {
                    let found = known(self.change(repo, onto, change, message).await)?;
                    facts.changes.insert(onto.clone(), found);
                }
                Lookup::Pull { repo, number } => {
                    let found = known(self.pull(repo, *number).await)?;
                    facts.pulls.push((*number, found));
                }
                Lookup::Quarantined { repo } => {
                    facts.quarantined = Some(known(self.ledger(Some(repo)).await)?);
                }
                Lookup::Owners { repo, onto, paths } => {
                    facts.owners = Some(known(self.owners(repo, onto, paths).await)?);
                }
                Lookup::LastAuthors { repo, commit, paths } => {
                    facts.last_authors = Some(known(self.last_authors(repo, commit, paths).await)?);
                }
                Lookup::AuthorOf { repo, sha } => {
                    facts.author_of = Some((sha.clone(), known(self.forge()?.author(repo, sha).await)?));
                }
                Lookup::PullOf { repo, head, sha } => {
                    facts.pull_of = Some(known(self.forge()?.pull_of(repo, head, sha).await)?);
                }
                Lookup::Range { repo, workflow, branch, job, green, red } => {
                    let range = super::range::Range { repo, workflow, branch, job, green, red };
                    facts.range = Some(known(self.range(&range).await)?);
                }
                Lookup::Runners { repo, labels } => {
                    facts.runners = Some(known(self.ci()?.runners(repo, labels).await)?);
                }
                Lookup::Pending { repo, run } => {
                    facts.pending = Some(known(self.pending(repo, *run).await)?);
                }
                Lookup::Protected { repo, branch } => {
                    facts.protected = Some(known(self.forge()?.is_protected(repo, branch).await)?);
                }
                Lookup::Schedule { repo, workflow, branch } => {
                    facts.schedule = Some(known(self.schedule(repo, workflow, branch).await)?);
                }
                Lookup::Queued { repo, number } => {
                    facts.queued.push((*number, known(self.forge()?.queued(repo, *number).await)?));
                }
                Lookup::Trial { repo, workflow, branch } => {
                    facts.trial = Some(known(self.trial(repo, workflow, branch).await)?);
                }
                Lookup::OwnRules { repo } => facts.own_rules = Some(known(self.own_rules(repo).await)?),
                Lookup::MayWrite { repo, login } => {
                    let may = known(self.forge()?.may_write(repo, login).await)?;
                    facts.writers.insert(login.clone(), may);
                }
            }
        }
        Ok(facts)
    }

    pub(super) fn ci(&self) -> Result<&dyn crate::ports::Ci, PortError> {
        self.ci
            .as_deref()
            .ok_or_else(|| PortError::permanent("CI access is not configured: set github.token or github.app_id"))
    }

    pub(super) fn forge(&self) -> Result<&dyn crate::ports::Forge, PortError> {
        self.forge
            .as_deref()
            .ok_or_else(|| PortError::permanent("GitHub access is not configured: set github.token or github.app_id"))
    }

    /// A write. The emergency stop is read again right before it, and when it cannot be read, it holds.
    async fn act(&self, action: &Action, automatic: bool) -> Result<Outcome, PortError> {
        if automatic && !matches!(self.read_hold().await, Ok(None)) {
            return Ok(Outcome::Held);
        }
        let done = match action {
            Action::Rerun { .. } | Action::Cancelled { .. } => {
                let how = self.ci()?.ensure(action).await?;
                return Ok(how.map_or(Outcome::Done, Outcome::Otherwise));
            }
            Action::Label { .. }
            | Action::Comment { .. }
            | Action::Check { .. }
            | Action::PullClosed { .. }
            | Action::IssueClosed { .. } => self.forge()?.ensure(action).await,
            Action::Enqueued { repo, number, id, head } => self.forge()?.enqueue(repo, *number, id, head).await,
            Action::Issue { .. } => return self.open_issue(action).await,
            Action::Attempt { .. } => return self.attempt(action).await,
            Action::Listed { .. } | Action::Unlisted { .. } => self.write_ledger(action).await,
            Action::Markers { .. } => self.check_markers(action).await,
            Action::Branch { .. } | Action::BranchGone { .. } => self.branch(action).await,
            Action::Pull { .. } => return self.open_pull(action).await.map(Outcome::Made),
        };
        done.map(|()| Outcome::Done)
    }

    pub(super) async fn reply(
        &self,
        place: &crate::domain::Place,
        actor_id: &str,
        note: &crate::domain::journal::Note,
    ) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(&place.platform) else {
            return Err(PortError::permanent(format!("{} is not configured", place.platform)));
        };
        let text = self.words.note(chat.markup(), note).map_err(|why| PortError::permanent(why.to_string()))?;
        chat.whisper(place, actor_id, &text, note.mood()).await
    }

    /// By the first road that is open.
    async fn direct(
        &self,
        to: &[(crate::domain::Platform, String)],
        note: &crate::domain::journal::Note,
    ) -> Result<(), PortError> {
        let mut last = PortError::permanent("nobody can be reached");
        for (platform, id) in to {
            let Some(chat) = self.chats.get(platform) else { continue };
            let text = self.words.note(chat.markup(), note).map_err(|why| PortError::permanent(why.to_string()))?;
            match chat.direct(id, &text).await {
                Ok(()) => return Ok(()),
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    async fn vouch(&self, place: &crate::domain::Place, actor_id: &str) -> Result<bool, PortError> {
        match self.chats.get(&place.platform) {
            Some(chat) => chat.vouch(place, actor_id).await,
            None => Ok(false),
        }
    }
}

/// How often an effect is tried that fails like this.
fn tries(effect: &Effect, why: &PortError) -> u32 {
    let pause = match why {
        PortError::Transient { retry_after, .. } => *retry_after,
        PortError::Fixable { .. } => Some(FIX_PAUSE),
        _ => None,
    };
    match effect {
        Effect::RunRepro { .. } => u32::MAX,
        // Somebody waits for the card.
        Effect::Look { .. } if pause.is_some_and(|pause| pause > LOOK_PAUSE_MAX) => 1,
        Effect::Look { .. } => LOOKS_BEFORE,
        // Whoever approved it means now, and who asked or posted is looking.
        Effect::HandIn { .. } | Effect::Inform { .. } | Effect::Preview { .. } => TRIES,
        // Longer for an integration that says when to retry.
        _ if pause.is_some() => LOOKS,
        Effect::ReadLog { .. }
        | Effect::Gather { .. }
        | Effect::Suspect { .. }
        | Effect::Recheck { .. }
        | Effect::CheckCommit { .. }
        | Effect::Summary { .. }
        | Effect::ReadReports { .. }
        | Effect::LookAtPull { .. } => LOOKS,
        _ => TRIES,
    }
}

/// Jobs are read at the attempt that the run has just reported, so that both are of one moment.
fn newest_attempt(facts: &Facts, wanted: u32) -> u32 {
    match &facts.run {
        Some(Known::Is(run)) => run.attempt,
        _ => wanted,
    }
}

enum Done {
    Log(LogRead),
    Facts(Box<Facts>),
    Outcome(Outcome),
    Vouched(bool),
    Script(Result<Digest, Vec<String>>),
    Ran(ReproRun),
    Analysis(Analysis),
    Merging(Merging),
    Review(ReviewOutcome),
    Ended(Option<PullEnd>),
    Suspects(Result<Box<SuspectFacts>, String>),
    Event(Box<Event>),
    Reported(Option<Reported>),
    Readable(Vec<Readable>),
    Nothing,
}

/// The event that reports the result to the incident.
fn result(effect: &Effect, done: Done, at: Time) -> Option<Event> {
    Some(match (effect, done) {
        (Effect::ReadLog { incident, run, attempt, job_id, .. }, Done::Log(read)) => {
            Event::LogRead { incident: *incident, run: *run, attempt: *attempt, job_id: *job_id, read }
        }
        (Effect::Gather { incident, proposal, .. }, Done::Facts(facts)) => {
            Event::FactsGathered { incident: *incident, proposal: *proposal, facts }
        }
        (Effect::Perform { incident, proposal, step, undo, .. }, Done::Outcome(outcome)) => {
            Event::Performed { incident: *incident, proposal: *proposal, step: *step, undo: *undo, outcome }
        }
        (Effect::Reproduce { incident, .. }, Done::Script(script)) => Event::Reproduced { incident: *incident, script },
        (Effect::RunRepro { incident, n, .. }, Done::Ran(run)) => Event::ReproRan { incident: *incident, n: *n, run },
        (Effect::Analyse { incident, .. }, Done::Analysis(analysis)) => {
            Event::Analysed { incident: *incident, analysis }
        }
        (Effect::Suspect { incident, sha, .. }, Done::Suspects(facts)) => {
            Event::Suspected { incident: *incident, sha: sha.clone(), facts }
        }
        (Effect::Merge { incident, proposal, .. }, Done::Merging(outcome)) => {
            Event::MergeLooked { incident: *incident, proposal: *proposal, outcome }
        }
        (Effect::HandIn { incident, .. }, Done::Review(outcome)) => Event::ReviewCame { incident: *incident, outcome },
        (_, Done::Event(event)) => *event,
        (Effect::ReadReports { repo, .. }, Done::Reported(Some(reported))) => {
            Event::Reported { repo: repo.clone(), reported }
        }
        (Effect::LookAtPull { repo, number, branch, .. }, Done::Ended(Some(end))) => Event::PullEnded {
            repo: repo.clone(),
            number: *number,
            merged: end == PullEnd::Merged,
            branch: branch.as_str().into(),
        },
        (Effect::Clear { asked, .. }, Done::Readable(readable)) => {
            Event::Cleared { asked: (**asked).clone(), readable, at }
        }
        (Effect::Vouch { actor, place, text }, Done::Vouched(may_write)) => {
            let (actor, place, text) = (actor.clone(), place.clone(), text.clone());
            Event::Spoken { spoken: Spoken { actor, place, text, may_write, at } }
        }
        _ => return None,
    })
}

/// What to report to the incident when an effect is given up.
fn given_up(effect: &Effect, why: &str, unknown: bool) -> Done {
    match effect {
        Effect::ReadLog { .. } => Done::Log(LogRead::Missing(why.into())),
        Effect::Gather { lookups, .. } => Done::Facts(Box::new(unavailable(lookups, why))),
        Effect::Perform { .. } if unknown => Done::Outcome(Outcome::Unknown(why.into())),
        Effect::Perform { .. } => Done::Outcome(Outcome::Failed(why.into())),
        Effect::Reproduce { .. } => Done::Script(Err(vec![why.into()])),
        Effect::RunRepro { sha, .. } => Done::Ran(not_run(sha, why)),
        Effect::Analyse { .. } => Done::Analysis(Analysis::Silent { why: why.into() }),
        Effect::Suspect { .. } => Done::Suspects(Err(why.into())),
        Effect::Merge { .. } if unknown => Done::Merging(Merging::NotYet(why.into())),
        Effect::Merge { .. } => Done::Merging(Merging::Never(why.into())),
        Effect::HandIn { .. } if unknown => {
            Done::Review(ReviewOutcome::Unknown(format!("{why}: it may have been taken; check the run on GitHub")))
        }
        Effect::HandIn { .. } => Done::Review(ReviewOutcome::Failed(why.into())),
        // Whether it waits for people is not known.
        Effect::Look { failure } if failure.scope == Scope::Deployment => Done::Nothing,
        Effect::Look { failure } => {
            let failure = Failure { looked: true, ..(**failure).clone() };
            Done::Event(Box::new(Event::Failed { failure }))
        }
        Effect::BeginLink { actor, place } => {
            let (actor, place) = (Box::new(actor.clone()), Box::new(place.clone()));
            let linking = Linking::Begun { actor, place, device: Err(why.into()) };
            Done::Event(Box::new(Event::Linking { linking }))
        }
        Effect::PollLink { account, flow, .. } => {
            let (account, flow) = (account.clone(), flow.clone());
            let linking = Linking::Polled { account, flow, polled: Polled::Ended { why: why.into() } };
            Done::Event(Box::new(Event::Linking { linking }))
        }
        // No answer means no.
        Effect::Clear { .. } => Done::Readable(Vec::new()),
        Effect::Vouch { .. } => Done::Vouched(false),
        Effect::Recheck { .. }
        | Effect::Follow { .. }
        | Effect::LookAtPull { .. }
        | Effect::ReadReports { .. }
        | Effect::CheckCommit { .. }
        | Effect::Direct { .. }
        | Effect::Welcome { .. }
        | Effect::Inform { .. }
        | Effect::Preview { .. }
        | Effect::Review { .. }
        | Effect::Summary { .. }
        | Effect::Doctor { .. }
        | Effect::Stats { .. }
        | Effect::Share { .. }
        | Effect::Reply { .. } => Done::Nothing,
    }
}

fn unavailable(lookups: &[Lookup], why: &str) -> Facts {
    let mut facts = Facts { asked: lookups.to_vec(), ..Facts::default() };
    for lookup in lookups {
        match lookup {
            Lookup::Run { .. } => facts.run = Some(Known::Unavailable(why.into())),
            Lookup::Jobs { .. } => facts.jobs = Some(Known::Unavailable(why.into())),
            Lookup::Head { .. } => facts.head = Some(Known::Unavailable(why.into())),
            Lookup::CommitMessage { .. } => facts.commit_message = Some(Known::Unavailable(why.into())),
            Lookup::Change { onto, .. } => {
                facts.changes.insert(onto.clone(), Known::Unavailable(why.into()));
            }
            Lookup::Pull { number, .. } => {
                facts.pulls.push((*number, Known::Unavailable(why.into())));
            }
            Lookup::Quarantined { .. } => facts.quarantined = Some(Known::Unavailable(why.into())),
            Lookup::Owners { .. } => facts.owners = Some(Known::Unavailable(why.into())),
            Lookup::LastAuthors { .. } => facts.last_authors = Some(Known::Unavailable(why.into())),
            Lookup::AuthorOf { sha, .. } => facts.author_of = Some((sha.clone(), Known::Unavailable(why.into()))),
            Lookup::PullOf { .. } => facts.pull_of = Some(Known::Unavailable(why.into())),
            Lookup::Range { .. } => facts.range = Some(Known::Unavailable(why.into())),
            Lookup::OwnRules { .. } => facts.own_rules = Some(Known::Unavailable(why.into())),
            Lookup::Runners { .. } => facts.runners = Some(Known::Unavailable(why.into())),
            Lookup::Pending { .. } => facts.pending = Some(Known::Unavailable(why.into())),
            Lookup::Protected { .. } => facts.protected = Some(Known::Unavailable(why.into())),
            Lookup::Trial { .. } => facts.trial = Some(Known::Unavailable(why.into())),
            Lookup::Schedule { .. } => facts.schedule = Some(Known::Unavailable(why.into())),
            Lookup::Queued { number, .. } => facts.queued.push((*number, Known::Unavailable(why.into()))),
            Lookup::MayWrite { login, .. } => {
                facts.writers.insert(login.clone(), Known::Unavailable(why.into()));
            }
        }
    }
    facts
}

/// A permanent failure to read a fact is a fact, too.
fn known<T>(found: Result<T, PortError>) -> Result<Known<T>, PortError> {
    match found {
        Ok(fact) => Ok(Known::Is(fact)),
        Err(PortError::Permanent { why } | PortError::Gone { why }) => Ok(Known::Unavailable(why)),
        Err(PortError::Ambiguous { why }) => Err(PortError::transient(why)),
        Err(other) => Err(other),
    }
}

/// One second, doubling to five minutes, with jitter.
fn backoff(attempts: u32, seed: u64) -> Duration {
    let policy = ExponentialBuilder::new()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(300))
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(seed);
    policy.build().nth(attempts as usize).unwrap_or(Duration::from_secs(300))
}

/// For the publisher, whose pauses follow the same rule.
pub(super) fn backoff_until(now: Time, attempts: u32, seed: u64, retry_after: Option<Duration>) -> Time {
    let pause = backoff(attempts, seed).max(retry_after.unwrap_or_default());
    now.plus_ms(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}
