//! Slack through slack-morphism: Socket Mode or HTTP in, the Web API out.

mod blocks;
mod chat;
mod decode;
mod errors;
mod granted;
mod http;
mod intake;
mod links;
mod manifest;
mod pages;
mod rooms;
mod socket;
mod speaker;
mod suggest;
mod views;
mod watched;

pub use blocks::message;
pub use chat::{Settings, Slack};
pub use decode::EnvelopeDecoder;
pub use granted::{lacking, may_listen};
pub use http::{Address, Kind, Signature};
pub use intake::Intake;
pub use manifest::{SCOPES, manifest};
pub use socket::{Listener, listen};

use slack_morphism::prelude::*;

pub const PLATFORM: &str = "slack";

/// The client over a connector that also speaks plain HTTP, for loopback addresses.
///
/// # Errors
/// The TLS versions cannot be set up.
pub(crate) fn client(api_url: &str) -> Result<SlackHyperClient, String> {
    Ok(over(api_url, https()?))
}

fn over<H>(api_url: &str, connector: H) -> SlackClient<SlackClientHyperConnector<H>>
where
    H: hyper_util::client::legacy::connect::Connect + Clone + Send + Sync + 'static,
{
    let connector =
        SlackClientHyperConnector::with_connector(connector).with_slack_api_url(api_url.trim_end_matches('/'));
    SlackClient::new(connector)
}

fn https() -> Result<hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>, String> {
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .map_err(|why| why.to_string())?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(https)
}
