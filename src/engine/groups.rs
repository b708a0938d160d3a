//! Who is in the groups that give a role, and in the teams that own what failed: asked for again and again, since nobody
//! tells when it changes.

use super::Engine;
use crate::domain::actor::Platform;
use crate::domain::ids::Repo;
use crate::domain::time::MINUTE_MS;
use crate::ports::Query;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// How often members are asked for. The directory forgets what is three times as old.
const EVERY_MS: i64 = 5 * MINUTE_MS;
/// Open incidents whose owners are looked at, the newest, and teams that are asked about.
const INCIDENTS_MAX: usize = 200;
const TEAMS_MAX: usize = 20;

impl Engine {
    /// Asks each platform for the members of its groups, and the forge for those of teams, if it is time. One that is not
    /// told about keeps what is known until that is too old, and then gives nobody anything.
    pub async fn refresh_groups(&self) {
        let now = self.clock.now();
        {
            let mut last = self.grouped.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|at| (0..EVERY_MS).contains(&now.ms_since(at))) {
                return;
            }
            *last = Some(now);
        }
        for (platform, group) in self.directory.groups() {
            let Some(chat) = self.chats.get(&platform) else { continue };
            match chat.members(&group).await {
                Ok(members) => self.directory.set_members(&platform, &group, members),
                Err(why) => tracing::warn!(%platform, group, %why, "cannot tell who is in a group: it gives no role"),
            }
        }
        let query = Query { open_only: true, limit: INCIDENTS_MAX, ..Query::default() };
        let open = self.store.incidents(&query).await.unwrap_or_default();
        let mut teams: BTreeMap<String, Repo> = BTreeMap::new();
        for incident in open {
            for owner in incident.owners.iter().flatten().filter(|owner| self.directory.wants_team(owner)) {
                teams.entry(owner.clone()).or_insert_with(|| incident.repo.clone());
            }
        }
        for (owner, repo) in teams.into_iter().take(TEAMS_MAX) {
            self.learn_team(&repo, &owner).await;
        }
    }

    /// Who is in a team that owns something here; nobody, where the forge does not tell.
    pub(super) async fn learn_team(&self, repo: &Repo, owner: &str) {
        let name = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let team = owner.strip_prefix('@').and_then(|team| team.split_once('/'));
        let Some((organization, team)) = team.filter(|(org, team)| name(org) && name(team)) else { return };
        let Some(forge) = self.forge.as_ref().filter(|_| self.directory.wants_team(owner)) else { return };
        match forge.team(repo, organization, team).await {
            Ok(members) => self.directory.set_members(&Platform::new("github"), owner, members),
            Err(why) => tracing::debug!(owner, %why, "GitHub does not tell who is in a team"),
        }
    }
}
