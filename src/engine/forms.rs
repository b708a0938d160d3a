//! Forms that buttons ask by: shown to whoever may see the incident, checked while the person looks at them, and read
//! again when what they sent is taken in.

use super::Engine;
use crate::command;
use crate::domain::actor::{Actor, Place};
use crate::domain::card::{ButtonRef, Verb};
use crate::domain::completion::{Candidate, Typing};
use crate::domain::form::{Fields, Form, Misfit, Typed};
use crate::domain::incident::Incident;
use crate::domain::intent::{Intent, Target};
use crate::ports::Query;
use crate::remedies;

const FORGED: &str = "This button is not valid here: it may belong to a removed installation";
const CHANGED: &str = "The card has changed since: use the button of the updated card";

impl Engine {
    pub(super) async fn form(&self, actor: &Actor, place: &Place, value: &str) -> Result<(Verb, Form), String> {
        let (what, incident) = self.pressed_by(actor, place, value).await?;
        let form = offered(&incident, &what).ok_or(CHANGED)?;
        Ok((what.verb, form.clone()))
    }

    pub(super) async fn offer(&self, actor: &Actor, place: &Place, typed: &Typed<'_>) -> Vec<Candidate> {
        let Ok((what, incident)) = self.pressed_by(actor, place, typed.value).await else { return Vec::new() };
        let Some(offers) = command::offers(what.verb.as_str(), typed.field) else { return Vec::new() };
        let text = typed.text.to_owned();
        self.offered(actor, place, &Typing { offers, text, incident: Some(incident.no), repo: None }).await
    }

    pub(super) async fn fits(&self, actor: &Actor, place: &Place, value: &str, fields: &Fields) -> Result<(), Misfit> {
        let (what, incident) = self.pressed_by(actor, place, value).await.map_err(Misfit::of_all)?;
        read(&incident, &what, fields).map(|_| ())
    }

    /// What the button says, and its incident, if this person may see it.
    async fn pressed_by(&self, actor: &Actor, place: &Place, value: &str) -> Result<(ButtonRef, Incident), String> {
        let what = self.seal.open(value).ok_or(FORGED)?;
        let no = what.incident;
        let query = Query { no: Some(no), before: Some(no.0.saturating_add(1)), limit: 1, ..Query::default() };
        let seen = self.seen_by(actor, place, query).await.map_err(|why| why.to_string())?;
        let incident = seen.into_iter().find(|incident| incident.no == no);
        incident.map(|incident| (what, incident)).ok_or_else(|| "You may not see this incident here".to_owned())
    }
}

/// The form that the card offers now, if it is the one of the button.
fn offered<'i>(incident: &'i Incident, what: &ButtonRef) -> Option<&'i Form> {
    let offer = incident.offers.iter().find(|offer| offer.remedy == what.verb.as_str())?;
    offer.form.as_ref().filter(|form| form.digest() == what.digest)
}

/// What was filled in, as the intent of the same command.
pub(super) fn read(incident: &Incident, what: &ButtonRef, fields: &Fields) -> Result<Intent, Misfit> {
    let form = offered(incident, what).ok_or_else(|| Misfit::of_all(CHANGED))?;
    let intent = command::filled(what.verb.as_str(), Target::Incident(what.incident), form, fields)?;
    if let (Intent::Remedy { wish, .. }, Some(remedy)) = (&intent, remedies::by_id(what.verb.as_str())) {
        remedy.check(wish).map_err(|why| Misfit { field: command::blamed(form, &why), what: why })?;
    }
    Ok(intent)
}
