//! Who people are: from `[[people]]` and `[[groups]]`, and from the links that they made themselves.

use super::{Group, Person};
use crate::domain::actor::{Actor, Place, Platform, Principal, Role};
use crate::domain::link::{Account, Link};
use crate::domain::mention::Mention;
use crate::domain::time::{MINUTE_MS, Time};
use crate::ports::{Clock, Contact, Directory, Listed, Ruled};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Whoever holds the console's token: a person of their own, whose name nobody else may have.
pub const OPERATOR: &str = "operator";
/// What the ids of people begin with whom the configuration does not name, where they sign in to the console.
pub const SIGNED_IN: [&str; 4] = ["github", "email", "subject", "proxy"];
/// How long it counts who is in a group.
const MEMBERS_MS: i64 = 15 * MINUTE_MS;

/// The configured people, and who sits at the console.
pub struct People {
    people: Vec<Person>,
    groups: Vec<Group>,
    /// Whoever holds the console's token is one person of this name, and an admin.
    operator: Option<String>,
    clock: Arc<dyn Clock>,
    learnt: Arc<RwLock<Learnt>>,
}

/// What people and platforms told since.
#[derive(Default)]
pub struct Learnt {
    links: HashMap<Account, Link>,
    members: HashMap<(Platform, String), (HashSet<String>, Time)>,
}

impl People {
    #[must_use]
    pub fn new(
        (people, groups): (Vec<Person>, Vec<Group>),
        operator: Option<String>,
        clock: Arc<dyn Clock>,
        learnt: Arc<RwLock<Learnt>>,
    ) -> Self {
        Self { people, groups, operator, clock, learnt }
    }

    /// The person with this login at the forge.
    fn by_login(&self, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.github.as_deref().is_some_and(|have| have.eq_ignore_ascii_case(login)))
    }

    /// Whose account the configuration says it is.
    fn of(&self, actor: &Actor) -> Option<&Person> {
        if actor.platform.0 == "console" {
            return self.signed_in(&actor.id);
        }
        self.people.iter().find(|person| match actor.platform.0.as_str() {
            // GitHub logins are case-insensitive; ids are not.
            "github" => person.github.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(&actor.id)),
            // In an organisation, by either id. A stranger's ids are nobody's here.
            "slack" => person
                .slack
                .as_deref()
                .is_some_and(|id| id == actor.id || (actor.also.as_deref() == Some(id) && !actor.id.contains('/'))),
            // A direct message names the same account.
            "discord" => {
                let id = actor.id.strip_prefix("direct/").unwrap_or(&actor.id);
                person.discord.as_deref() == Some(id)
            }
            _ => false,
        })
    }

    /// At the console: by name in the demo, else by what they signed in with.
    fn signed_in(&self, id: &str) -> Option<&Person> {
        match id.split_once(':').filter(|(way, _)| SIGNED_IN.contains(way)) {
            Some(("github", login)) => self.by_login(login),
            // Addresses are told in any case; a subject and a proxy's name are not.
            Some((way, told)) => self.people.iter().find(|person| {
                let same = |have: &str| if way == "email" { have.eq_ignore_ascii_case(told) } else { have == told };
                person.sign_in.as_deref().is_some_and(same)
            }),
            None => self.people.iter().find(|person| self.operator.is_none() && person.name == id),
        }
    }

    /// The login that somebody linked to this account, unless the configuration has another idea of whose it is.
    fn linked(&self, actor: &Actor) -> Option<String> {
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let account = Account::of(actor);
        let other = actor.also.as_ref().filter(|_| !actor.id.contains('/'));
        let other = other.map(|id| Account { platform: actor.platform.clone(), id: id.clone() });
        let link = learnt.links.get(&account).or_else(|| learnt.links.get(&other?))?;
        self.may_link(&link.account, Some(&link.login)).ok().map(|()| link.login.clone())
    }

    /// The person whose account somebody linked to this login at the forge.
    fn by_link(&self, actor: &Actor) -> Option<&Person> {
        let login = match actor.platform.0.as_str() {
            "github" => actor.id.as_str(),
            "console" => actor.id.strip_prefix("github:")?,
            _ => return None,
        };
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let mut links = learnt.links.values().filter(|link| link.login.eq_ignore_ascii_case(login));
        links.find_map(|link| {
            self.may_link(&link.account, Some(&link.login)).ok()?;
            let (platform, id) = (link.account.platform.clone(), link.account.id.clone());
            self.of(&Actor { platform, id, also: None, name: "".into(), groups: Vec::new() })
        })
    }

    /// Who is in a team of the forge, while that is known.
    fn team(&self, owner: &str) -> Vec<String> {
        let (learnt, now) = (self.learnt.read().unwrap_or_else(PoisonError::into_inner), self.clock.now());
        let known = learnt.members.get(&(Platform::new("github"), owner.to_ascii_lowercase()));
        let known = known.filter(|(_, at)| (0..MEMBERS_MS).contains(&now.ms_since(*at)));
        let mut all: Vec<String> = known.map(|(all, _)| all.iter().cloned().collect()).unwrap_or_default();
        all.sort();
        all
    }

    /// Whether whoever acts is in a group. Strangers and guests are in none.
    fn is_in(&self, actor: &Actor, group: &Group) -> bool {
        // At the console a subject may have any letters.
        if actor.id.contains('/') && actor.platform.0 != "console" {
            return false;
        }
        let (learnt, now) = (self.learnt.read().unwrap_or_else(PoisonError::into_inner), self.clock.now());
        let told = |group: &Option<String>| group.as_ref().is_some_and(|group| actor.groups.contains(group));
        let is_member = |id: &String| {
            let known = learnt.members.get(&(actor.platform.clone(), id.to_ascii_lowercase()));
            let known = known.filter(|(_, at)| (0..MEMBERS_MS).contains(&now.ms_since(*at)));
            known.is_some_and(|(all, _)| {
                all.contains(&actor.id) || actor.also.as_ref().is_some_and(|also| all.contains(also))
            })
        };
        match actor.platform.0.as_str() {
            "discord" => told(&group.discord),
            "console" => told(&group.sign_in),
            "slack" => group.slack.as_ref().is_some_and(is_member),
            _ => false,
        }
    }

    /// The most that a group gives whoever acts.
    fn by_group(&self, actor: &Actor) -> Option<Role> {
        self.groups.iter().filter(|group| self.is_in(actor, group)).filter_map(|group| group.role).max()
    }
}

/// A person's accounts where they can be written to.
fn accounts(person: &Person) -> Vec<(Platform, String)> {
    let all = [("slack", &person.slack), ("discord", &person.discord)];
    all.into_iter().filter_map(|(platform, id)| Some((Platform::new(platform), id.clone()?))).collect()
}

fn contact(person: &Person) -> Contact {
    Contact { name: person.name.clone(), key: person.name.clone(), accounts: accounts(person), direct: person.direct }
}

/// A person's account on a platform.
fn account_on<'p>(person: &'p Person, platform: &Platform) -> Option<&'p str> {
    match platform.0.as_str() {
        "slack" => person.slack.as_deref(),
        "discord" => person.discord.as_deref(),
        _ => None,
    }
}

impl Directory for People {
    fn admins(&self) -> Vec<Vec<(Platform, String)>> {
        self.people.iter().filter(|person| person.role == Role::Admin).map(accounts).collect()
    }

    fn mentions(&self, platform: &Platform, owner: &str) -> Vec<Mention> {
        let group = self.groups.iter().find(|group| group.owner.eq_ignore_ascii_case(owner));
        if let Some(group) = group {
            let ids = [("slack", &group.slack), ("discord", &group.discord)];
            let id = ids.into_iter().find(|(name, _)| *name == platform.0).and_then(|(_, id)| id.as_deref());
            return id.and_then(|id| Mention::group(platform, id)).into_iter().collect();
        }
        let accounts: Vec<_> = if owner.contains('/') {
            self.team(owner).iter().filter_map(|login| self.by_login(login)).flat_map(accounts).collect()
        } else {
            let person = owner.strip_prefix('@').and_then(|login| self.by_login(login));
            person.map_or_else(Vec::new, accounts)
        };
        accounts.iter().filter(|(at, _)| at == platform).filter_map(|(at, id)| Mention::account(at, id)).collect()
    }

    fn members(&self, owner: &str) -> Vec<String> {
        let is_group = self.groups.iter().any(|group| group.owner.eq_ignore_ascii_case(owner));
        if is_group || !owner.contains('/') {
            return Vec::new();
        }
        self.team(owner).into_iter().map(|login| format!("@{login}")).collect()
    }

    fn stands_for(&self, actor: &Actor, owner: &str) -> bool {
        if let Some(group) = self.groups.iter().find(|group| group.owner.eq_ignore_ascii_case(owner)) {
            return self.is_in(actor, group);
        }
        let here = Place {
            platform: actor.platform.clone(),
            channel: String::new(),
            thread: None,
            reply_to: None,
            pull: None,
        };
        let Some(login) = self.principal(actor, &here).github else { return false };
        let own = owner.strip_prefix('@').is_some_and(|name| name.eq_ignore_ascii_case(&login));
        own || owner.contains('/') && self.team(owner).iter().any(|member| member.eq_ignore_ascii_case(&login))
    }

    fn person(&self, key: &str) -> Option<Contact> {
        self.people.iter().find(|person| person.name == key).map(contact)
    }

    fn owner(&self, owner: &str) -> Option<Contact> {
        let is_group = self.groups.iter().any(|group| group.owner.eq_ignore_ascii_case(owner));
        let login = owner.strip_prefix('@').filter(|_| !is_group)?;
        self.by_login(login).map(contact)
    }

    fn named(&self, platform: &Platform, word: &str) -> Option<Contact> {
        let account = word.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>'));
        let found = if let Some(account) = account {
            let id = account.trim_start_matches('!').split('|').next().unwrap_or_default();
            let has = |person: &&Person| accounts(person).iter().any(|(at, have)| at == platform && have == id);
            self.people.iter().find(has)
        } else {
            let name = word.trim_start_matches('@');
            let by_name = self.people.iter().find(|person| person.name.eq_ignore_ascii_case(name));
            by_name.or_else(|| self.by_login(name))
        };
        found.map(contact)
    }

    fn principal(&self, actor: &Actor, _: &Place) -> Principal {
        let operator = self.operator.as_deref().filter(|name| actor.platform.0 == "console" && actor.id == *name);
        if let Some(name) = operator {
            return Principal { key: name.to_owned(), name: name.into(), role: Role::Admin, github: None, known: true };
        }
        let (linked, group) = (self.linked(actor), self.by_group(actor));
        // What the configuration says of the account comes before what its owner linked.
        let person = self.of(actor).or_else(|| self.by_login(linked.as_deref()?)).or_else(|| self.by_link(actor));
        if let Some(person) = person {
            return Principal {
                key: person.name.clone(),
                name: person.name.clone().into(),
                role: person.role.max(group.unwrap_or_default()),
                github: person.github.clone().or(linked),
                known: true,
            };
        }
        let signed_in = || actor.id.strip_prefix("github:").filter(|_| actor.platform.0 == "console");
        let github = match actor.platform.0.as_str() {
            "github" => Some(actor.id.clone()),
            _ => signed_in().map(str::to_owned).or(linked),
        };
        // A link may come and go between two acts: it changes nobody's key, and the same login is the same person.
        let login = if actor.platform.0 == "github" { Some(actor.id.as_str()) } else { signed_in() };
        let key = match login {
            Some(login) => format!("github:{}", login.to_ascii_lowercase()),
            None => format!("{}:{}", actor.platform, actor.id),
        };
        Principal { key, name: actor.name.clone(), role: group.unwrap_or_default(), github, known: group.is_some() }
    }

    fn may_link(&self, account: &Account, login: Option<&str>) -> Result<(), String> {
        if account.id.contains('/') {
            return Err("only members of this workspace or server can link an account".into());
        }
        if account.platform.0 == "console" && self.operator.as_deref() == Some(account.id.as_str()) {
            return Err("the operator's token is nobody's account: sign in as yourself".into());
        }
        let actor = Actor {
            platform: account.platform.clone(),
            id: account.id.clone(),
            also: None,
            name: "".into(),
            groups: Vec::new(),
        };
        if let Some((name, own)) = self.of(&actor).and_then(|person| Some((&person.name, person.github.as_ref()?))) {
            return Err(format!("the configuration says that you are {name}, {own} on GitHub, and that comes first"));
        }
        let Some(theirs) = login.and_then(|login| self.by_login(login)) else { return Ok(()) };
        if account_on(theirs, &account.platform).is_some_and(|have| have != account.id) {
            let (name, platform) = (&theirs.name, &account.platform);
            return Err(format!("the configuration names another {platform} account of {name}, and that comes first"));
        }
        match self.of(&actor) {
            Some(person) if person.name != theirs.name => {
                let (you, other) = (&person.name, &theirs.name);
                Err(format!("the configuration says that you are {you}, and that this GitHub account is {other}'s"))
            }
            _ => Ok(()),
        }
    }

    fn is_somebody(&self, login: &str) -> bool {
        self.by_login(login).is_some_and(|person| person.role > Role::Viewer)
    }

    fn everybody(&self) -> Vec<Listed> {
        let listed = |person: &Person| Listed {
            name: person.name.clone(),
            role: person.role,
            github: person.github.clone(),
            accounts: accounts(person),
            sign_in: person.sign_in.clone(),
            direct: person.direct,
        };
        self.people.iter().map(listed).collect()
    }

    fn operator(&self) -> Option<String> {
        self.operator.clone()
    }

    fn rules(&self) -> Vec<Ruled> {
        let (learnt, now) = (self.learnt.read().unwrap_or_else(PoisonError::into_inner), self.clock.now());
        let rule = |group: &Group| {
            let places = [("slack", &group.slack), ("discord", &group.discord), ("sign_in", &group.sign_in)];
            let members = group.slack.as_ref().and_then(|id| {
                let known = learnt.members.get(&(Platform::new("slack"), id.to_ascii_lowercase()));
                let known = known.filter(|(_, at)| (0..MEMBERS_MS).contains(&now.ms_since(*at)));
                known.map(|(all, _)| all.iter().cloned().collect())
            });
            Ruled {
                owner: group.owner.clone(),
                places: places.into_iter().filter_map(|(at, id)| Some((at, id.clone()?))).collect(),
                role: group.role,
                members,
            }
        };
        self.groups.iter().map(rule).collect()
    }

    fn set_links(&self, links: Vec<Link>) {
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        learnt.links = links.into_iter().map(|link| (link.account.clone(), link)).collect();
    }

    fn groups(&self) -> Vec<(Platform, String)> {
        let with_role = self.groups.iter().filter(|group| group.role.is_some());
        with_role.filter_map(|group| Some((Platform::new("slack"), group.slack.clone()?))).collect()
    }

    fn wants_team(&self, owner: &str) -> bool {
        let grouped = self.groups.iter().any(|group| group.owner.eq_ignore_ascii_case(owner));
        !grouped && owner.starts_with('@') && owner.contains('/')
    }

    fn set_members(&self, platform: &Platform, group: &str, members: Vec<String>) {
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // Teams come and go with what they own.
        learnt.members.retain(|_, (_, at)| (0..MEMBERS_MS).contains(&now.ms_since(*at)));
        let known = (members.into_iter().collect(), now);
        learnt.members.insert((platform.clone(), group.to_ascii_lowercase()), known);
    }
}
