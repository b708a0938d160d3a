//! Who hears of what, and who is who: subscriptions, people, and where each comes from.

use crate::domain::actor::{Actor, Place, Role};
use crate::domain::ids::Repo;
use crate::domain::link::Link;
use crate::domain::subscription::Subscription;
use crate::domain::time::Time;
use crate::engine::Engine;
use crate::engine::feeds::{mute_key, words};
use crate::engine::links::LINKS;
use crate::policy::access::Reader;
use crate::ports::{Acquaintance, Fed, FeedFrom, Listed, Ruled, Society, StoreError};

impl Engine {
    /// Feeds of repositories that the person may read. A pattern names what they may not: those are for admins.
    pub(super) async fn fed(&self, reader: &Reader) -> Result<Vec<Fed>, StoreError> {
        let (fixed, added) = {
            let state = self.state.lock().await;
            (state.fixed.clone(), state.feeds.clone())
        };
        let named = |feed: &Subscription| feed.filter.repo.as_deref().and_then(|repo| repo.parse::<Repo>().ok());
        let repos = fixed.iter().chain(&added).filter_map(named).collect();
        let open = self.may_read(reader, repos).await;
        let admin = reader.person.role == Role::Admin;
        let inside = |feed: &Subscription| self.chats.get(&feed.platform).is_some_and(|chat| chat.is_inside());
        let fixed = fixed.into_iter().enumerate().map(|(n, feed)| {
            let from = if inside(&feed) { FeedFrom::Console } else { FeedFrom::Configuration(n + 1) };
            (feed, from)
        });
        let added = added.into_iter().map(|feed| {
            let by = feed.added.as_ref().map(|added| (added.by.clone(), added.at));
            (feed, FeedFrom::Command(by))
        });
        let mut rows = Vec::new();
        for (feed, from) in fixed.chain(added) {
            let seen = match named(&feed) {
                Some(repo) => open.contains(&repo),
                None => admin || from == FeedFrom::Console,
            };
            if seen {
                rows.push(self.fed_one(feed, from).await?);
            }
        }
        rows.sort_by(|a, b| (&a.feed.platform, &a.feed.channel).cmp(&(&b.feed.platform, &b.feed.channel)));
        Ok(rows)
    }

    async fn fed_one(&self, feed: Subscription, from: FeedFrom) -> Result<Fed, StoreError> {
        let now = self.clock.now();
        let until = self.store.setting(&mute_key(&feed.platform, &feed.channel)).await?;
        let until = until.and_then(|until| until.as_i64()).map(Time).filter(|until| *until > now);
        let troubles = self.read_troubles().await?;
        let here = troubles.into_iter().find(|trouble| {
            trouble.platform == feed.platform && (trouble.channel.is_empty() || trouble.channel == feed.channel)
        });
        let vital = self.health.look().into_iter().find(|vital| vital.name == feed.platform.0);
        let inside = from == FeedFrom::Console;
        let up = if inside { Some(true) } else { vital.and_then(|vital| vital.up) };
        let trouble = here.map(|trouble| trouble.why);
        Ok(Fed { words: words(&feed.filter), feed, from, muted_until: until, trouble, up })
    }

    /// Everybody whom the configuration names, and whoever linked an account. Accounts and preferences are for the person
    /// and for admins.
    pub(super) async fn known_people(&self, actor: &Actor, place: &Place) -> Result<Society, StoreError> {
        let asking = self.directory.principal(actor, place);
        let admin = asking.role == Role::Admin;
        let rows = self.store.settings(LINKS).await?;
        let mut links: Vec<Link> =
            rows.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok()).collect();
        let groups = self.directory.rules();
        let mut people = Vec::new();
        for (n, listed) in self.directory.everybody().into_iter().enumerate() {
            let (own, rest) = links.into_iter().partition(|link| is_theirs(&listed, link));
            links = rest;
            let whole = admin || asking.key == listed.name;
            let mut roles = vec![(listed.role, format!("[[people]], table {}", n + 1))];
            roles.extend(granted(&groups, &listed, &own));
            if asking.key == listed.name {
                roles.extend(told(&groups, actor));
            }
            let preference = if whole { self.preference(&listed.name).await? } else { None };
            people.push(hidden(Acquaintance { listed, table: Some(n + 1), roles, links: own, preference, whole }));
        }
        if let Some(name) = self.directory.operator() {
            let listed = Listed { name, role: Role::Admin, ..Listed::default() };
            let roles = vec![(Role::Admin, "console.token".to_owned())];
            let known = Acquaintance { listed, table: None, roles, links: Vec::new(), preference: None, whole: admin };
            people.push(hidden(known));
        }
        let own = |link: &Link| asking.github.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&link.login));
        for link in links.into_iter().filter(|link| admin || own(link)) {
            let listed = Listed { name: link.login.clone(), github: Some(link.login.clone()), ..Listed::default() };
            let roles = granted(&groups, &listed, std::slice::from_ref(&link));
            let known = Acquaintance { listed, table: None, roles, links: vec![link], preference: None, whole: true };
            people.push(known);
        }
        let groups = groups.into_iter().map(|rule| Ruled { members: rule.members.filter(|_| admin), ..rule }).collect();
        Ok(Society { people, groups })
    }
}

fn is_theirs(listed: &Listed, link: &Link) -> bool {
    let by_login = listed.github.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&link.login));
    by_login || listed.accounts.iter().any(|(at, id)| *at == link.account.platform && *id == link.account.id)
}

/// What user groups give, as far as their members are known.
fn granted(groups: &[Ruled], listed: &Listed, links: &[Link]) -> Vec<(Role, String)> {
    let ids = || {
        let linked = links.iter().map(|link| (link.account.platform.0.as_str(), link.account.id.as_str()));
        listed.accounts.iter().map(|(at, id)| (at.0.as_str(), id.as_str())).chain(linked)
    };
    let gives = |rule: &Ruled| {
        let members = rule.members.as_ref()?;
        let is_in = ids().any(|(at, id)| at == "slack" && members.iter().any(|member| member == id));
        let (_, group) = rule.places.iter().find(|(at, _)| *at == "slack")?;
        Some((rule.role.filter(|_| is_in)?, format!("Slack group {group}")))
    };
    groups.iter().filter_map(gives).collect()
}

/// What the groups give that this very session brought.
fn told(groups: &[Ruled], actor: &Actor) -> Vec<(Role, String)> {
    let gives = |rule: &Ruled| {
        let (_, group) = rule.places.iter().find(|(at, id)| *at == "sign_in" && actor.groups.contains(id))?;
        Some((rule.role?, format!("sign-in group {group}")))
    };
    groups.iter().filter_map(gives).collect()
}

/// What is nobody else's business is left out.
fn hidden(mut known: Acquaintance) -> Acquaintance {
    if !known.whole {
        (known.listed.accounts, known.listed.sign_in, known.listed.direct) = (Vec::new(), None, false);
        known.links = Vec::new();
    }
    known
}
