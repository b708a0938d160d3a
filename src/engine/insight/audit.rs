//! The audit: entries of all journals, the newest first, by filter. Work on one page is bounded, and what somebody may not
//! read is not looked at, so neither counts nor pages tell of it.

use crate::card::Words;
use crate::domain::actor::{Actor, Place, Role};
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::journal::{Entry, Note};
use crate::domain::text::clean_line;
use crate::engine::Engine;
use crate::engine::export::{Out, rfc3339, value};
use crate::ports::{AuditAsked, AuditPage, AuditRow, Format, Lines, Spot, Store, StoreError};
use futures::{StreamExt, stream};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Entries that are looked at for one page: then it ends, and says where the next one begins.
pub const LOOKED_MAX: usize = 2_000;
/// Rows of an export that are found at a time.
const EXPORTED: usize = 500;
/// Entries that are read of one repository at a time, at most.
const AT_ONCE: usize = 64;
/// Characters of a sentence.
const TEXT: usize = 2_000;
/// The installation's own journal.
const HOUSE: IncidentNo = IncidentNo(0);

/// A search with what it may look at.
pub struct Search {
    store: Arc<dyn Store>,
    words: Arc<Words>,
    asked: AuditAsked,
    /// The names under which it looks.
    names: Vec<String>,
    /// Whose entries of the installation's own journal count; `None` for all of them.
    house: Option<String>,
    /// The names that an incident's repository may have now; `None` for any. Another may have taken the name under which
    /// its entries stand.
    open: Option<BTreeSet<String>>,
}

/// One line of an export.
#[derive(Debug, Default, Serialize)]
struct Line {
    /// RFC 3339.
    at: String,
    /// Empty where nobody did it.
    by: String,
    action: String,
    /// Empty for the installation's own journal, as is the incident then 0.
    repo: String,
    incident: u64,
    entry: u64,
    text: String,
}

impl Engine {
    /// `who` is `None` for programs.
    pub(super) async fn search(&self, who: Option<(&Actor, &Place)>, asked: &AuditAsked) -> Result<Search, StoreError> {
        let mut search = Search::over(self.store.clone(), self.words.clone(), asked.clone()).await?;
        let named = asked.repo.as_ref().filter(|_| asked.incident.is_none());
        if let Some(repo) = named.and_then(|repo| repo.parse::<Repo>().ok()) {
            let every = self.store.audited().await?;
            let state = self.state.lock().await;
            let known: BTreeSet<String> = state.names.all(&repo).map(folded).collect();
            search.names = every.into_iter().filter(|name| known.contains(name)).collect();
        }
        let Some((actor, place)) = who else { return Ok(search) };
        let reader = self.asks(actor, place);
        let repos = search.names.iter().filter_map(|name| name.parse::<Repo>().ok()).collect();
        let open: BTreeSet<String> = self.may_read(&reader, repos).await.iter().map(folded).collect();
        search.names.retain(|name| name.is_empty() || open.contains(name));
        if reader.person.role < Role::Admin {
            let state = self.state.lock().await;
            let repos: Vec<Repo> = open.iter().filter_map(|name| name.parse().ok()).collect();
            search.open = Some(repos.iter().flat_map(|repo| state.names.all(repo)).map(folded).collect());
        }
        search.house = Some(reader.person.key).filter(|_| reader.person.role < Role::Admin);
        Ok(search)
    }
}

fn folded(repo: &Repo) -> String {
    repo.as_str().to_ascii_lowercase()
}

/// Entries of one name as they are read.
struct Feed {
    name: String,
    /// Newest last.
    ready: Vec<(Spot, Entry)>,
    before: Option<Spot>,
    at_once: usize,
    ended: bool,
}

impl Feed {
    async fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if !self.ready.is_empty() || self.ended {
            return Ok(());
        }
        let mut found = store.audit(&self.name, self.before, self.at_once).await?;
        self.ended = found.len() < self.at_once;
        // Most repositories have nothing new.
        self.at_once = (self.at_once * 4).min(AT_ONCE);
        self.before = found.last().map(|(spot, _)| *spot).or(self.before);
        found.reverse();
        self.ready = found;
        Ok(())
    }
}

impl Search {
    /// Over everything there is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn over(store: Arc<dyn Store>, words: Arc<Words>, asked: AuditAsked) -> Result<Self, StoreError> {
        let mut names = store.audited().await?;
        match (asked.incident, &asked.repo) {
            (Some(HOUSE), _) => names.retain(String::is_empty),
            (Some(no), repo) => {
                let fits = |name: &String| repo.as_ref().is_none_or(|repo| name.eq_ignore_ascii_case(repo));
                names = store.audit_name(no).await?.filter(fits).into_iter().collect();
            }
            (None, Some(repo)) => names.retain(|name| name.eq_ignore_ascii_case(repo)),
            (None, None) => {}
        }
        Ok(Self { store, words, asked, names, house: None, open: None })
    }

    /// The newest entries before `before`, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn page(&self, before: Option<Spot>, limit: usize) -> Result<AuditPage, StoreError> {
        let until = self.asked.until.map(|until| Spot { at: until, incident: IncidentNo(0), entry: 0 });
        let start = [before, until].into_iter().flatten().min();
        let feed =
            |name: &String| Feed { name: name.clone(), ready: Vec::new(), before: start, at_once: 1, ended: false };
        let mut feeds: Vec<Feed> = match self.asked.incident {
            Some(no) if !self.names.is_empty() => vec![self.journal(no, start).await?],
            Some(_) => Vec::new(),
            None => self.names.iter().map(feed).collect(),
        };
        let (mut rows, mut looked, mut last) = (Vec::new(), 0, None);
        loop {
            for feed in &mut feeds {
                feed.fill(&*self.store).await?;
            }
            feeds.retain(|feed| !feed.ready.is_empty());
            let newest = feeds.iter_mut().max_by_key(|feed| feed.ready.last().map(|(spot, _)| *spot));
            let Some((spot, entry)) = newest.and_then(|feed| feed.ready.pop()) else { break };
            if self.asked.since.is_some_and(|since| spot.at < since) {
                break;
            }
            if rows.len() == limit || looked == LOOKED_MAX {
                return Ok(AuditPage { rows, next: last });
            }
            (looked, last) = (looked + 1, Some(spot));
            rows.extend(self.row(spot, entry).await?);
        }
        Ok(AuditPage { rows, next: None })
    }

    /// One incident's entries need no search.
    async fn journal(&self, no: IncidentNo, before: Option<Spot>) -> Result<Feed, StoreError> {
        let (mut ready, mut after) = (Vec::new(), 0);
        loop {
            let entries = self.store.journal(no, after, EXPORTED).await?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            let spotted =
                entries.into_iter().map(|entry| (Spot { at: entry.at, incident: no, entry: entry.seq }, entry));
            ready.extend(spotted.filter(|(spot, _)| before.is_none_or(|before| *spot < before)));
        }
        ready.sort_by_key(|(spot, _)| *spot);
        Ok(Feed { name: String::new(), ready, before, at_once: 1, ended: true })
    }

    /// The entry, if it is what was asked for.
    async fn row(&self, spot: Spot, entry: Entry) -> Result<Option<AuditRow>, StoreError> {
        let asked = &self.asked;
        let by = |want: &String| entry.by.as_ref().is_some_and(|by| by.to_lowercase() == want.to_lowercase());
        if !asked.by.as_ref().is_none_or(by) || self.is_private(spot, &entry) {
            return Ok(None);
        }
        let action = kind(&entry.note);
        if asked.action.as_ref().is_some_and(|want| *want != action) {
            return Ok(None);
        }
        let text = self.words.note("plain", &entry.note).map_err(|why| StoreError::Broken(why.to_string()))?;
        if asked.text.as_ref().is_some_and(|want| !text.to_lowercase().contains(&want.to_lowercase())) {
            return Ok(None);
        }
        let incident = if spot.incident == HOUSE { None } else { self.store.incident(spot.incident).await? };
        let repo = incident.map(|incident| incident.repo);
        let may = |open: &BTreeSet<String>| repo.as_ref().is_some_and(|repo| open.contains(&folded(repo)));
        if spot.incident != HOUSE && !self.open.as_ref().is_none_or(may) {
            return Ok(None);
        }
        Ok(Some(AuditRow { spot, repo, by: entry.by, action, text: clean_line(&text, TEXT) }))
    }

    /// Of the installation's own journal, everybody sees the emergency stop and what they did themselves.
    fn is_private(&self, spot: Spot, entry: &Entry) -> bool {
        let open = matches!(entry.note, Note::HoldSet { .. } | Note::HoldLifted { .. });
        let Some(person) = &self.house else { return false };
        spot.incident == HOUSE && !open && entry.by.as_ref() != Some(person)
    }

    /// Everything that is found, a page at a time.
    #[must_use]
    pub fn lines(self, format: Format) -> Lines {
        let before = self.asked.before;
        let start = (self, Some(before), true);
        stream::try_unfold(start, move |(search, before, first)| async move {
            let Some(before) = before else { return Ok(None) };
            let found = search.page(before, EXPORTED).await?;
            let head = value(&Line::default())?;
            let mut out = Out::new(format, first.then_some(&head))?;
            for row in &found.rows {
                out.write(&Line::of(row))?;
            }
            Ok(Some((out.done()?, (search, found.next.map(Some), false))))
        })
        .boxed()
    }
}

/// `approved`
pub(in crate::engine) fn kind(note: &Note) -> String {
    let told = serde_json::to_value(note).ok();
    told.as_ref().and_then(|note| note["note"].as_str()).unwrap_or_default().to_owned()
}

impl Line {
    fn of(row: &AuditRow) -> Self {
        Self {
            at: rfc3339(row.spot.at),
            by: row.by.clone().unwrap_or_default(),
            action: row.action.clone(),
            repo: row.repo.as_ref().map(ToString::to_string).unwrap_or_default(),
            incident: row.spot.incident.0,
            entry: row.spot.entry,
            text: row.text.clone(),
        }
    }
}
