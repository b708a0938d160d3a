//! What a provider's status page says is wrong there.

use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// An incident at a provider that is not resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// As the operator calls it: `GitHub`.
    pub provider: String,
    pub title: Untrusted,
    /// `minor`, `major` or `critical`; empty where the page does not say.
    #[serde(default)]
    pub impact: Untrusted,
    /// The provider's status page.
    pub page: String,
}

impl Outage {
    /// While it lasts: `GitHub reports “Actions is degraded” (major)`.
    #[must_use]
    pub fn words(&self) -> String {
        self.told("reports")
    }

    /// What a card says of it, which outlasts it: `Opened while GitHub reported “Actions is degraded” (major)`.
    #[must_use]
    pub fn at_opening(&self) -> String {
        format!("Opened while {}", self.told("reported"))
    }

    fn told(&self, verb: &str) -> String {
        let impact = self.impact.line(20);
        let impact = if impact.is_empty() { impact } else { format!(" ({impact})") };
        format!("{} {verb} “{}”{impact}", self.provider, self.title.line(120))
    }
}
