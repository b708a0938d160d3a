//! What the App or the token may do against what the bot needs: for the doctor.

use super::api::{Answer, GitHub, refused};
use super::auth::Credentials;
use super::{PERMISSIONS, events};
use crate::ports::PortError;
use serde_json::Value;

/// Scopes of a classic token; a fine-grained one tells nothing of the kind.
const SCOPES: [&str; 2] = ["repo", "workflow"];

impl GitHub {
    /// What is not granted and has to be, a sentence each.
    ///
    /// # Errors
    /// What GitHub or the network said.
    pub async fn lacking(&self) -> Result<Vec<String>, PortError> {
        match &*self.credentials() {
            Credentials::Nobody => Ok(Vec::new()),
            Credentials::Token(_) => Ok(scopes(&self.ask("/user").await?)),
            Credentials::App { .. } => {
                let app: Value = self.ask("/app").await?.json()?;
                let installed: Value = self.ask("/app/installations?per_page=100").await?.json()?;
                Ok(ungranted(&app, installed.as_array().map_or(&[], Vec::as_slice)))
            }
        }
    }

    async fn ask(&self, path: &str) -> Result<Answer, PortError> {
        let answer = self.call("GET", None, path, None).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer)) }
    }
}

fn scopes(answer: &Answer) -> Vec<String> {
    let Some(given) = answer.headers.get("x-oauth-scopes").and_then(|value| value.to_str().ok()) else {
        return Vec::new();
    };
    let given: Vec<&str> = given.split(',').map(str::trim).collect();
    let missing: Vec<&str> = SCOPES.into_iter().filter(|scope| !given.contains(scope)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    vec![format!("the token lacks the scopes {}: add them in your developer settings", missing.join(", "))]
}

fn ungranted(app: &Value, installed: &[Value]) -> Vec<String> {
    let lacks = missing(app);
    if !lacks.is_empty() {
        let lacks = lacks.join(", ");
        return vec![format!(
            "the App lacks {lacks}: grant it in the App's settings, then accept it where it is installed"
        )];
    }
    let text = |value: &Value, key: &str| value.pointer(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    if installed.is_empty() {
        let link = text(app, "/html_url");
        return vec![format!("the App is not installed anywhere: install it at {link}/installations/new")];
    }
    let told = |installation: &Value| {
        let account = text(installation, "/account/login");
        if !installation.get("suspended_at").unwrap_or(&Value::Null).is_null() {
            return Some(format!(
                "the installation on {account} is suspended: unsuspend it in that account's settings"
            ));
        }
        let lacks = missing(installation);
        let link = text(installation, "/html_url");
        (!lacks.is_empty()).then(|| {
            format!("the installation on {account} has not accepted {}: accept it at {link}", lacks.join(", "))
        })
    };
    installed.iter().filter_map(told).collect()
}

/// Permissions and events that an App or an installation was not given.
fn missing(of: &Value) -> Vec<String> {
    let given = |name: &str| of.pointer(&format!("/permissions/{name}")).and_then(Value::as_str).unwrap_or("none");
    let enough = |have: &str, want: &str| have == want || have == "admin" || (have == "write" && want == "read");
    let permissions = PERMISSIONS.iter().filter(|(name, want)| !enough(given(name), want));
    let mut all: Vec<String> =
        permissions.map(|(name, want)| format!("{name}: {want} (has {})", given(name))).collect();
    let have: Vec<&str> =
        of.get("events").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    all.extend(events().filter(|event| !have.contains(event)).map(|event| format!("the event {event}")));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn more_than_needed_is_enough_and_less_is_named() {
        let permissions: BTreeMap<&str, &str> = PERMISSIONS.iter().copied().collect();
        let whole = json!({
            "permissions": permissions, "events": events().collect::<Vec<_>>(), "html_url": "https://github.com/apps/x",
            "account": {"login": "acme"},
        });
        assert!(ungranted(&whole, std::slice::from_ref(&whole)).is_empty());
        assert!(ungranted(&whole, &[])[0].contains("install it at https://github.com/apps/x/installations/new"));
        let mut less = whole.clone();
        less["permissions"]["metadata"] = json!("write");
        assert!(missing(&less).is_empty());
        less["permissions"]["checks"] = json!("read");
        less["permissions"].as_object_mut().unwrap().remove("workflows");
        less["events"] = json!(["push"]);
        let words = ungranted(&less, &[]).join("; ");
        for part in ["checks: write (has read)", "workflows: write (has none)", "the event workflow_job"] {
            assert!(words.contains(part), "{words}");
        }
        // What was added to the App has to be accepted by whoever installed it.
        let words = ungranted(&whole, &[whole.clone(), less]).join("; ");
        assert!(words.starts_with("the installation on acme has not accepted checks: write (has read)"), "{words}");
        let mut asleep = whole.clone();
        asleep["suspended_at"] = json!("2026-01-01T00:00:00Z");
        assert!(ungranted(&whole, &[asleep])[0].contains("suspended"));
    }
}
