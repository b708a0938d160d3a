//! Letters: an incident's first one once its log is read, and others when it matters; many first ones as one digest.

use super::due::{AtWork, DIGEST_AFTER_MS, FIRST, UPDATES};
use super::write::Tried;
use crate::card::{Card, View, view};
use crate::domain::barrier::Barrier;
use crate::domain::event::Scope;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::{Incident, Stage};
use crate::domain::news::{News, Said};
use crate::domain::time::{SECOND_MS, Time};
use crate::engine::Engine;
use crate::ports::{Digested, Due, Letter, Letters, PortError, Publication, StoreError, Surface};
use metrics::counter;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A letter cannot be corrected: the first one waits until nothing new was found for so long.
const SETTLE_MS: i64 = 5 * SECOND_MS;
/// And no longer than this after the failure.
const SETTLE_MAX_MS: i64 = 60 * SECOND_MS;
/// Failures in one digest.
const DIGEST_MAX: usize = 200;

type Row = (Surface, Publication);

/// Which digests, by channel and name, are found to be over and untold: each is looked at once.
type Over = HashMap<(String, IncidentNo), bool>;

/// Something to send, or to pass over.
pub enum Mail {
    /// Nothing that matters happened.
    Quiet(Row),
    One(Row),
    /// The first letter about several failures. `lead` is the first of them.
    Digest {
        lead: IncidentNo,
        rows: Vec<Row>,
    },
}

impl Mail {
    /// The channel that it goes to; `None` where nothing is sent.
    pub fn writes(&self) -> Option<&str> {
        match self {
            Self::Quiet(_) => None,
            Self::One((surface, _)) => Some(&surface.channel),
            Self::Digest { rows, .. } => rows.first().map(|(surface, _)| surface.channel.as_str()),
        }
    }

    /// Letters to one channel go one after the other.
    pub fn holds(&self) -> AtWork {
        let rows = match self {
            Self::Quiet(row) | Self::One(row) => std::slice::from_ref(row),
            Self::Digest { rows, .. } => rows,
        };
        let quiet = matches!(self, Self::Quiet(_));
        AtWork {
            channels: rows.iter().filter(|_| !quiet).map(|(surface, _)| surface.channel.clone()).collect(),
            surfaces: rows.iter().map(|(surface, _)| surface.clone()).collect(),
        }
    }
}

/// Both forms of a card.
struct Forms {
    card: Card,
    plain: Card,
}

/// Whether more will be known soon.
fn settles(incident: &Incident, now: Time) -> bool {
    let has_log = !matches!(incident.scope, Scope::Alert | Scope::Request) && incident.runner.is_none();
    let unread = has_log && incident.evidence.is_empty() && incident.log_missing.is_none();
    let young = (0..SETTLE_MAX_MS).contains(&now.ms_since(incident.opened_at));
    young && (unread || now.ms_since(incident.updated_at) < SETTLE_MS)
}

/// What a letter is, besides its words.
#[derive(Clone, Copy)]
struct Envelope<'a> {
    news: News,
    id: &'a str,
    first: Option<(&'a str, &'a str)>,
    again: bool,
}

fn said(incident: &Incident, n: u64, title: String) -> Said {
    Said { stage: incident.stage, severity: incident.severity, n, top: 0, title }
}

impl Engine {
    pub(super) async fn choose_letters(
        &self,
        sink: &dyn Letters,
        at_work: &AtWork,
        room: usize,
    ) -> Result<Vec<Mail>, StoreError> {
        let (now, platform) = (self.clock.now(), sink.platform());
        let mut busy = self.busy(&platform, now).await;
        busy.extend(at_work.channels.iter().cloned());
        let mut jobs = Vec::new();
        let mut by_channel: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in self.store.due_publications(&platform, Due::First, now, &busy, FIRST).await? {
            if !at_work.surfaces.contains(&row.0) {
                by_channel.entry(row.0.channel.clone()).or_default().push(row);
            }
        }
        for (channel, rows) in by_channel {
            if jobs.len() < room {
                self.first_letters(sink, &channel, rows, &mut jobs).await?;
            }
        }
        let mut held: HashSet<String> = jobs.iter().flat_map(|job| job.holds().channels).collect();
        let mut over = Over::default();
        // Where nothing can be sent now, nothing is weighed.
        for row in self.store.due_publications(&platform, Due::Update, now, &busy, UPDATES).await? {
            if at_work.surfaces.contains(&row.0) || jobs.len() >= room {
                continue;
            }
            if self.letter_news(&row, &mut over).await?.is_none() {
                jobs.push(Mail::Quiet(row));
            } else if !held.contains(&row.0.channel)
                && self.take_slot(&platform, sink.pace_ms(), &row.0.channel, now).await
            {
                held.insert(row.0.channel.clone());
                jobs.push(Mail::One(row));
            }
        }
        Ok(jobs)
    }

    /// What waits for its first letter in one channel.
    async fn first_letters(
        &self,
        sink: &dyn Letters,
        channel: &str,
        rows: Vec<Row>,
        jobs: &mut Vec<Mail>,
    ) -> Result<(), StoreError> {
        let (now, platform) = (self.clock.now(), sink.platform());
        let (mut ready, mut begun) = (Vec::new(), BTreeMap::<IncidentNo, Vec<Row>>::new());
        for row in rows {
            if let Some(digest) = &row.1.digest {
                begun.entry(digest.lead).or_default().push(row);
                continue;
            }
            match self.store.incident(row.0.incident).await? {
                Some(incident) if incident.adopted_by.is_none() => {
                    if !settles(&incident, now) {
                        ready.push(row);
                    }
                }
                // Adopted before anything was sent, or forgotten: there is nothing to tell.
                _ => jobs.push(Mail::Quiet(row)),
            }
        }
        let lively = self.is_lively(&platform, channel, now).await;
        if (ready.is_empty() && begun.is_empty()) || !self.take_slot(&platform, sink.pace_ms(), channel, now).await {
            return Ok(());
        }
        if let Some((lead, rows)) = begun.pop_first() {
            jobs.push(Mail::Digest { lead, rows });
            return Ok(());
        }
        let takes_ms = sink.pace_ms().saturating_mul(i64::try_from(ready.len()).unwrap_or(i64::MAX));
        // One whose fate is unknown keeps its name.
        let untried = ready.iter().all(|(_, publication)| publication.attempts == 0);
        if lively && untried && ready.len() > 1 && takes_ms > DIGEST_AFTER_MS {
            ready.truncate(DIGEST_MAX);
            let lead = ready[0].0.incident;
            jobs.push(Mail::Digest { lead, rows: ready });
        } else {
            jobs.push(Mail::One(ready.remove(0)));
        }
        Ok(())
    }

    /// Why a surface is worth a letter now; `None` where it is not.
    async fn letter_news(&self, (surface, publication): &Row, known: &mut Over) -> Result<Option<News>, StoreError> {
        let Some(incident) = self.store.incident(surface.incident).await? else { return Ok(None) };
        let Some(told) = &publication.said else {
            return Ok(incident.adopted_by.is_none().then_some(News::Opened));
        };
        let news = told.news(incident.stage, incident.severity);
        // What a digest told is over together.
        let apart = !matches!(told.stage, Stage::Escalated | Stage::Quarantined);
        match &publication.digest {
            Some(digest) if news == Some(News::Resolved) && apart => {
                let key = (surface.channel.clone(), digest.lead);
                let over = match known.get(&key) {
                    Some(over) => *over,
                    None => self.is_over(surface, digest).await?,
                };
                known.insert(key, over);
                Ok(over.then_some(News::Over))
            }
            _ => Ok(news),
        }
    }

    /// Whether all failures of a digest are over, and nobody was told so.
    async fn is_over(&self, at: &Surface, digest: &Digested) -> Result<bool, StoreError> {
        for no in &digest.members {
            let surface = Surface { incident: *no, ..at.clone() };
            let on_it = self.store.publication(&surface).await?.and_then(|publication| publication.digest);
            let Some(on_it) = on_it.filter(|have| have.lead == digest.lead) else { continue };
            let open = self.store.incident(*no).await?.is_some_and(|incident| incident.closed_at.is_none());
            if open || on_it.over {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) async fn do_mail(&self, sink: &dyn Letters, mail: Mail) -> Result<(), StoreError> {
        match mail {
            Mail::Quiet((surface, publication)) => self.pass_over(&surface, publication).await,
            Mail::One(row) => match self.letter_news(&row, &mut Over::default()).await? {
                None => self.pass_over(&row.0, row.1).await,
                Some(News::Over) => self.send_over(sink, row).await,
                Some(news) => self.send_one(sink, row, news).await,
            },
            Mail::Digest { lead, rows } => self.send_digest(sink, lead, rows).await,
        }
    }

    async fn pass_over(&self, surface: &Surface, mut publication: Publication) -> Result<(), StoreError> {
        publication.caught_up();
        self.keep(surface, publication).await
    }

    async fn send_one(
        &self,
        sink: &dyn Letters,
        (surface, mut publication): Row,
        news: News,
    ) -> Result<(), StoreError> {
        let Some(incident) = self.store.incident(surface.incident).await? else {
            return self.pass_over(&surface, publication).await;
        };
        let told = publication.said.clone();
        let n = told.as_ref().map_or(0, |told| told.n + 1);
        let what = match news {
            News::Opened => "card".to_owned(),
            news => format!("{}-{}-{n}", news.as_str(), incident.severity.as_str()),
        };
        let id = self.marker(incident.no, &what);
        let Some((claimed, again)) = self.begin_letter(sink, &surface, publication).await? else { return Ok(()) };
        publication = claimed;
        let first = publication.message.clone().zip(told.map(|told| told.title));
        let wrote = match self.forms(sink, &surface, &incident).await {
            Ok(forms) => {
                let first = first.as_ref().map(|(id, title)| (id.as_str(), title.as_str()));
                let sent = self.send(sink, &surface, &forms, Envelope { news, id: &id, first, again }).await;
                sent.map(|()| forms.plain.title)
            }
            Err(why) => Err(why),
        };
        match wrote {
            Ok(title) => {
                self.got_through(&surface, true).await?;
                publication.caught_up();
                publication.shown = incident.version;
                publication.said = Some(said(&incident, n, first.map_or(title, |(_, title)| title)));
                publication.message.get_or_insert(id);
            }
            Err(why) => self.not_sent(&surface, &mut publication, why).await?,
        }
        self.keep(&surface, publication).await
    }

    /// The members are marked before the letter goes, so that it names the same ones when it is sent again.
    async fn send_digest(&self, sink: &dyn Letters, lead: IncidentNo, rows: Vec<Row>) -> Result<(), StoreError> {
        let known = rows.iter().find_map(|(_, publication)| publication.digest.clone());
        let (digest, mut rows) = match known {
            Some(digest) => (digest, rows),
            None => self.begin_digest(lead, rows).await?,
        };
        let Some((at, publication)) = rows.first().cloned() else { return Ok(()) };
        let Some((claimed, again)) = self.begin_letter(sink, &at, publication).await? else { return Ok(()) };
        rows[0].1 = claimed;
        let members = self.members(&at, &digest).await?;
        let id = self.marker(digest.lead, "digest");
        let envelope = Envelope { news: News::Opened, id: &id, first: None, again };
        let wrote = self.send_members(sink, &at, &members, envelope).await;
        for (surface, mut publication) in rows {
            match &wrote {
                Ok(title) => {
                    let member = members.iter().find(|member| member.no == surface.incident);
                    publication.caught_up();
                    publication.shown = member.map_or(publication.wanted, |member| member.version);
                    publication.said = member.map(|member| said(member, 0, title.clone()));
                    publication.message = Some(id.clone());
                    let shown = publication.shown;
                    publication.digest = Some(Digested { message: Some(id.clone()), shown, ..digest.clone() });
                }
                Err(why) => self.not_sent(&surface, &mut publication, why.clone()).await?,
            }
            self.keep(&surface, publication).await?;
        }
        if wrote.is_ok() {
            self.got_through(&at, true).await?;
        }
        Ok(())
    }

    async fn send_over(&self, sink: &dyn Letters, (surface, mut publication): Row) -> Result<(), StoreError> {
        let (Some(digest), Some(told)) = (publication.digest.clone(), publication.said.clone()) else {
            return self.pass_over(&surface, publication).await;
        };
        let members = self.members(&surface, &digest).await?;
        let (id, first) = (self.marker(digest.lead, "digest-over"), self.marker(digest.lead, "digest"));
        let first = Some((first.as_str(), told.title.as_str()));
        let Some((claimed, again)) = self.begin_letter(sink, &surface, publication).await? else { return Ok(()) };
        publication = claimed;
        let envelope = Envelope { news: News::Over, id: &id, first, again };
        match self.send_members(sink, &surface, &members, envelope).await {
            Ok(_) => {
                self.got_through(&surface, true).await?;
                publication.digest = Some(Digested { over: true, ..digest });
                publication.said = Some(Said { stage: Stage::Resolved, ..told });
                publication.caught_up();
            }
            Err(why) => self.not_sent(&surface, &mut publication, why).await?,
        }
        self.keep(&surface, publication).await
    }

    /// Notes that it is being sent, where people would see it twice; with whether it may have been sent before. `None`
    /// where the incident moved on meanwhile.
    async fn begin_letter(
        &self,
        sink: &dyn Letters,
        surface: &Surface,
        mut publication: Publication,
    ) -> Result<Option<(Publication, bool)>, StoreError> {
        if sink.shows_once() {
            return Ok(Some((publication, false)));
        }
        let again = std::mem::replace(&mut publication.posting, true);
        Ok(self.claim(surface, publication).await?.map(|claimed| (claimed, again)))
    }

    /// Answers the letter's title.
    async fn send_members(
        &self,
        sink: &dyn Letters,
        at: &Surface,
        members: &[Incident],
        envelope: Envelope<'_>,
    ) -> Result<String, PortError> {
        let views: Vec<View> = members.iter().map(view).collect();
        let owners = self.shows_several_owners(&at.platform, &at.channel).await;
        let form = |markup| self.words.digest(markup, &views, &|what| self.seal.close(what), owners);
        let forms = form(sink.markup()).and_then(|card| Ok(Forms { card, plain: form("plain")? }));
        let forms = forms.map_err(|why| PortError::permanent(why.to_string()))?;
        self.send(sink, at, &forms, envelope).await?;
        Ok(forms.plain.title)
    }

    async fn forms(&self, sink: &dyn Letters, at: &Surface, incident: &Incident) -> Result<Forms, PortError> {
        let seal = |what: &crate::card::ButtonRef| self.seal.close(what);
        let owners = self.shows_several_owners(&at.platform, &at.channel).await;
        let view = view(incident);
        let form = |markup| self.words.card(markup, &view, &seal, owners);
        let forms = form(sink.markup()).and_then(|card| Ok(Forms { card, plain: form("plain")? }));
        forms.map_err(|why| PortError::permanent(why.to_string()))
    }

    async fn send(
        &self,
        sink: &dyn Letters,
        at: &Surface,
        forms: &Forms,
        Envelope { news, id, first, again }: Envelope<'_>,
    ) -> Result<(), PortError> {
        let Forms { card, plain } = forms;
        let letter = Letter { card, plain, news, id, first, again, at: self.clock.now() };
        let sent = sink.send(&at.channel, &letter).await;
        let act = if sent.is_ok() { "sent" } else { "failed" };
        counter!("ci_rescue_cards_total", "platform" => at.platform.0.clone(), "act" => act).increment(1);
        sent
    }

    /// Later, or never.
    pub(super) async fn not_sent(
        &self,
        surface: &Surface,
        publication: &mut Publication,
        why: PortError,
    ) -> Result<(), StoreError> {
        /// Failed tries after which people are told.
        const PATIENCE: u32 = 5;
        let (incident, channel) = (surface.incident.0, &surface.channel);
        match &why {
            PortError::Permanent { why } | PortError::Gone { why } => {
                tracing::warn!(incident, %channel, "gave up telling a sink: {why}");
            }
            why => tracing::debug!(incident, %channel, %why, "could not tell a sink yet"),
        }
        if matches!(why, PortError::Transient { .. } | PortError::Ambiguous { .. })
            && publication.attempts + 1 == PATIENCE
        {
            let slow = (Barrier::Unreachable, why.why());
            self.troubled(&surface.platform, &surface.channel, slow, true).await?;
        }
        publication.posting &= matches!(why, PortError::Ambiguous { .. });
        self.set_back(surface, publication, why, Tried { looked: true, posted: true }).await
    }
}
