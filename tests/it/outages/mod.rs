//! What operators see of integrations that are down: status, readiness, metrics, the log.

mod log;
mod program;
mod recovery;
mod rooms;
mod status;
