//! Strangers, forks, and neighbours that come back: what those without credentials can do to us, and what a machine
//! does. Each case carries the number of its kind.

mod console;
mod disk;
mod faults;
mod listener;
mod output;
mod settings;
mod store;
