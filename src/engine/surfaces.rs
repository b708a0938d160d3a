//! Where an incident is told of: where its card stands, and where feeds want it.

use super::turn::Working;
use crate::domain::head;
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::subscription::{Subject, Subscription, repo_glob};
use crate::ports::{Sink, StoreError, Surface};

impl Working<'_> {
    /// The version that people ought to see there, and the last entry to tell; 0 where nothing is due. `same`: the card
    /// stands there and looks as it did.
    pub(super) fn due_there(&self, surface: &Surface, incident: &Incident, same: bool, told: u64) -> (u64, u64) {
        // Our own pages show more than the card, and cost nobody's patience.
        let inside = self.engine.chats.get(&surface.platform).is_some_and(|chat| chat.is_inside());
        let sink = self.engine.sinks.get(&surface.platform);
        let events = sink.is_some_and(Sink::takes_events);
        let wanted = if same && !inside && !events { 0 } else { incident.version };
        // Programs are told everything, letters have no thread.
        match sink {
            None => (wanted, told),
            Some(_) if events => (wanted, incident.entries),
            Some(_) => (wanted, 0),
        }
    }

    /// Whether a channel may still hear of a repository: where nobody subscribes to it any more, the card stays as it is.
    fn is_still_fed(&self, surface: &Surface, repo: &Repo) -> bool {
        let chat = self.engine.chats.get(&surface.platform);
        if chat.is_none() && !self.engine.sinks.contains_key(&surface.platform) {
            return true;
        }
        let here = |feed: &&Subscription| feed.platform == surface.platform && feed.channel == surface.channel;
        let fits = |feed: &Subscription| {
            let pattern = feed.filter.repo.as_deref();
            pattern.is_none_or(|pattern| self.state.names.all(repo).any(|name| repo_glob(pattern, name.as_str())))
        };
        chat.is_some_and(|chat| chat.is_in_repository() || chat.is_inside())
            || self.state.all_feeds().filter(here).any(fits)
    }

    /// Where the card stands already, and where feeds want it now; with each, whether it stands there.
    pub(super) async fn surfaces(&self, incident: &Incident) -> Result<Vec<(Surface, bool)>, StoreError> {
        let stand = if incident.version > 1 { self.engine.store.surfaces(incident.no).await? } else { Vec::new() };
        let mut surfaces: Vec<(Surface, bool)> = stand.into_iter().map(|surface| (surface, true)).collect();
        let subject = subject(incident);
        let fed = self.state.all_feeds().filter(|feed| self.state.names.wants(&feed.filter, &subject));
        let fed = fed.map(|feed| (feed.platform.clone(), feed.channel.clone()));
        let own = self.engine.chats.iter().flat_map(|(platform, chat)| {
            let channels = chat.channels(&incident.repo, &incident.pulls);
            channels.into_iter().map(move |channel| (platform.clone(), channel))
        });
        // What was adopted is shown where it stands already and nowhere else.
        let wanted: Vec<Surface> = fed
            .chain(own)
            .filter(|_| incident.adopted_by.is_none() && !self.renaming.contains(&incident.no))
            .map(|(platform, channel)| Surface { incident: incident.no, platform, channel })
            .collect();
        surfaces.retain(|(surface, _)| self.is_still_fed(surface, &incident.repo));
        for surface in wanted {
            if !surfaces.iter().any(|(have, _)| *have == surface) && !self.is_muted(&surface).await? {
                surfaces.push((surface, false));
            }
        }
        Ok(surfaces)
    }
}

/// What feeds look at.
pub(super) fn subject(incident: &Incident) -> Subject<'_> {
    Subject {
        repo: &incident.repo,
        // A merge queue's branch stands for the one that it merges into.
        branch: head::queued(incident.branch.raw()).map_or(incident.branch.raw(), |(onto, _)| onto),
        default_branch: &incident.default_branch,
        workflow: incident.workflow.raw(),
        conclusion: incident.first_job().map_or("failure", |job| job.conclusion.as_str()),
        severity: incident.severity,
        owners: incident.owners.as_deref().unwrap_or_default(),
    }
}
