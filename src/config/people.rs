//! Who people are, from `[[people]]`.

use super::{Group, Person};
use crate::domain::actor::{Actor, Place, Platform, Principal, Role};
use crate::domain::mention::Mention;
use crate::ports::{Contact, Directory};

/// Whoever holds the console's token: a person of their own, whose name nobody else may have.
pub const OPERATOR: &str = "operator";

/// The configured people, and who sits at the console.
pub struct People {
    people: Vec<Person>,
    groups: Vec<Group>,
    /// Whoever holds the console's token is one person of this name, and an admin.
    operator: Option<String>,
}

impl People {
    #[must_use]
    pub fn new(people: Vec<Person>, groups: Vec<Group>, operator: Option<String>) -> Self {
        Self { people, groups, operator }
    }

    /// The person with this login at the forge.
    fn by_login(&self, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.github.as_deref().is_some_and(|have| have.eq_ignore_ascii_case(login)))
    }

    fn of(&self, actor: &Actor) -> Option<&Person> {
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
            "console" => self.operator.is_none() && person.name == actor.id,
            _ => false,
        })
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
        let person = owner.strip_prefix('@').and_then(|login| self.by_login(login));
        let accounts = person.map_or_else(Vec::new, accounts);
        accounts.iter().filter(|(at, _)| at == platform).filter_map(|(at, id)| Mention::account(at, id)).collect()
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
        if let Some(person) = self.of(actor) {
            return Principal {
                key: person.name.clone(),
                name: person.name.clone().into(),
                role: person.role,
                github: person.github.clone(),
                known: true,
            };
        }
        let operator = self.operator.as_deref().filter(|name| actor.platform.0 == "console" && actor.id == *name);
        if let Some(name) = operator {
            return Principal { key: name.to_owned(), name: name.into(), role: Role::Admin, github: None, known: true };
        }
        let github = (actor.platform.0 == "github").then(|| actor.id.clone());
        let key = format!("{}:{}", actor.platform, actor.id);
        Principal { key, name: actor.name.clone(), role: Role::Viewer, github, known: false }
    }
}
