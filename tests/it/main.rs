//! One integration binary: the house's own rules, the store's conformance, cards, and flows against the doubles.

mod browser;
mod cards;
mod conformance;
mod flows;
mod kill;
mod logs;
mod readme;
mod threats;
mod tidy;
mod world;
