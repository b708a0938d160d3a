//! What the bot may do on its server and in its channels against what it needs: for the doctor.

use super::invite::PERMISSIONS;
use super::rest::{Rest, Route};
use reqwest::Method;
use serde_json::Value;
use serenity::all::Permissions;

/// What is wrong with each of these channels, in words; a channel that can be read is not named.
pub async fn unusable(rest: &Rest, channels: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for channel in channels.iter().filter(|channel| channel.bytes().all(|b| b.is_ascii_digit())) {
        let route = Route::new(Method::GET, format!("/channels/{channel}/messages?limit=1"));
        if let Err(why) = rest.call(route, None).await {
            wrong.push(format!(
                "channel {channel}: {why}; invite the bot with the link of `ci-rescue manifest discord`"
            ));
        }
    }
    wrong
}

/// What the bot lacks on a server, in words.
///
/// # Errors
/// What Discord or the network said.
pub async fn lacking(rest: &Rest, guild: &str) -> Result<Vec<String>, String> {
    let servers = rest.call(Route::new(Method::GET, "/users/@me/guilds".into()), None).await;
    let servers = servers.map_err(|why| why.to_string())?;
    let all = servers.as_array().map_or(&[][..], Vec::as_slice);
    let Some(server) = all.iter().find(|server| server.get("id").and_then(Value::as_str) == Some(guild)) else {
        return Ok(vec![format!(
            "the bot is not on the server {guild}: invite it with the link of `ci-rescue manifest discord`"
        )]);
    };
    let bits = server.get("permissions").and_then(Value::as_str).and_then(|bits| bits.parse().ok());
    let given = Permissions::from_bits_truncate(bits.unwrap_or(0));
    if given.administrator() || given.contains(PERMISSIONS) {
        return Ok(Vec::new());
    }
    let lacks = PERMISSIONS.difference(given).get_permission_names().join(", ");
    Ok(vec![format!("the bot lacks {lacks} on the server: grant it to the bot's role, or invite the bot again")])
}
