//! What Discord tells, by gateway or over HTTP, into the inbox, and the answer that has to come at once.

use super::PLATFORM;
use super::decode::{Envelope, What};
use super::forms;
use super::interaction::{Incoming, Understood, acknowledge, ask, choices};
use crate::card::Asks;
use crate::domain::ids::Digest;
use crate::ports::{Ask, Door, Headers, NotTaken, Origin, Proof, Raw, Refusal, Sealer, Verified, Verifier};
use serde_json::Value;
use serenity::all::CreateInteractionResponse;
use std::sync::Arc;

/// Takes in what has proven its origin.
#[derive(Clone)]
pub struct Intake {
    pub door: Arc<dyn Door>,
    pub ask: Arc<dyn Ask>,
    pub origin: Origin,
    /// Closes what an interaction is answered by.
    pub sealer: Arc<Sealer>,
    /// Interactions of another application are not for us.
    pub application: Option<String>,
    /// Our server, where one is configured.
    pub guild: Option<String>,
}

/// An interaction's own id names it.
struct Known {
    origin: Origin,
    id: String,
    press: Option<Digest>,
}

impl Verifier for Known {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: self.origin, id: self.id.clone(), kind: "interaction".into(), press: self.press.clone() })
    }
}

impl Intake {
    /// Keeps the interaction and says what has to be answered at once; with the id and key to answer by.
    ///
    /// # Errors
    /// It is no interaction of ours, or could not be kept: then nothing is to be answered.
    pub async fn take(&self, value: Value) -> Result<Option<(Address, CreateInteractionResponse)>, NotTaken> {
        let bad = |why: &str| NotTaken::Refused(Refusal::BadRequest(why.to_owned()));
        let incoming: Incoming = serde_json::from_value(value).map_err(|_| bad("the interaction does not fit"))?;
        if self.application.as_ref().is_some_and(|ours| *ours != incoming.application_id) {
            return Err(NotTaken::Refused(Refusal::Unauthorized("the interaction is for another application".into())));
        }
        let address = Address { id: incoming.id.clone(), token: incoming.token.clone() };
        let answer = match incoming.understand() {
            Understood::Ping => CreateInteractionResponse::Pong,
            Understood::Typing(Some((typing, by))) => {
                let (actor, place) = by.who(self.guild.as_deref());
                choices(self.ask.complete(&actor, &place, &typing).await)
            }
            Understood::Typing(None) => choices(Vec::new()),
            Understood::Asks { custom_id, by } => self.asking(&custom_id, &by).await,
            Understood::Filled { custom_id, envelope } => match self.misfit(&envelope).await {
                Some(why) => forms::refused(&why, Some(&custom_id)),
                None => self.keep(&address, envelope, false).await?,
            },
            Understood::Kept { envelope, private } => self.keep(&address, envelope, private).await?,
            Understood::Nothing => return Ok(None),
        };
        Ok(Some((address, answer)))
    }

    async fn keep(
        &self,
        address: &Address,
        mut envelope: Box<Envelope>,
        private: bool,
    ) -> Result<CreateInteractionResponse, NotTaken> {
        let press = envelope.press();
        envelope.reply = self.sealer.close(&envelope.reply);
        let bad = |_| NotTaken::Refused(Refusal::BadRequest("the interaction cannot be kept".to_owned()));
        let body = serde_json::to_vec(&envelope).map_err(bad)?;
        let raw = Raw { source: PLATFORM, headers: Headers::default(), body };
        let known = Known { origin: self.origin, id: address.id.clone(), press };
        self.door.accept(Verified::by(&known, raw)?).await?;
        Ok(acknowledge(private))
    }

    /// The form or list that a button asks by, or why there is none.
    async fn asking(&self, custom_id: &str, by: &Envelope) -> CreateInteractionResponse {
        let Some((Asks::Form, value)) = Asks::of(custom_id) else { return ask(custom_id) };
        let (actor, place) = by.who(self.guild.as_deref());
        match self.ask.form(&actor, &place, value).await {
            Ok((_, form)) => forms::modal(custom_id, &form),
            Err(why) => forms::refused(&why, None),
        }
    }

    /// What is wrong with a form that was sent.
    async fn misfit(&self, envelope: &Envelope) -> Option<String> {
        let What::Press { value, fields, .. } = &envelope.what else { return None };
        let (actor, place) = envelope.who(self.guild.as_deref());
        self.ask.fits(&actor, &place, value, fields).await.err().map(|misfit| misfit.what)
    }
}

/// Where the immediate answer goes.
pub struct Address {
    pub id: String,
    pub token: String,
}
