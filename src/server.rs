//! How they reach us: verify, inbox, acknowledge. The public listener and the private one.

mod api;
mod audit;
mod budget;
mod connections;
mod doors;
mod export;
mod history;
mod limits;
mod listen;
mod policy;
mod private;
mod probes;
mod proxies;
mod refusals;
mod shapes;
mod sinks;
mod store;
mod tls;

pub use connections::Bounds;
pub use doors::public;
pub use listen::{Front, serve, serve_behind};
pub use private::{Probe, private};
pub use probes::Tried;
pub use proxies::{Proxies, network};
pub use tls::{Certificate, Tls, Unfit};

use crate::ports::{Ask, Door, Endpoint, Health, Insight, Renewable, Streaming};
use secrecy::SecretString;
use std::sync::Arc;

/// What opens a door; `None` keeps it shut.
pub type Token = Renewable<Option<SecretString>>;

/// Everything that the doors need.
#[derive(Clone)]
pub struct Doors {
    pub door: Arc<dyn Door>,
    pub ask: Arc<dyn Ask>,
    pub insight: Arc<dyn Insight>,
    /// Absent: no webhook secret is configured, and the door is closed.
    pub github: Option<Arc<dyn Streaming>>,
    /// Addresses of integrations that speak their own way.
    pub endpoints: Vec<Arc<dyn Endpoint>>,
    pub hook_token: Token,
    pub read_token: Token,
    pub act_token: Token,
    /// Which ways in and out are configured, and which are off: for `/api/status`.
    pub integrations: Arc<Vec<(String, String)>>,
    /// Which integrations answer.
    pub health: Arc<Health>,
    /// Whether the store takes deliveries.
    pub tried: Arc<Tried>,
}

/// An incident as the API shows it.
#[must_use]
pub fn incident_json(incident: &crate::domain::Incident) -> serde_json::Value {
    serde_json::to_value(shapes::IncidentView::of(incident)).unwrap_or_default()
}

/// GitHub's own limit for a delivery (docs.github.com, "Webhook events and payloads").
pub const WEBHOOK_BYTES_MAX: usize = 25 << 20;
/// The generic hook's limit.
pub const HOOK_BYTES_MAX: usize = 512 << 10;
