//! Who may see what. One function decides, for every read on every surface.

use crate::domain::actor::{Principal, Role};
use crate::domain::ids::Repo;
use crate::domain::rules::Rules;
use crate::domain::subscription::{Subscription, repo_glob};

/// Whether somebody may see a repository's incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Yes,
    No,
    /// If the repository is public, or the forge lets their account read it.
    Ask,
}

/// Somebody, and where they ask.
#[derive(Clone, Debug)]
pub struct Reader {
    /// With their own role, without what a channel grants.
    pub person: Principal,
    /// From another workspace or server, or in a direct message without being known.
    pub stranger: bool,
    /// In the console: whoever signed in is as known as a person of `[[people]]`.
    pub inside: bool,
    /// The repository of the pull request that they ask on, where the forge has confirmed that they may write.
    pub pull: Option<Repo>,
    /// The feeds of the channel that they ask in; none in the console, which shows each person what is theirs.
    pub feeds: Vec<Subscription>,
}

impl Reader {
    /// Whether they are refused whatever they ask.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.stranger && !self.person.known && !self.inside
    }

    /// Whether there is nothing that they could ever see here.
    #[must_use]
    pub fn sees_nothing(&self) -> bool {
        self.is_refused() || !(self.person.known || self.inside || self.pull.is_some() || !self.feeds.is_empty())
    }
}

/// Whether they may see this repository's incidents: the first row that holds.
///
/// | Who asks, and where | Sees |
/// |---|---|
/// | a stranger | nothing |
/// | somebody on a pull request | its repository |
/// | anybody in a subscribed channel | the repositories that it is subscribed to |
/// | an admin | everything |
/// | a person of `[[people]]`, or whoever signed in to the console | what `policy.visible` lets their role see, if GitHub lets them read it |
/// | anybody else | nothing |
#[must_use]
pub fn sees(rules: &Rules, reader: &Reader, repo: &Repo) -> Sight {
    if reader.is_refused() {
        return Sight::No;
    }
    if let Some(here) = &reader.pull {
        return if here == repo { Sight::Yes } else { Sight::No };
    }
    if reader.feeds.iter().any(|feed| covers(feed, repo)) || reader.person.role == Role::Admin {
        return Sight::Yes;
    }
    let visible = rules.visible.get(&reader.person.role);
    let listed = visible.is_none_or(|patterns| patterns.iter().any(|pattern| repo_glob(pattern, repo.as_str())));
    if (reader.person.known || reader.inside) && listed { Sight::Ask } else { Sight::No }
}

/// Whether a feed is for a repository as a whole. One that is narrowed by something else and names none is for single
/// incidents.
#[must_use]
pub fn covers(feed: &Subscription, repo: &Repo) -> bool {
    let filter = &feed.filter;
    let narrow =
        filter.owner.is_some() || filter.workflow.is_some() || filter.severity.is_some() || filter.conclusion.is_some();
    filter.repo.as_deref().map_or(!narrow, |pattern| repo_glob(pattern, repo.as_str()))
}

/// What an act concerns, as far as a channel's grant goes.
#[derive(Clone, Copy, Debug)]
pub enum Reach<'a> {
    /// One repository, and those of the channel's feeds that want the very incident, if it is about one.
    Repo(&'a Repo, &'a [&'a Subscription]),
    /// The whole channel.
    Channel,
    /// The whole installation.
    All,
}

/// The role with what the channel grants on top: at most responder, and only as far as the granting feed reaches.
#[must_use]
pub fn role(reader: &Reader, reach: Reach<'_>) -> Role {
    // In a direct message on a platform where that is no membership, people read and do not act.
    if reader.stranger && !reader.inside {
        return Role::Viewer;
    }
    let feeds = &reader.feeds;
    let granted = match reach {
        Reach::Repo(repo, wanting) => {
            let of_repo = feeds.iter().filter(|feed| feed.filter.repo.is_some() && covers(feed, repo));
            of_repo.chain(wanting.iter().copied()).filter_map(|feed| feed.role).max()
        }
        Reach::Channel => feeds.iter().map(|feed| feed.role.unwrap_or_default()).min(),
        // No channel grants anything over the whole installation.
        Reach::All => None,
    };
    reader.person.role.max(granted.unwrap_or_default().min(Role::Responder))
}
