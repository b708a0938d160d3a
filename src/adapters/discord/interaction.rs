//! An interaction as Discord sends it, by gateway or HTTP, and what has to be said at once. Discord gives three seconds.

use super::chat::{FIRST, FURTHER};
use super::commands::{Given, chosen, is_sayable, typing, words};
use super::decode::{Envelope, What};
use super::embeds::cut;
use crate::card::{Asks, causes};
use crate::domain::completion::{Candidate, Typing};
use crate::domain::form::Fields;
use serde::Deserialize;
use serenity::all::{
    AutocompleteChoice, CreateActionRow, CreateAutocompleteResponse, CreateInputText, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateModal, CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption,
    InputTextStyle,
};

/// Roles of one member that are kept: a server has at most so many.
const ROLES_MAX: usize = 250;
/// What a person may type into a form, in characters.
const INPUT_MAX: u16 = 500;
/// Answers to a word that is being typed, and their length (discord.com/developers, "Receiving and Responding").
const CHOICES_MAX: usize = 25;
const CHOICE_MAX: usize = 100;

/// Only what we read: Discord adds fields at any time.
#[derive(Debug, Deserialize)]
pub struct Incoming {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: u8,
    pub application_id: String,
    pub token: String,
    guild_id: Option<String>,
    channel_id: Option<String>,
    channel: Option<Channel>,
    member: Option<Member>,
    user: Option<User>,
    message: Option<Message>,
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
struct Channel {
    id: String,
    #[serde(rename = "type")]
    kind: u8,
    parent_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Member {
    user: User,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    id: String,
    username: String,
    global_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default)]
    options: Option<Vec<Given>>,
    custom_id: Option<String>,
    #[serde(default)]
    values: Option<Vec<String>>,
    #[serde(default)]
    components: Option<Vec<Row>>,
}

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    components: Vec<Input>,
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    value: Option<String>,
}

impl Data {
    fn options(&self) -> &[Given] {
        self.options.as_deref().unwrap_or_default()
    }
}

/// What an interaction is.
#[derive(Debug, PartialEq)]
pub enum Understood {
    Ping,
    /// Someone is typing a value, for which something may be offered.
    Typing(Option<(Typing, Box<Envelope>)>),
    /// A form or a list is to be shown before this button acts.
    Asks {
        custom_id: String,
        by: Box<Envelope>,
    },
    /// A form was sent: checked, then kept or refused.
    Filled {
        custom_id: String,
        envelope: Box<Envelope>,
    },
    /// To be kept, and then answered with what `private` says: a private answer follows, or the card itself changes.
    Kept {
        envelope: Box<Envelope>,
        private: bool,
    },
    Nothing,
}

const PUBLIC_THREAD: [u8; 3] = [10, 11, 12];

impl Incoming {
    /// What it is. The thread's root is the card.
    pub fn understand(self) -> Understood {
        match self.kind {
            1 => Understood::Ping,
            2 => self.command(),
            3 => self.click(),
            4 => self.typing(),
            5 => self.form(),
            _ => Understood::Nothing,
        }
    }

    fn data(&self) -> &Data {
        const NONE: &Data = &Data { options: None, custom_id: None, values: None, components: None };
        self.data.as_ref().unwrap_or(NONE)
    }

    fn command(self) -> Understood {
        let Some(text) = chosen(self.data().options()).map(|(manifest, given)| words(manifest, given)) else {
            return Understood::Nothing;
        };
        self.kept(What::Words(text), FIRST)
    }

    fn click(self) -> Understood {
        let data = self.data();
        let chosen = data.values.iter().flatten().next().cloned();
        // The list of causes: its own name says which failure the choice is for.
        if let (Some((Asks::Cause, value)), Some(cause)) = (data.custom_id.as_deref().and_then(Asks::of), &chosen) {
            let press = What::Press { value: value.to_owned(), input: Some(cause.clone()), fields: Fields::new() };
            return self.kept(press, FURTHER);
        }
        match chosen.or_else(|| data.custom_id.clone()) {
            Some(value) if Asks::of(&value).is_some() => match self.envelope(What::Words(String::new()), FIRST) {
                Some(by) => Understood::Asks { custom_id: value, by: Box::new(by) },
                None => Understood::Nothing,
            },
            Some(value) => self.kept(What::Press { value, input: None, fields: Fields::new() }, FURTHER),
            None => Understood::Nothing,
        }
    }

    fn form(self) -> Understood {
        let data = self.data();
        let Some(custom_id) = data.custom_id.clone() else { return Understood::Nothing };
        let Some((asks, value)) = Asks::of(&custom_id) else { return Understood::Nothing };
        let value = value.to_owned();
        let mut inputs = data.components.iter().flatten().flat_map(|row| &row.components);
        if asks == Asks::Form {
            let text = |input: &Input| (input.custom_id.clone(), input.value.clone().unwrap_or_default());
            let press = What::Press { value, input: None, fields: inputs.map(text).collect() };
            return match self.envelope(press, FURTHER) {
                Some(envelope) => Understood::Filled { custom_id, envelope: Box::new(envelope) },
                None => Understood::Nothing,
            };
        }
        let typed = inputs.find_map(|input| input.value.clone());
        let input = typed.map(|text| text.chars().take(usize::from(INPUT_MAX)).collect());
        self.kept(What::Press { value, input, fields: Fields::new() }, FURTHER)
    }

    fn typing(self) -> Understood {
        let typing = typing(self.data().options());
        let by = self.envelope(What::Words(String::new()), FIRST);
        Understood::Typing(typing.zip(by.map(Box::new)))
    }

    fn kept(self, what: What, reply: &str) -> Understood {
        match self.envelope(what, reply) {
            Some(envelope) => Understood::Kept { envelope: Box::new(envelope), private: reply == FIRST },
            None => Understood::Nothing,
        }
    }

    fn envelope(self, what: What, reply: &str) -> Option<Envelope> {
        let (member, roles) = self.member.map(|member| (member.user, member.roles)).unzip();
        // A member is one of the server that the interaction names; without one it is a direct message.
        let guild = self.guild_id.filter(|_| member.is_some());
        let user = member.or(self.user)?;
        let thread = self.channel.filter(|channel| PUBLIC_THREAD.contains(&channel.kind));
        let (channel, root) = match thread.and_then(|thread| Some((thread.parent_id?, thread.id))) {
            Some((parent, thread)) => (parent, Some(thread)),
            None => (self.channel_id.unwrap_or_default(), self.message.map(|message| message.id)),
        };
        Some(Envelope {
            guild,
            channel,
            thread: root,
            user: user.id,
            name: user.global_name.unwrap_or(user.username),
            roles: roles.unwrap_or_default().into_iter().take(ROLES_MAX).collect(),
            reply: format!("{reply} {} {}", self.application_id, self.token),
            what,
        })
    }
}

/// The answer that has to come at once.
pub fn acknowledge(private: bool) -> CreateInteractionResponse {
    if private {
        CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(true))
    } else {
        CreateInteractionResponse::Acknowledge
    }
}

/// What a button asks by: a form with one line, or a list of the causes that only this person sees.
pub fn ask(custom_id: &str) -> CreateInteractionResponse {
    match Asks::of(custom_id) {
        Some((Asks::Cause, _)) => CreateInteractionResponse::Message(cause(custom_id)),
        _ => CreateInteractionResponse::Modal(reason(custom_id)),
    }
}

/// One line, which may stay empty.
fn reason(custom_id: &str) -> CreateModal {
    let input = CreateInputText::new(InputTextStyle::Short, "Reason (shown in the thread and the log)", "line")
        .required(false)
        .max_length(INPUT_MAX);
    CreateModal::new(custom_id, "Reject proposal").components(vec![CreateActionRow::InputText(input)])
}

fn cause(custom_id: &str) -> CreateInteractionResponseMessage {
    let options = causes().into_iter().map(|(value, words)| CreateSelectMenuOption::new(words, value)).collect();
    let list = CreateSelectMenu::new(custom_id, CreateSelectMenuKind::String { options }).placeholder("Cause");
    let row = CreateActionRow::SelectMenu(list);
    CreateInteractionResponseMessage::new().content("What caused it?").components(vec![row]).ephemeral(true)
}

/// What could be meant. A value that would arrive as another one is left out.
pub fn choices(found: Vec<Candidate>) -> CreateInteractionResponse {
    let fits = |one: &Candidate| (1..=CHOICE_MAX).contains(&one.value.chars().count()) && is_sayable(&one.value);
    let named = |one: Candidate| {
        let words = if one.words.is_empty() { one.value.as_str() } else { one.words.as_str() };
        AutocompleteChoice::new(cut(words, CHOICE_MAX), one.value)
    };
    let all = found.into_iter().filter(fits).take(CHOICES_MAX).map(named).collect();
    CreateInteractionResponse::Autocomplete(CreateAutocompleteResponse::new().set_choices(all))
}
