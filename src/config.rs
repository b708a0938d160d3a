//! What the operator says: one TOML file, every key overridable by the environment, secrets never printed.

mod changes;
mod check;
mod digests;
mod directory;
mod environment;
mod faults;
mod keys;
mod loops;
mod manual;
mod people;
mod read;
mod repro;
mod secrets;
mod shape;
mod sign_in;
mod sinks;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
mod visit;

pub use changes::{Change, Values};
pub use directory::LivePeople;
pub use loops::{AgentSection, LoopSection};
pub use manual::{Listed, defaults, listed};
pub use people::OPERATOR;
pub use read::{ConfigError, load, load_with, parse, propose, secrets};
pub use secrets::{folder as secrets_folder, named as secret_variable};
pub use shape::{
    Api, Config, Console, Discord, Feed, GitHub, Group, Hooks, KnownIssues, MentionSection, Person, Previous, Provider,
    Server, Slack, StoreSection, Traces,
};
pub use sign_in::SignIn;
pub use sinks::{EmailSection, TeamsSection, WebhookSection};
