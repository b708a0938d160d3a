//! Forms as modals. Discord has text inputs in them, and answers a form that was sent with a message, not with the form:
//! so what is wrong stands beside a button that opens it again (docs.discord.com, "Modals", "Text Input").

use super::embeds::cut;
use crate::domain::form::{FIELD_MAX, FIELDS_MAX, Field, Form};
use serenity::all::{
    ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateButton, CreateInputText, CreateInteractionResponse,
    CreateInteractionResponseMessage, CreateModal, InputTextStyle,
};

/// Of a title and of a label, in characters.
const LABEL_MAX: usize = 45;
const PLACEHOLDER_MAX: usize = 100;
const CONTENT_MAX: usize = 2_000;

/// The form, filled in.
pub fn modal(custom_id: &str, form: &Form) -> CreateInteractionResponse {
    let title: String = form.title.chars().take(LABEL_MAX).collect();
    let rows = form.fields.iter().take(FIELDS_MAX).map(|field| CreateActionRow::InputText(input(field)));
    CreateInteractionResponse::Modal(CreateModal::new(custom_id, title).components(rows.collect()))
}

fn input(field: &Field) -> CreateInputText {
    let label: String = field.label.chars().take(LABEL_MAX).collect();
    let max = u16::try_from(FIELD_MAX).unwrap_or(u16::MAX);
    let mut input = CreateInputText::new(InputTextStyle::Short, label, field.name.as_str())
        .required(field.required)
        .max_length(max);
    if !field.value.is_empty() {
        input = input.value(field.value.raw());
    }
    // What else could stand there, seen once the field is emptied.
    let others: Vec<&str> = field.choices.iter().map(|choice| choice.words.as_str()).collect();
    if others.len() > 1 {
        input = input.placeholder(others.join(", ").chars().take(PLACEHOLDER_MAX).collect::<String>());
    }
    input
}

/// Why nothing was done. `again` opens the form anew.
pub fn refused(why: &str, again: Option<&str>) -> CreateInteractionResponse {
    let text = cut(&crate::card::escape("discord", why), CONTENT_MAX);
    let message = CreateInteractionResponseMessage::new()
        .content(text)
        .allowed_mentions(CreateAllowedMentions::new())
        .ephemeral(true);
    let button = again.map(|id| CreateButton::new(id).label("Open the form again").style(ButtonStyle::Primary));
    let rows = button.map(|button| CreateActionRow::Buttons(vec![button]));
    CreateInteractionResponse::Message(message.components(rows.into_iter().collect()))
}
