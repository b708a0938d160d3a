//! CI Rescue: the floor plan.
//!
//! ```text
//! app        config        demo       put together, told what to do, played through
//! engine                              carries out: asks the ports, keeps what happened
//! adapters   server        store      the only rooms with I/O of their own, behind the ports
//! incident   card          command    what happens next, what people see of it, what they can say
//! remedies   policy        ports      what can be done, what may be, what integrations must offer
//! repro      evidence      agents     scripts that reproduce; what a log says; who may try
//! frameworks ecosystems    updaters   shelves: tests, packages, bots
//! edit                                how a file changes
//! domain                              the words of all of them
//! ```
//!
//! A room names rooms below it only; which ones exactly, `tests/it/tidy.rs` says and checks. From `incident` down, ports
//! included, everything is pure: no I/O, no clock, no task.
pub mod adapters;
pub mod agents;
pub mod app;
pub mod card;
pub mod command;
pub mod config;
pub mod demo;
pub mod domain;
pub mod ecosystems;
pub mod edit;
pub mod engine;
pub mod evidence;
pub mod frameworks;
pub mod history;
pub mod incident;
pub mod policy;
pub mod ports;
pub mod remedies;
pub mod repro;
pub mod server;
pub mod store;
pub mod updaters;
