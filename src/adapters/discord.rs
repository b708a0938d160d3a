//! Discord through serenity's models, builders and gateway; interactions by gateway or HTTP, cards over the REST API.
//!
//! REST calls leave through our own client: serenity's rate limiter cannot be pointed at another address, and without it
//! a 429 loses its headers.

mod chat;
mod commands;
mod decode;
mod embeds;
mod forms;
mod gateway;
mod granted;
mod http;
mod intake;
mod interaction;
mod invite;
mod register;
mod rest;

pub use chat::Discord;
pub use commands::commands;
pub use decode::InteractionDecoder;
pub use embeds::message;
pub use gateway::{Listener, listen};
pub use granted::{lacking, unusable};
pub use http::{Interactions, Key};
pub use intake::Intake;
pub use invite::{invitation, permissions};
pub use register::register;
pub use rest::{Rest, Settings};

pub const PLATFORM: &str = "discord";
