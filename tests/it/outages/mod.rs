//! What operators see of integrations that are down: status, readiness, metrics, the log.

mod answered;
mod house;
mod log;
mod program;
mod recovery;
mod rooms;
mod status;
mod week;
mod wire;

pub use recovery::{later, work};
