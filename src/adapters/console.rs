//! The web console: an ordinary chat whose channel is a page.
//!
//! Server-rendered, no build step, works without JavaScript; with it, cards are replaced as they change, by server-sent
//! events. A strict content security policy, checks of Host, Origin and fetch metadata, and a CSRF token in every form.

mod attempts;
mod audit;
mod board;
mod channels;
mod decode;
mod error;
mod events;
mod export;
mod feed;
mod files;
mod guard;
mod incident;
mod integrations;
mod live;
mod loops;
mod offers;
mod overview;
mod pages;
mod people;
mod plot;
mod preview;
mod proxied;
mod routes;
mod say;
mod session;
mod shared;
mod sign;
mod statistics;
mod throttle;
mod visit;
mod ways;

pub use decode::ConsoleDecoder;
pub use feed::Console;
pub use preview::Preview;
pub use proxied::Proxy;
pub use routes::{Person, Settings, router};

pub const PLATFORM: &str = "console";
/// The one channel.
pub const CHANNEL: &str = "feed";
