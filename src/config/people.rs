//! Who people are, from `[[people]]`.

use super::Person;
use crate::domain::actor::{Actor, Place, Principal, Role};
use crate::ports::Directory;

/// Whoever holds the console's token: a person of their own, whose name nobody else may have.
pub const OPERATOR: &str = "operator";

/// The configured people, and who sits at the console.
pub struct People {
    people: Vec<Person>,
    /// Whoever holds the console's token is one person of this name, and an admin.
    operator: Option<String>,
}

impl People {
    #[must_use]
    pub fn new(people: Vec<Person>, operator: Option<String>) -> Self {
        Self { people, operator }
    }

    fn of(&self, actor: &Actor) -> Option<&Person> {
        self.people.iter().find(|person| match actor.platform.0.as_str() {
            // GitHub logins are case-insensitive; ids are not.
            "github" => person.github.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(&actor.id)),
            "slack" => person.slack.as_deref() == Some(actor.id.as_str()),
            "discord" => person.discord.as_deref() == Some(actor.id.as_str()),
            "console" => self.operator.is_none() && person.name == actor.id,
            _ => false,
        })
    }
}

impl Directory for People {
    fn principal(&self, actor: &Actor, _: &Place) -> Principal {
        if let Some(person) = self.of(actor) {
            return Principal {
                key: person.name.clone(),
                name: person.name.clone().into(),
                role: person.role,
                github: person.github.clone(),
            };
        }
        let operator = self.operator.as_deref().filter(|name| actor.platform.0 == "console" && actor.id == *name);
        if let Some(name) = operator {
            return Principal { key: name.to_owned(), name: name.into(), role: Role::Admin, github: None };
        }
        let github = (actor.platform.0 == "github").then(|| actor.id.clone());
        let key = format!("{}:{}", actor.platform, actor.id);
        Principal { key, name: actor.name.clone(), role: Role::Viewer, github }
    }
}
