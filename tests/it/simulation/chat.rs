//! A chat platform in memory: messages with their hidden markers, threads, and private answers.

use super::people::role;
use super::plants::Plant;
use super::power::Power;
use async_trait::async_trait;
use ci_rescue::domain::Role;
use ci_rescue::domain::actor::{Place, Platform};
use ci_rescue::domain::card::Card;
use ci_rescue::domain::journal::Mood;
use ci_rescue::domain::mention::Mention;
use ci_rescue::domain::time::Time;
use ci_rescue::ports::{Chat, Message, PortError};
use std::sync::{Arc, Mutex};

/// Where people comment on pull requests.
pub const COMMENTS: &str = "github";

#[derive(Clone, Debug)]
pub struct Posted {
    pub id: Message,
    pub channel: String,
    pub thread: Option<Message>,
    pub marker: String,
    /// As it stands now; absent for a note.
    pub card: Option<Card>,
}

pub struct Room {
    name: &'static str,
    power: Arc<Power>,
    plant: Option<Plant>,
    pub posted: Mutex<Vec<Posted>>,
    /// Every card that was ever shown: people press old buttons.
    pub shown: Mutex<Vec<Card>>,
    /// What people were answered, by what they were answered to.
    pub answers: Mutex<Vec<(String, String)>>,
}

impl Room {
    pub fn new(name: &'static str, power: Arc<Power>, plant: Option<Plant>) -> Arc<Self> {
        Arc::new(Self {
            name,
            power,
            plant,
            posted: Mutex::default(),
            shown: Mutex::default(),
            answers: Mutex::default(),
        })
    }

    /// A marker without the installation's name, which is drawn anew in every life.
    fn plain(marker: &str) -> &str {
        marker.splitn(3, '/').last().unwrap_or(marker)
    }

    fn is(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    fn put(&self, channel: &str, thread: Option<&Message>, marker: &str, card: Option<&Card>) -> Message {
        let mut posted = self.posted.lock().unwrap();
        let id = format!("{}-{}", self.name, posted.len() + 1);
        posted.push(Posted {
            id: id.clone(),
            channel: channel.to_owned(),
            thread: thread.cloned(),
            marker: marker.to_owned(),
            card: card.cloned(),
        });
        self.shown.lock().unwrap().extend(card.cloned());
        id
    }
}

impl ci_rescue::ports::Pages for Room {}

#[async_trait]
impl Chat for Room {
    fn platform(&self) -> Platform {
        Platform::new(self.name)
    }

    fn markup(&self) -> &'static str {
        self.name
    }

    fn pace_ms(&self) -> i64 {
        1_000
    }

    async fn post(&self, channel: &str, card: &Card, marker: &str) -> Result<Message, PortError> {
        self.power.call(&format!("{} post {}", self.name, Self::plain(marker)), || {
            Ok(self.put(channel, None, marker, Some(card)))
        })
    }

    async fn edit(&self, channel: &str, message: &Message, card: &Card, marker: &str) -> Result<(), PortError> {
        self.power.call(&format!("{} edit {channel} {}", self.name, Self::plain(marker)), || {
            if self.is(Plant::LosesEdits) {
                return Ok(());
            }
            let mut posted = self.posted.lock().unwrap();
            let found = posted.iter_mut().find(|one| one.id == *message && one.channel == channel);
            let found = found.ok_or_else(|| PortError::permanent("there is no such message"))?;
            found.card = Some(card.clone());
            self.shown.lock().unwrap().push(card.clone());
            Ok(())
        })
    }

    async fn find(
        &self,
        channel: &str,
        thread: Option<&Message>,
        marker: &str,
        _: Time,
    ) -> Result<Option<Message>, PortError> {
        self.power.call(&format!("{} find {}", self.name, Self::plain(marker)), || {
            if self.is(Plant::NeverLooks) {
                return Ok(None);
            }
            let posted = self.posted.lock().unwrap();
            let is = |one: &&Posted| one.channel == channel && one.marker == marker && one.thread.as_ref() == thread;
            Ok(posted.iter().find(is).map(|one| one.id.clone()))
        })
    }

    async fn tell(
        &self,
        channel: &str,
        thread: &Message,
        _: &str,
        _: &[Mention],
        marker: &str,
    ) -> Result<(), PortError> {
        self.power.call(&format!("{} tell {}", self.name, Self::plain(marker)), || {
            self.put(channel, Some(thread), marker, None);
            if self.is(Plant::TellsTwice) {
                self.put(channel, Some(thread), marker, None);
            }
            Ok(())
        })
    }

    async fn whisper(&self, place: &Place, actor: &str, text: &str, _: Mood) -> Result<(), PortError> {
        let to = place.reply_to.clone().unwrap_or_default();
        let swallows = self.is(Plant::SwallowsAnswers);
        let done = self.power.call(&format!("{} whisper {to} {actor}", self.name), || Ok(()));
        // A private answer that may have arrived is not repeated.
        if matches!(done, Ok(()) | Err(PortError::Ambiguous { .. })) && !swallows {
            self.answers.lock().unwrap().push((to, text.to_owned()));
        }
        done
    }

    /// Comments on pull requests say who may write there.
    fn vouches(&self) -> bool {
        self.name == COMMENTS
    }

    async fn vouch(&self, _: &Place, actor: &str) -> Result<bool, PortError> {
        let name = actor.split_once('-').map_or(actor, |(_, name)| name);
        let may = role(name) >= Role::Responder || self.is(Plant::VouchesForAll);
        self.power.call(&format!("{} vouch {actor}", self.name), || Ok(may))
    }

    async fn direct(&self, actor: &str, text: &str) -> Result<(), PortError> {
        self.power.call(&format!("{} direct {actor}", self.name), || {
            self.answers.lock().unwrap().push((format!("direct {actor}"), text.to_owned()));
            Ok(())
        })
    }
}
