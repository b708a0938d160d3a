//! What is remembered: the only room that knows the database.
//!
//! [`Ledger`] is the whole logic of the [`Store`](crate::ports::Store) port, over a small ordered key-value
//! [`Backend`]: sled on disk, or a map in memory for simulation. One writer thread applies all writes in order and
//! flushes them in groups, so that concurrent deliveries share one flush.

mod backend;
mod disk;
mod keys;
mod ledger;
mod memory;
mod write;
mod writer;

pub use backend::{Backend, Batch};
pub use disk::Sled;
pub use ledger::Ledger;
pub use memory::Memory;
