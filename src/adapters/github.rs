//! GitHub: webhooks in, the REST API out, through octocrab.

mod accounts;
mod advisories;
mod api;
mod auth;
mod checks;
mod ci;
mod contents;
mod conversion;
mod decode;
mod deployments;
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
mod quota;
mod repositories;
mod requests;
mod runners;
mod verify;

pub use accounts::OAuth;
pub use api::{GitHub, Settings};
pub use auth::Credentials;
pub use conversion::{NewApp, back, convert, is_code};
pub use decode::Webhooks;
pub use manifest::{Form, PERMISSIONS, api_url, events, form, is_account, page, public_url, web_url};
pub use pulls::Pulls;
pub use verify::{Secret, Signature};
