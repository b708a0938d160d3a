//! Commands and buttons: who sent them and what they mean.

use super::access::{Asker, COUNTS_MS};
use super::forms;
use super::turn::Working;
use crate::command;
use crate::domain::access::Asked;
use crate::domain::actor::{Actor, Place, Principal, Role, Thread};
use crate::domain::card::{ANOTHER, ButtonRef, MUTE_MS, Verb};
use crate::domain::cause::Cause;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Request, Spoken};
use crate::domain::form::Fields;
use crate::domain::ids::{Digest, IncidentNo, Repo};
use crate::domain::incident::{Incident, Proposal};
use crate::domain::intent::{Intent, Target, Which, Wish};
use crate::domain::journal::Note;
use crate::domain::rules::Rules;
use crate::domain::text::clean_line;
use crate::policy::access::{self, Reach};
use crate::policy::may_approve;
use crate::ports::{Contact, Query, StoreError};
use crate::remedies;
use metrics::counter;

/// Rows of a list in one private reply.
pub(super) const ROWS: usize = 15;
impl Working<'_> {
    /// Handles a command at once, or first asks the platform what its author may do.
    pub(super) async fn said(&mut self, actor: Actor, place: Place, text: String) -> Result<(), StoreError> {
        // Whoever installs the App elsewhere must not make us call there.
        if place.pull.as_ref().is_some_and(|(repo, _)| !self.has_repo(repo)) {
            counter!("ci_rescue_events_total", "outcome" => "filtered").increment(1);
            return Ok(());
        }
        if self.engine.chats.get(&place.platform).is_some_and(|chat| chat.vouches()) {
            self.effect(Effect::Vouch { actor, place, text });
            return Ok(());
        }
        if place.pull.is_some() {
            tracing::debug!(delivery = %self.delivery.id, "cannot check who may command on pull requests");
            return Ok(());
        }
        self.asked(Asked::Words { actor, place, text }, None).await
    }

    /// The platform's answer about the author. Someone who may not write there gets no reply.
    pub(super) async fn spoken(&mut self, spoken: Spoken) -> Result<(), StoreError> {
        let Spoken { actor, place, text, may_write, at } = spoken;
        if !may_write {
            tracing::info!(delivery = %self.delivery.id, "ignored a command from someone without write permission");
            return Ok(());
        }
        if self.now.ms_since(at) > COUNTS_MS {
            self.effect(Effect::Vouch { actor, place, text });
            return Ok(());
        }
        let answers = place.reply_to.clone().unwrap_or_default();
        for (line, text) in text.lines().enumerate() {
            let place = Place { reply_to: Some(format!("{answers}/{line}")), ..place.clone() };
            self.asked(Asked::Words { actor: actor.clone(), place, text: text.to_owned() }, None).await?;
        }
        Ok(())
    }

    pub(super) async fn words(&mut self, asker: &Asker, text: &str) -> Result<(), StoreError> {
        let here = self.here(&asker.place).await?;
        match command::parse(text, here) {
            Err(_) if here.is_none() && self.is_request(&asker.place, text) => self.request(asker, text).await,
            Ok(intent) => self.intent(asker, intent, None).await,
            Err(mistake) => {
                let several = if here.is_none() { self.several(&asker.place, text).await? } else { None };
                let told = Note::Mistake { what: mistake.what, nearest: mistake.nearest, example: mistake.example };
                let note = several.unwrap_or(told);
                self.answer(&asker.place, &asker.actor.id, note);
                Ok(())
            }
        }
    }

    /// Whether the command concerns a pull request itself rather than a failure.
    fn is_request(&self, place: &Place, text: &str) -> bool {
        let wish = |intent| match intent {
            Intent::Remedy { wish, .. } => Some(wish),
            _ => None,
        };
        let wished = command::parse(text, Some(IncidentNo(self.state.next_incident))).ok().and_then(wish);
        place.pull.is_some() && matches!(wished, Some(Wish::Backport { .. } | Wish::Revert { .. }))
    }

    /// A request on a pull request without an incident: its own record keeps proposal, approvals and audit.
    async fn request(&mut self, asker: &Asker, text: &str) -> Result<(), StoreError> {
        let (Ok(intent), Some((repo, pull))) =
            (command::parse(text, Some(IncidentNo(self.state.next_incident))), asker.place.pull.clone())
        else {
            return Ok(());
        };
        let by = self.principal(asker, Reach::Repo(&repo, &[]));
        let id = self.delivery.id.clone();
        let (place, actor_id) = (asker.place.clone(), asker.actor.id.clone());
        let request = Request { id, by, place, actor_id, intent, seen: None };
        Box::pin(self.event(Event::Requested { repo, pull, request })).await
    }

    /// The open incidents of a pull request, the newest first.
    async fn open_on(&self, repo: &Repo, number: u64) -> Result<Vec<IncidentNo>, StoreError> {
        let query = Query { repo: Some(repo.to_string()), open_only: true, limit: 200, ..Query::default() };
        let open = self.engine.store.incidents(&query).await?;
        Ok(open.iter().filter(|incident| incident.pulls.contains(&number)).map(|incident| incident.no).collect())
    }

    /// Which incidents a command may be for that lacks nothing but the number of one.
    async fn several(&self, place: &Place, text: &str) -> Result<Option<Note>, StoreError> {
        let Some((repo, number)) = &place.pull else { return Ok(None) };
        let open = self.open_on(repo, *number).await?;
        let [first, _, ..] = open.as_slice() else { return Ok(None) };
        if command::parse(text, Some(*first)).is_err() {
            return Ok(None);
        }
        let all: Vec<String> = open.iter().take(ROWS).map(|no| no.0.to_string()).collect();
        let what = format!("Several incidents are open on this pull request: {}. Name one", all.join(", "));
        let verb = text.split_whitespace().next().map(|verb| clean_line(verb, 20)).unwrap_or_default();
        Ok(Some(Note::Mistake { what, nearest: None, example: Some(format!("{verb} {}", first.0)) }))
    }

    /// The incident that the conversation knows, also after a restart.
    async fn here(&self, place: &Place) -> Result<Option<IncidentNo>, StoreError> {
        if let Some((repo, number)) = &place.pull {
            // If there are several, the person has to choose.
            let open = self.open_on(repo, *number).await?;
            return Ok(open.first().copied().filter(|_| open.len() == 1));
        }
        let Some(message) = place.thread.clone() else { return Ok(None) };
        let thread = Thread { platform: place.platform.clone(), channel: place.channel.clone(), message };
        self.engine.store.bound(&thread).await
    }

    pub(super) async fn pressed(
        &mut self,
        asker: &Asker,
        value: &str,
        input: Option<String>,
        fields: &Fields,
    ) -> Result<(), StoreError> {
        let (place, actor_id) = (&asker.place, &asker.actor.id);
        let Some(what) = self.engine.seal.open(value) else {
            let what = "This button is not valid here: it may belong to a removed installation".to_owned();
            self.answer(place, actor_id, Note::Mistake { what, nearest: None, example: Some("list".into()) });
            return Ok(());
        };
        if let Some(intent) = of_channel(what.verb) {
            return self.intent(asker, intent, None).await;
        }
        // A button outlives the right to see what it is about.
        let incident = self.incident(what.incident).await?;
        match incident.as_ref().map_or(Some(false), |incident| self.may_see_incident(asker, incident)) {
            Some(true) => {}
            Some(false) => {
                self.answer(place, actor_id, missing(asker, what.incident));
                return Ok(());
            }
            None => {
                self.clear(asker, incident.into_iter().map(|incident| incident.repo).collect());
                return Ok(());
            }
        }
        let target = what.proposal.map_or(Target::Incident(what.incident), Target::Proposal);
        let intent = match what.verb {
            Verb::Retry => Intent::Remedy { target, wish: Wish::Retry(Which::Smallest), force: false, dry_run: false },
            Verb::Approve => Intent::Approve { target },
            Verb::Reject | Verb::RejectReason => {
                let reason = input.filter(|text| !clean_line(text, 1).is_empty());
                Intent::Reject { target, reason: reason.map(Into::into) }
            }
            Verb::Cancel => Intent::Cancel { target },
            Verb::Undo => Intent::Undo { target },
            verb if verb.is_planned_later() && !fields.is_empty() => {
                match incident.as_ref().map(|incident| forms::read(incident, &what, fields)) {
                    Some(Ok(intent)) => intent,
                    wrong => {
                        let what = wrong.and_then(Result::err).map_or_else(String::new, |misfit| misfit.what);
                        self.answer(place, actor_id, Note::Mistake { what, nearest: None, example: None });
                        return Ok(());
                    }
                }
            }
            Verb::Quarantine
            | Verb::Pin
            | Verb::Revert
            | Verb::Backport
            | Verb::Bisect
            | Verb::Fix
            | Verb::Agent
            | Verb::Issue
            | Verb::Requeue => {
                let remedy = remedies::by_id(what.verb.as_str());
                let offering = incident.as_ref().zip(remedy).and_then(|(incident, remedy)| remedy.offer(incident));
                let Some(offering) = offering else {
                    let what = "This is no longer offered: check the updated card".to_owned();
                    self.answer(place, actor_id, Note::Mistake { what, nearest: None, example: None });
                    return Ok(());
                };
                if offering.form.is_some_and(|form| form.fields.iter().any(|field| field.required)) {
                    let what = "This has to be filled in first: use the button of the updated card".to_owned();
                    self.answer(place, actor_id, Note::Mistake { what, nearest: None, example: None });
                    return Ok(());
                }
                Intent::Remedy { target, wish: offering.wish, force: false, dry_run: false }
            }
            Verb::Ack => Intent::Ack { target },
            Verb::Why => Intent::Why { target },
            // Of no incident: answered above.
            Verb::Mute | Verb::Stats => return Ok(()),
            Verb::Wrong => match self.named_cause(&what, input.as_deref()).await? {
                Ok(cause) => Intent::Wrong { target, cause },
                Err(mistake) => {
                    self.answer(place, actor_id, mistake);
                    return Ok(());
                }
            },
        };
        // A change of code is planned once it is asked for: the card shows no plan that a press could bind to.
        let planned = !what.verb.is_planned_later();
        let seen = (planned && !matches!(what.verb, Verb::Ack | Verb::Why | Verb::Wrong)).then_some(what.digest);
        self.intent(asker, intent, seen).await
    }

    /// The cause that a form sent, `None` for another than the shown one; or what to tell the person instead.
    async fn named_cause(
        &mut self,
        what: &ButtonRef,
        input: Option<&str>,
    ) -> Result<Result<Option<Cause>, Note>, StoreError> {
        let mistake = |what: String, no: IncidentNo| {
            Ok(Err(Note::Mistake { what, nearest: None, example: Some(format!("wrong {} flaky", no.0)) }))
        };
        let incident = self.incident(what.incident).await?;
        let judged = incident.and_then(|incident| incident.judged).unwrap_or_default();
        if Digest::of([judged.cause.as_str().as_bytes()]) != what.digest {
            let cause = judged.cause.spoken();
            return mistake(format!("The card has changed since: it now says {cause}"), what.incident);
        }
        let input = input.unwrap_or_default().trim();
        match Cause::WEIGHED.into_iter().find(|cause| cause.as_str() == input) {
            Some(cause) => Ok(Ok(Some(cause))),
            None if input == ANOTHER => Ok(Ok(None)),
            None => mistake("Choose the cause, or the entry for another one".into(), what.incident),
        }
    }

    async fn intent(&mut self, asker: &Asker, intent: Intent, seen: Option<Digest>) -> Result<(), StoreError> {
        match intent.target().map(Target::incident) {
            Some(Some(no)) => return self.of_incident(asker, no, intent, seen).await,
            Some(None) => return Ok(()),
            None => {}
        }
        let reach = reach(&intent);
        let by = self.principal(asker, reach.as_ref().map_or(Reach::All, Over::reach));
        let wide = asker.place.pull.is_some()
            && !matches!(
                intent,
                Intent::Help { .. }
                    | Intent::List { .. }
                    | Intent::Loops { .. }
                    | Intent::Routing { reset: false }
                    | Intent::Quarantined { .. }
                    | Intent::Stats { .. }
            );
        let note = if wide {
            let why = "it affects more than this pull request; use chat or the console";
            Some(Note::Refused { what: word(&intent).into(), why: vec![why.into()] })
        } else if by.role < intent.role() {
            let (need, have) = (intent.role().to_string(), by.role.to_string());
            Some(Note::Denied { what: word(&intent).into(), need, have })
        } else {
            Box::pin(self.house(&by, asker, intent)).await?
        };
        if let Some(note) = note {
            self.answer(&asker.place, &asker.actor.id, note);
        }
        Ok(())
    }

    /// A command about an incident: one that they may not see is one that does not exist.
    async fn of_incident(
        &mut self,
        asker: &Asker,
        no: IncidentNo,
        intent: Intent,
        seen: Option<Digest>,
    ) -> Result<(), StoreError> {
        let incident = self.incident(no).await?;
        let may = incident.as_ref().map_or(Some(false), |incident| self.may_see_incident(asker, incident));
        match (may, incident) {
            (Some(true), Some(incident)) => {
                let (place, actor_id) = (asker.place.clone(), asker.actor.id.clone());
                let wanting = self.wanting(asker, &incident);
                let by = self.principal(asker, Reach::Repo(&incident.repo, &wanting));
                let may = by.role >= intent.role();
                if may && matches!(intent, Intent::Share { for_ms: 1.., .. }) && self.cannot_share(asker) {
                    return Ok(());
                }
                let intent = self.meant(asker, &by, intent).await?;
                let request = Request { id: self.delivery.id.clone(), by, place, actor_id, intent, seen };
                Box::pin(self.event(Event::Asked { request })).await
            }
            (None, Some(incident)) => {
                self.clear(asker, vec![incident.repo]);
                Ok(())
            }
            _ => {
                self.answer(&asker.place, &asker.actor.id, missing(asker, no));
                Ok(())
            }
        }
    }

    /// Who is meant by a name, and how long it is until a time of day.
    async fn meant(&self, asker: &Asker, by: &Principal, intent: Intent) -> Result<Intent, StoreError> {
        if let Intent::Snooze { target, until: Some(minute), .. } = intent {
            let until = self.engine.settings().mentions.next(minute, self.now);
            let for_ms = until.map_or(0, |until| until.ms_since(self.now));
            return Ok(Intent::Snooze { target, for_ms, until: None });
        }
        let Intent::Assign { target, to, .. } = intent else { return Ok(intent) };
        let word = to.raw().trim();
        let found = match word.trim_start_matches('@') {
            "me" => {
                let (name, key) = (by.name.raw().to_owned(), by.key.clone());
                Some(Contact { name, key, accounts: Vec::new(), direct: false })
            }
            _ => self.engine.directory.named(&asker.place.platform, word),
        };
        let Some(found) = found else { return Ok(Intent::Assign { target, to, key: None, direct: Vec::new() }) };
        let direct = self.engine.direct_to(&found, self.now).await?;
        Ok(Intent::Assign { target, to: found.name.into(), key: Some(found.key), direct })
    }

    /// The person, with the role that the channel grants on top of their own.
    pub(super) fn principal(&self, asker: &Asker, reach: Reach<'_>) -> Principal {
        let mut by = asker.reader.person.clone();
        by.role = match reach {
            Reach::Repo(repo, wanting) => {
                let names = self.state.names.all(repo);
                let role = |name| access::role(&asker.reader, Reach::Repo(name, wanting));
                names.map(role).max().unwrap_or_default()
            }
            other => access::role(&asker.reader, other),
        };
        if asker.place.pull.is_some() && !by.known {
            // Whoever may write there could re-run by hand as well; a configured role stays.
            by.role = by.role.max(Role::Responder);
        }
        by
    }

    pub(super) fn answer(&mut self, place: &Place, actor_id: &str, note: Note) {
        self.effect(Effect::Reply { place: place.clone(), actor_id: actor_id.to_owned(), note });
    }
}

/// What a press means that is about no incident.
fn of_channel(verb: Verb) -> Option<Intent> {
    match verb {
        Verb::Mute => Some(Intent::Mute { for_ms: MUTE_MS }),
        Verb::Stats => Some(Intent::Stats { repo: None }),
        _ => None,
    }
}

/// Whether a proposal or an undo awaits this person's approval.
pub(super) fn waits_for(rules: &Rules, incident: &Incident, person: &Principal) -> bool {
    let account = (person.github.as_deref(), person.role);
    let deploys = incident.deployment.as_ref().filter(|_| incident.closed_at.is_none());
    if deploys.is_some_and(|waiting| waiting.waits_for(account.0, account.1)) {
        return true;
    }
    let mut open = incident.proposals.iter().filter(|proposal| !proposal.dry_run).filter_map(Proposal::awaited);
    open.any(|proposal| may_approve(rules, &proposal, person).is_ok())
}

/// The same words whether it does not exist or may not be seen.
fn missing(asker: &Asker, no: IncidentNo) -> Note {
    if asker.reader.sees_nothing() {
        return Note::NotForYou;
    }
    // On a pull request there is one repository.
    let other = if asker.reader.pull.is_some() { "belongs to another repository" } else { "you may not see it" };
    let what = format!("Incident {no} does not exist, or {other}");
    Note::Mistake { what, nearest: None, example: Some("list".into()) }
}

/// What a command concerns that is about no incident; `None` for the whole installation.
enum Over {
    Repo(Repo),
    Channel,
}

impl Over {
    fn reach(&self) -> Reach<'_> {
        match self {
            Self::Repo(repo) => Reach::Repo(repo, &[]),
            Self::Channel => Reach::Channel,
        }
    }
}

fn reach(intent: &Intent) -> Option<Over> {
    match intent {
        Intent::Subscribe { filter } => filter.repo.as_deref().and_then(|repo| repo.parse().ok()).map(Over::Repo),
        Intent::Unsubscribe { repo: Some(repo), from: None } => Some(Over::Repo(repo.clone())),
        Intent::Unsubscribe { repo: None, from: None } | Intent::Mute { .. } => Some(Over::Channel),
        _ => None,
    }
}

fn word(intent: &Intent) -> &'static str {
    match intent {
        Intent::Hold { .. } => "hold",
        Intent::Unhold => "unhold",
        Intent::Subscribe { .. } => "subscribe",
        Intent::Unsubscribe { .. } => "unsubscribe",
        Intent::Mute { .. } => "mute",
        Intent::Doctor => "doctor",
        Intent::Routing { .. } => "routing reset",
        Intent::Unlink { .. } => "unlink",
        _ => "this",
    }
}
