//! Channels that the bot cannot use: for the doctor.

use super::rest::{Rest, Route};
use reqwest::Method;

/// What is wrong with each of these channels, in words; a channel that can be read is not named.
pub async fn unusable(rest: &Rest, channels: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for channel in channels {
        let digits = !channel.is_empty() && channel.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            wrong.push(format!("{channel:.40} is no channel id: copy it in developer mode"));
            continue;
        }
        let route = Route::new(Method::GET, format!("/channels/{channel}/messages?limit=1"));
        if let Err(why) = rest.call(route, None).await {
            wrong.push(format!("channel {channel}: {why}; invite the bot with the address of `manifest discord`"));
        }
    }
    wrong
}
