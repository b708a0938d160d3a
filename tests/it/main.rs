//! One integration binary: the house's own rules, the store's conformance, cards, and flows against the doubles.

#![allow(
    clippy::needless_pass_by_value,
    clippy::await_holding_lock,
    clippy::format_collect,
    reason = "tests say things shortly, and hold no lock that anybody waits for"
)]

mod browser;
mod browser_boards;
mod browser_demo;
mod browser_forms;
mod browser_loops;
mod browser_pages;
mod browser_remedies;
mod browser_signin;
mod cards;
mod clients;
mod conformance;
mod damage;
mod demo;
mod docs;
mod doctor;
mod editors;
mod evidence;
mod fix;
mod flows;
mod fuzzing;
mod history;
mod kill;
mod moving;
mod offers;
mod once;
mod operations;
mod outages;
mod pins;
mod plan;
mod policy;
mod postgres;
mod real_agents;
mod replay;
mod resolver;
mod routing;
mod setup;
mod signin;
#[path = "../sim/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::pedantic,
    reason = "drawn numbers are cut to whole ones; the benchmark uses the rest"
)]
mod sim;
mod simulation;
mod sinks;
mod strangers;
mod threats;
mod tidy;
mod traces;
mod trials;
mod upgrades;
mod words;
mod world;
