//! History from outside: the command line, the store, and judgements beside a simulated truth.

mod command;
mod judging;
mod keeping;
mod truth;
