//! Whole flows, from a webhook to a green card, over real HTTP and WebSocket.

mod advisories;
mod approvals;
mod automatic;
mod burst;
mod certificates;
pub mod code;
mod discord;
pub mod events;
mod examples;
mod faults;
mod feeds;
mod fix;
mod github;
mod hooks;
mod merging;
pub mod quarantine;
mod remedies;
mod repro;
mod requests;
mod retry;
mod several;
mod storm;
pub mod surfaces;
mod suspects;
mod tracking;
mod undoing;
