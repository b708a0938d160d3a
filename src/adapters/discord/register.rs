//! Registration of the commands, only where they changed: guild commands at once, global ones within the hour.

use super::commands::commands;
use super::rest::{Rest, Route};
use crate::ports::PortError;
use reqwest::Method;
use serde_json::{Value, json};

/// Registers the commands where they belong, and takes away what an earlier configuration left elsewhere: both would be
/// offered side by side, and the ones that are not kept up would be refused. Answers whether anything had to be written.
///
/// # Errors
/// What Discord or the network said.
pub async fn register(rest: &Rest, application: Option<&str>, guild: Option<&str>) -> Result<bool, PortError> {
    let application = match application {
        Some(id) => id.to_owned(),
        None => own_id(rest).await?,
    };
    let mut wrote = put(rest, scope(&application, guild), &commands()).await?;
    if guild.is_some() {
        wrote |= put(rest, scope(&application, None), &json!([])).await?;
    }
    for other in guilds(rest).await?.iter().filter(|other| Some(other.as_str()) != guild) {
        match put(rest, scope(&application, Some(other)), &json!([])).await {
            Ok(removed) => wrote |= removed,
            // A server that lets us read nothing has no commands of ours.
            Err(PortError::Permanent { why }) => tracing::debug!(guild = other, why, "cannot look for old commands"),
            Err(why) => return Err(why),
        }
    }
    Ok(wrote)
}

/// Where commands are registered: in one guild, or in all.
fn scope(application: &str, guild: Option<&str>) -> String {
    match guild {
        Some(guild) => format!("/applications/{application}/guilds/{guild}/commands"),
        None => format!("/applications/{application}/commands"),
    }
}

async fn put(rest: &Rest, path: String, want: &Value) -> Result<bool, PortError> {
    let have = rest.call(Route::new(Method::GET, path.clone()), None).await?;
    if says(&have, want) {
        return Ok(false);
    }
    rest.call(Route::new(Method::PUT, path), Some(want)).await?;
    Ok(true)
}

/// The guilds that the bot is in: at most 200, which is what Discord tells at once.
async fn guilds(rest: &Rest) -> Result<Vec<String>, PortError> {
    let told = rest.call(Route::new(Method::GET, "/users/@me/guilds".into()), None).await?;
    let ids = told.as_array().into_iter().flatten().filter_map(|guild| guild.get("id")?.as_str().map(str::to_owned));
    Ok(ids.collect())
}

async fn own_id(rest: &Rest) -> Result<String, PortError> {
    let me = rest.call(Route::new(Method::GET, "/applications/@me".into()), None).await?;
    let id = me.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| PortError::permanent("Discord's answer names no application"))
}

/// Whether `have` says everything that `want` says; what Discord adds does not count, nor what is left out when false.
fn says(have: &Value, want: &Value) -> bool {
    match (have, want) {
        (Value::Object(have), Value::Object(want)) => want.iter().all(|(key, want)| match have.get(key) {
            Some(have) => says(have, want),
            None => is_default(want),
        }),
        (Value::Array(have), Value::Array(want)) => {
            have.len() == want.len() && have.iter().zip(want).all(|(have, want)| says(have, want))
        }
        _ => have == want || (have.is_null() && is_default(want)),
    }
}

fn is_default(value: &Value) -> bool {
    value.is_null()
        || *value == Value::Bool(false)
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
        || value.as_u64() == Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_that_we_made_count() {
        let want = commands();
        let mut have = want.clone();
        have[0]["id"] = json!("1");
        have[0]["version"] = json!("2");
        have[0]["options"][0].as_object_mut().unwrap().remove("required");
        assert!(says(&have, &want));
        have[0]["options"][0]["description"] = json!("another");
        assert!(!says(&have, &want));
        assert!(!says(&json!([]), &want));
    }
}
