//! The directory of the configuration that is in force: it may be another one tomorrow.

use super::people::{Learnt, People};
use super::{Group, Person};
use crate::domain::actor::{Actor, Place, Platform, Principal};
use crate::domain::link::{Account, Link};
use crate::domain::mention::Mention;
use crate::ports::{Clock, Contact, Directory, Listed, Ruled};
use arc_swap::ArcSwap;
use std::sync::{Arc, RwLock};

pub struct LivePeople {
    now: ArcSwap<People>,
    operator: Option<String>,
    clock: Arc<dyn Clock>,
    /// What people linked and groups told stays.
    learnt: Arc<RwLock<Learnt>>,
}

impl LivePeople {
    #[must_use]
    pub fn new(people: Vec<Person>, groups: Vec<Group>, operator: Option<String>, clock: Arc<dyn Clock>) -> Self {
        let learnt = Arc::default();
        let first = People::new((people, groups), operator.clone(), clock.clone(), Arc::clone(&learnt));
        Self { now: ArcSwap::from_pointee(first), operator, clock, learnt }
    }

    /// Others from now on.
    pub fn replace(&self, people: Vec<Person>, groups: Vec<Group>) {
        let (operator, clock) = (self.operator.clone(), self.clock.clone());
        self.now.store(Arc::new(People::new((people, groups), operator, clock, Arc::clone(&self.learnt))));
    }
}

impl Directory for LivePeople {
    fn principal(&self, actor: &Actor, place: &Place) -> Principal {
        self.now.load().principal(actor, place)
    }

    fn admins(&self) -> Vec<Vec<(Platform, String)>> {
        self.now.load().admins()
    }

    fn mentions(&self, platform: &Platform, owner: &str) -> Vec<Mention> {
        self.now.load().mentions(platform, owner)
    }

    fn named(&self, platform: &Platform, word: &str) -> Option<Contact> {
        self.now.load().named(platform, word)
    }

    fn members(&self, owner: &str) -> Vec<String> {
        self.now.load().members(owner)
    }

    fn stands_for(&self, actor: &Actor, owner: &str) -> bool {
        self.now.load().stands_for(actor, owner)
    }

    fn person(&self, key: &str) -> Option<Contact> {
        self.now.load().person(key)
    }

    fn owner(&self, owner: &str) -> Option<Contact> {
        self.now.load().owner(owner)
    }

    fn may_link(&self, account: &Account, login: Option<&str>) -> Result<(), String> {
        self.now.load().may_link(account, login)
    }

    fn is_somebody(&self, login: &str) -> bool {
        self.now.load().is_somebody(login)
    }

    fn set_links(&self, links: Vec<Link>) {
        self.now.load().set_links(links);
    }

    fn groups(&self) -> Vec<(Platform, String)> {
        self.now.load().groups()
    }

    fn wants_team(&self, owner: &str) -> bool {
        self.now.load().wants_team(owner)
    }

    fn everybody(&self) -> Vec<Listed> {
        self.now.load().everybody()
    }

    fn operator(&self) -> Option<String> {
        self.operator.clone()
    }

    fn rules(&self) -> Vec<Ruled> {
        self.now.load().rules()
    }

    fn set_members(&self, platform: &Platform, group: &str, members: Vec<String>) {
        self.now.load().set_members(platform, group, members);
    }
}
