//! What an operator needs to add the bot, for `manifest discord`.

use super::commands::commands;
use serde_json::{Value, json};
use serenity::all::Permissions;

/// What the bot does in a channel, and nothing else.
pub const PERMISSIONS: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::READ_MESSAGE_HISTORY)
    .union(Permissions::CREATE_PUBLIC_THREADS)
    .union(Permissions::SEND_MESSAGES_IN_THREADS);

/// The invitation's address, its permissions by name, and the commands as they are registered at start.
#[must_use]
pub fn manifest(application: Option<&str>) -> Value {
    let id = application.unwrap_or("YOUR_APPLICATION_ID");
    let bits = PERMISSIONS.bits();
    json!({
        "invite": format!("https://discord.com/oauth2/authorize?client_id={id}&scope=bot%20applications.commands&permissions={bits}"),
        "permissions": PERMISSIONS.get_permission_names(),
        "privileged_intents": [],
        "interactions_endpoint": "https://YOUR_HOST/discord/interactions, only with discord.transport = \"http\"",
        "commands": commands(),
    })
}
