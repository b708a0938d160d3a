//! CI Rescue: the floor plan. See the code map in README.md.
pub mod adapters;
pub mod app;
pub mod card;
pub mod command;
pub mod config;
pub mod demo;
pub mod domain;
pub mod ecosystems;
pub mod engine;
pub mod evidence;
pub mod frameworks;
pub mod incident;
pub mod policy;
pub mod ports;
pub mod remedies;
pub mod server;
pub mod store;
