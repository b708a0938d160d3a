//! What people see: an incident as a neutral [`Card`], in the words of `templates/`, escaped for one markup.

mod annotations;
mod buttons;
mod mail;
mod markup;
mod page;
mod record;
mod review;
#[cfg(test)]
pub mod samples;
mod special;
mod summary;
mod view;
mod words;

pub use crate::domain::card::{Asks, Button, ButtonRef, Card, Link, Look, Tone, Verb, causes};
pub use mail::Mail;
pub use markup::{MARKUPS, address, code, cut, escape};
pub use page::{Asked, Telling};
pub use view::{View, view};
pub use words::{Places, TemplateError, Words};
