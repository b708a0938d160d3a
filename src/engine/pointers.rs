//! Links that people post or ask about: which incident each leads to, and who sees that.

use super::Engine;
use super::access::Asker;
use super::turn::Working;
use crate::card::{Telling, view};
use crate::domain::access::Asked;
use crate::domain::actor::{Place, Platform, Principal, Role};
use crate::domain::effect::Effect;
use crate::domain::event::Conclusion;
use crate::domain::facts::RunFacts;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::Incident;
use crate::domain::page::{Found, Linked, Posted, Window};
use crate::domain::pointer::Pointer;
use crate::evidence::redact;
use crate::policy::access::{Reach, Reader};
use crate::ports::{Delivery, PortError, Query, StoreError};

/// Incidents of a repository that are looked through for a pull request: the newest.
const OF_PULL_MAX: usize = 200;

/// A member of the channel of whom nothing is known.
fn anybody(asker: &Asker) -> Asker {
    let name = asker.reader.person.name.clone();
    let person = Principal { key: String::new(), name, role: Role::Viewer, github: None, known: false };
    let reader = Reader { person, ..asker.reader.clone() };
    Asker { actor: asker.actor.clone(), place: asker.place.clone(), asked: asker.asked.clone(), reader, readable: None }
}

impl Working<'_> {
    /// The incident that a link leads to; of a pull request the newest open one, else the newest.
    async fn pointed(&mut self, to: &Pointer) -> Result<Option<Incident>, StoreError> {
        match to {
            Pointer::Incident { no } if no.0 == 0 => Ok(None),
            Pointer::Incident { no } => self.incident(*no).await,
            Pointer::Run { repo, run } => {
                let repo = self.state.names.current(repo);
                let no = self.state.index.run(&repo, *run).and_then(|seen| seen.incident);
                match no {
                    Some(no) => self.incident(no).await,
                    None => Ok(None),
                }
            }
            Pointer::Pull { repo, number } => {
                let repo = self.state.names.current(repo).to_string();
                let query = Query { repo: Some(repo), limit: OF_PULL_MAX, ..Query::default() };
                let mut found = self.engine.store.incidents(&query).await?;
                found.retain(|incident| incident.pulls.contains(number));
                let open = found.iter().position(|incident| incident.closed_at.is_none());
                Ok(if found.is_empty() { None } else { Some(found.swap_remove(open.unwrap_or(0))) })
            }
        }
    }

    /// Everybody in the channel reads a preview: it shows what the channel may see, not what its author may.
    pub(super) async fn posted(&mut self, asker: &Asker, at: Posted, links: &[Linked]) -> Result<(), StoreError> {
        let channel = anybody(asker);
        let mut shown: Vec<(String, IncidentNo)> = Vec::new();
        for link in links {
            let Some(incident) = self.pointed(&link.to).await? else { continue };
            if self.may_see_incident(&channel, &incident) == Some(true) {
                shown.push((link.address.clone(), incident.no));
            }
        }
        if !shown.is_empty() {
            let platform = asker.place.platform.clone();
            self.effect(Effect::Preview { platform, at, shown });
        }
        Ok(())
    }

    /// What somebody asks about is looked up, as far as they may see it; the answer goes into their window.
    pub(super) async fn rescue(
        &mut self,
        asker: &Asker,
        window: String,
        to: Option<Pointer>,
        open: bool,
    ) -> Result<(), StoreError> {
        let Some(to) = to else {
            self.inform(asker, window, Found::NoLink);
            return Ok(());
        };
        let found = match self.pointed(&to).await? {
            Some(incident) => self.may_see_incident(asker, &incident).map_or(Err(incident.repo), |may| {
                Ok(if may { Found::Incident { no: incident.no } } else { Found::Hidden { to } })
            }),
            None => self.unknown(asker, to, open),
        };
        match found {
            Ok(found) => self.inform(asker, window, found),
            Err(repo) => self.clear(asker, vec![repo]),
        }
        Ok(())
    }

    /// Of something without an incident; the repository that the forge has to be asked about first.
    fn unknown(&self, asker: &Asker, to: Pointer, open: bool) -> Result<Found, Repo> {
        let Some(repo) = to.repo().map(|repo| self.state.names.current(repo)) else {
            return Ok(Found::Hidden { to });
        };
        if !self.has_repo(&repo) {
            return Ok(Found::Hidden { to });
        }
        match self.may_see(asker, &repo) {
            Some(true) => {
                let role = self.principal(asker, Reach::Repo(&repo, &[])).role;
                Ok(Found::Nothing { to, role, open })
            }
            Some(false) => Ok(Found::Hidden { to }),
            None => Err(repo),
        }
    }

    fn inform(&mut self, asker: &Asker, window: String, found: Found) {
        self.effect(Effect::Inform { place: asker.place.clone(), window, found });
    }

    /// Somebody who may not ask anything asks for one of these.
    pub(super) fn refuse_pages(&mut self, asked: Asked) {
        match asked {
            Asked::Visit { actor, place } => self.stranger_at_home(place, actor.id),
            Asked::Rescue { place, window, .. } => {
                self.effect(Effect::Inform { place, window, found: Found::Stranger });
            }
            // Nobody asked for a preview.
            _ => {}
        }
    }
}

/// What is known of a run that somebody asks about.
enum Looked {
    Run(RunFacts),
    /// A pull request without a run at its head.
    NoRuns,
}

impl Engine {
    /// The answer in a window.
    pub(super) async fn tell_window(&self, place: &Place, window: &str, found: &Found) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(&place.platform) else { return Ok(()) };
        let markup = chat.markup();
        let shown = match found {
            Found::NoLink => self.words.telling(markup, &Telling::new("no_link", None, ""), None),
            Found::Stranger => self.words.telling(markup, &Telling::new("stranger", None, ""), None),
            Found::Hidden { to } => self.words.telling(markup, &Telling::new("hidden", Some(to), ""), None),
            Found::Incident { no } => {
                let incident = self.store.incident(*no).await.map_err(|why| PortError::transient(why.to_string()))?;
                let Some(incident) = incident else { return Ok(()) };
                self.words.window_of(markup, &incident, self.settings().filter.has_several_owners())
            }
            Found::Nothing { to, role, open } => {
                let (said, offer) = self.look_at(to, *role, open.then_some(window)).await?;
                self.words.telling(markup, &said, offer)
            }
        };
        let shown: Window = shown.map_err(|why| PortError::permanent(why.to_string()))?;
        chat.show(window, &place.channel, place.thread.as_deref(), &shown).await
    }

    /// What to say of something without an incident. `opens` names the window in which one was asked for.
    async fn look_at(
        &self,
        to: &Pointer,
        role: Role,
        opens: Option<&str>,
    ) -> Result<(Telling, Option<Pointer>), PortError> {
        let say = |kind, detail: String| Ok((Telling::new(kind, Some(to), detail), None));
        let run = match self.run_at(to).await {
            Ok(Looked::Run(run)) => run,
            Ok(Looked::NoRuns) => return say("no_runs", String::new()),
            Err(PortError::Permanent { why } | PortError::Gone { why }) => return say("missing", why),
            // Whoever wants an incident gets it once GitHub answers.
            Err(why) if opens.is_some() => return Err(harmless(why)),
            Err(why) => return say("unreachable", why.why().to_owned()),
        };
        let Some(repo) = to.repo() else { return say("hidden", String::new()) };
        let branch = run.head_branch.line(60);
        match run.conclusion {
            None => say("going", String::new()),
            Some(conclusion) if !conclusion.is_failure() => say("green", conclusion.as_str().to_owned()),
            _ if !self.settings().filter.has(repo, run.head_branch.raw()) => say("elsewhere", branch),
            _ if role < Role::Responder => say("denied", role.to_string()),
            _ => {
                let to = Pointer::Run { repo: repo.clone(), run: run.id };
                let Some(window) = opens else {
                    return Ok((Telling::new("offered", Some(&to), branch), Some(to)));
                };
                self.take_in_run(repo, run.id, window).await?;
                Ok((Telling::new("opened", Some(&to), ""), None))
            }
        }
    }

    /// The run that the link is about; of a pull request the newest red one at its head, else the newest.
    async fn run_at(&self, to: &Pointer) -> Result<Looked, PortError> {
        match to {
            Pointer::Run { repo, run } => Ok(Looked::Run(self.ci()?.run(repo, *run).await?)),
            Pointer::Pull { repo, number } => {
                let head = self.forge()?.head(repo, &"".into(), Some(*number)).await?;
                let head = head.ok_or_else(|| PortError::permanent("there is no such pull request"))?;
                let mut runs = self.ci()?.runs_at(repo, &head).await?;
                runs.sort_by_key(|run| (run.conclusion.is_some_and(Conclusion::is_failure), run.id.0));
                Ok(runs.pop().map_or(Looked::NoRuns, Looked::Run))
            }
            Pointer::Incident { .. } => Err(PortError::permanent("there is no such incident")),
        }
    }

    /// A run that failed enters as if its webhook had just come. The window names the delivery: it is taken once.
    async fn take_in_run(&self, repo: &Repo, run: RunId, window: &str) -> Result<(), PortError> {
        let told = self.ci()?.told(repo, run).await.map_err(harmless)?;
        let Some(told) = told else { return Ok(()) };
        let body = redact::body(told.body.as_bytes());
        let delivery = Delivery { id: format!("{}:asked-{repo}-{run}-{window}", told.source), body, ..told };
        self.store.put_delivery(delivery).await.map_err(|why| PortError::transient(why.to_string()))?;
        self.turn_due.notify_one();
        Ok(())
    }

    /// Cards beside the links of a message, as they are now.
    pub(super) async fn show_previews(
        &self,
        platform: &Platform,
        at: &Posted,
        shown: &[(String, IncidentNo)],
    ) -> Result<(), PortError> {
        let Some(chat) = self.chats.get(platform) else { return Ok(()) };
        let mut cards = Vec::new();
        for (address, no) in shown {
            let incident = self.store.incident(*no).await.map_err(|why| PortError::transient(why.to_string()))?;
            let Some(incident) = incident else { continue };
            let owners = self.settings().filter.has_several_owners();
            let card = self.words.card(chat.markup(), &view(&incident), &|_| String::new(), owners);
            cards.push((address.clone(), card.map_err(|why| PortError::permanent(why.to_string()))?));
        }
        if cards.is_empty() { Ok(()) } else { chat.preview(at, &cards).await }
    }
}

/// Looking changes nothing, so it can be tried again.
fn harmless(why: PortError) -> PortError {
    match why {
        PortError::Ambiguous { why } => PortError::transient(why),
        other => other,
    }
}
