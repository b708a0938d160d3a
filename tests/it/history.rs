//! History from outside: the command line, the store, and judgements beside a simulated truth.

mod artifacts;
mod command;
mod filling;
mod judging;
mod keeping;
mod truth;
