//! git, the program: bare repositories, no work tree, no configuration but ours.
//!
//! Contents of a repository are data. Hooks, filters, attributes' drivers, submodules, replaced objects and the
//! repository's configuration are off; every call has a deadline and a limit on what it may print.

mod call;
mod conflicts;
mod diff;
mod edits;
mod landed;
mod markers;
mod message;
mod names;
mod objects;
mod pick;
mod push;
mod room;
mod there;
mod view;
mod work;

pub use call::Git;
pub use room::Rooms;
pub use view::View;
