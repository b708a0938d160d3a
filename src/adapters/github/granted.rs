//! What the App may do against what it needs: for the doctor.

use super::api::{GitHub, refused};
use super::auth::Credentials;
use super::{EVENTS, PERMISSIONS};
use crate::ports::PortError;
use serde_json::Value;

impl GitHub {
    /// Permissions and events that the App was not given, in words. A plain token tells nothing of the kind.
    ///
    /// # Errors
    /// What GitHub or the network said.
    pub async fn lacking(&self) -> Result<Vec<String>, PortError> {
        if !matches!(self.credentials, Credentials::App { .. }) {
            return Ok(Vec::new());
        }
        let answer = self.call("GET", None, "/app", None).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        Ok(missing(&answer.json()?))
    }
}

fn missing(app: &Value) -> Vec<String> {
    let given = |name: &str| app.pointer(&format!("/permissions/{name}")).and_then(Value::as_str).unwrap_or("none");
    let enough = |have: &str, want: &str| have == want || have == "admin" || (have == "write" && want == "read");
    let permissions = PERMISSIONS.iter().filter(|(name, want)| !enough(given(name), want));
    let mut all: Vec<String> =
        permissions.map(|(name, want)| format!("permission {name}: {want} (given: {})", given(name))).collect();
    let events: Vec<&str> =
        app.get("events").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    all.extend(EVENTS.iter().filter(|event| !events.contains(event)).map(|event| format!("event {event}")));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_than_needed_is_enough_and_less_is_named() {
        let mut app = json!({"permissions": PERMISSIONS.iter().copied().collect::<std::collections::BTreeMap<_, _>>(), "events": EVENTS});
        assert!(missing(&app).is_empty());
        app["permissions"]["contents"] = json!("write");
        assert!(missing(&app).is_empty());
        app["permissions"]["checks"] = json!("read");
        app["events"] = json!(["push"]);
        let words = missing(&app).join("; ");
        assert!(
            words.contains("permission checks: write (given: read)") && words.contains("event workflow_job"),
            "{words}"
        );
    }
}
