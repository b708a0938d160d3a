//! What an operator needs to add the bot, for `manifest discord`.

use serenity::all::Permissions;

/// What the bot does in a channel, and nothing else.
pub const PERMISSIONS: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::READ_MESSAGE_HISTORY)
    .union(Permissions::CREATE_PUBLIC_THREADS)
    .union(Permissions::SEND_MESSAGES_IN_THREADS);

/// The link that adds the bot to a server.
#[must_use]
pub fn invitation(application: &str) -> String {
    let bits = PERMISSIONS.bits();
    format!(
        "https://discord.com/oauth2/authorize?client_id={application}&scope=bot%20applications.commands&permissions={bits}"
    )
}

/// The permissions by which Discord's pages call them.
#[must_use]
pub fn permissions() -> Vec<&'static str> {
    PERMISSIONS.get_permission_names()
}
