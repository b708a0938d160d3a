//! What is remembered: the only room that knows the database.
//!
//! [`Ledger`] is the whole logic of the [`Store`](crate::ports::Store) port, over a small ordered key-value
//! [`Backend`]: sled on disk, or a map in memory for simulation. One writer thread applies all writes in order and
//! flushes them in groups, so that concurrent deliveries share one flush.
//!
//! [`Postgres`] runs the same logic in transactions of a server's, for several replicas.
//!
//! The disk is not trusted. What the store holds is counted and hashed with every change (`tally`), how far it was
//! saved stands beside the database (`manifest`), and opening compares all of it (`opening`): a store is whole, or it is
//! refused and left as it was found. A backup is [`Store::backup`](crate::ports::Store::backup); [`restore`] is the way
//! back.

mod audit;
mod backend;
mod backup;
mod content;
mod counting;
mod damage;
mod disk;
mod history;
mod keys;
mod ledger;
mod manifest;
mod memory;
mod of_repo;
mod opening;
mod overlay;
mod postgres;
mod raw;
mod reading;
mod reads;
mod recent;
mod restore;
mod rows;
mod stage;
mod swap;
mod tally;
mod wake;
mod write;
mod writer;

pub use backend::{Backend, Batch, Still};
pub use backup::{Line, Reader};
pub use disk::{OpenError, Sled, Watch};
pub use ledger::Ledger;
pub use memory::Memory;
pub use overlay::Overlay;
pub use postgres::{Address, Postgres, is_address};
pub use restore::{RestoreError, Restored, import, restore};
pub use tally::Tally;
