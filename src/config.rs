//! What the operator says: one TOML file, every key overridable by the environment, secrets never printed.

mod check;
mod environment;
mod faults;
mod keys;
mod loops;
mod people;
mod read;
mod shape;
mod sign_in;
mod syntax;
#[cfg(test)]
mod tests;
mod tree;
mod visit;

pub use loops::{AgentSection, LoopSection};
pub use people::{OPERATOR, People};
pub use read::{ConfigError, load, parse, secrets};
pub use shape::{
    Api, Config, Console, Discord, Feed, GitHub, Group, Hooks, KnownIssues, MentionSection, Person, Previous, Provider,
    Server, Slack, StoreSection, Traces,
};
pub use sign_in::SignIn;
