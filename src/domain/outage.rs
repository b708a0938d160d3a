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
    /// `GitHub reports “Actions is degraded” (major)`.
    #[must_use]
    pub fn words(&self) -> String {
        let impact = self.impact.line(20);
        let impact = if impact.is_empty() { impact } else { format!(" ({impact})") };
        format!("{} reports “{}”{impact}", self.provider, self.title.line(120))
    }
}
