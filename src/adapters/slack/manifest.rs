//! The app's manifest (schema 2), for `manifest slack`.

use super::views::{RESCUE, SHORTCUT};
use serde_json::{Value, json};

/// Bot scopes. They are granted at installation: `doctor` compares.
pub const SCOPES: [&str; 12] = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "groups:history",
    "groups:read",
    "links:read",
    "links:write",
    "usergroups:read",
    "users:read",
];

/// Domains whose links Slack tells an app of, at most (docs.slack.dev, "App manifest reference").
const DOMAINS_MAX: usize = 5;

/// For Socket Mode; with a public address, for requests to it. Links to `domains` get previews.
#[must_use]
pub fn manifest(public: Option<&str>, domains: &[String]) -> Value {
    let at = |path: &str| public.map(|url| format!("{}/slack/{path}", url.trim_end_matches('/')));
    let mut command = json!({
        "command": "/rescue",
        "description": "Ask CI Rescue",
        "usage_hint": "help | list | show 42 | retry 42",
        "should_escape": false,
    });
    let mut events = json!({"bot_events": [
        "app_home_opened", "app_mention", "link_shared",
        "app_uninstalled", "channel_archive", "channel_deleted", "channel_unarchive", "group_archive", "group_deleted",
        "group_left", "group_unarchive", "member_joined_channel", "member_left_channel", "tokens_revoked"
    ]});
    let mut interactivity = json!({"is_enabled": true});
    for (part, keys, path) in [
        (&mut command, &["url"][..], "commands"),
        (&mut events, &["request_url"], "events"),
        (&mut interactivity, &["request_url", "message_menu_options_url"], "interactions"),
    ] {
        if let Some(url) = at(path) {
            for key in keys {
                part[key] = url.as_str().into();
            }
        }
    }
    let mut features = json!({
        // Without the tab for messages Slack refuses direct ones (`messages_tab_disabled`).
        "app_home": {"home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": true},
        "bot_user": {"display_name": "CI Rescue", "always_online": true},
        "shortcuts": [{
            "name": SHORTCUT,
            "type": "message",
            "callback_id": RESCUE,
            "description": "What is known of the run, job or pull request that this message links to",
        }],
        "slash_commands": [command],
    });
    if !domains.is_empty() {
        features["unfurl_domains"] = domains.iter().take(DOMAINS_MAX).cloned().collect();
    }
    json!({
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "CI Rescue",
            "description": "One card per broken build: retry, approve and undo from here",
            "background_color": "#b3261e",
        },
        "features": features,
        "oauth_config": {"scopes": {"bot": SCOPES}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": false,
            "socket_mode_enabled": public.is_none(),
            "token_rotation_enabled": false,
        },
    })
}
