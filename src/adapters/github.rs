//! GitHub: webhooks in, the REST API out, through octocrab.

mod advisories;
mod api;
mod auth;
mod ci;
mod contents;
mod decode;
mod fetch;
mod forge;
mod granted;
mod health;
mod issues;
mod lost;
mod manifest;
mod missed;
mod origin;
mod past;
mod payload;
mod pulls;
mod queues;
mod quota;
mod repositories;
mod requests;
mod runners;
mod timetables;
mod verify;

pub use api::{GitHub, Settings};
pub use auth::Credentials;
pub use decode::Webhooks;
pub use manifest::{PERMISSIONS, events, page, public_url, web_url};
pub use pulls::Pulls;
pub use verify::{Secret, Signature};
