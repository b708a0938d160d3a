//! A step at work: what it may know, the incident that it changes, and what it has asked for so far.

use crate::domain::effect::{Effect, Order};
use crate::domain::event::Timer;
use crate::domain::facts::Context;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::rules::Rules;
use crate::domain::time::Time;

/// A step at work: the incident that is being changed and the orders so far.
pub struct Step<'a> {
    pub rules: &'a Rules,
    pub context: &'a Context,
    pub now: Time,
    pub incident: Incident,
    pub orders: Vec<Order>,
}

impl Step<'_> {
    pub fn effect(&mut self, effect: Effect) {
        self.orders.push(Order::Effect(effect));
    }

    pub fn timer(&mut self, timer: Timer, at: Time) {
        self.orders.push(Order::Timer { timer, at });
    }

    /// For the journal and the thread.
    pub fn tell(&mut self, by: Option<String>, note: Note) {
        self.orders.push(Order::Note { by, tell: true, note });
    }

    /// For the journal alone.
    pub fn record(&mut self, note: Note) {
        self.orders.push(Order::Note { by: None, tell: false, note });
    }
}
