//! Pins in sample repositories: every sample is pinned, pinned again, and unpinned to the bytes it had.
//!
//! A sample is a directory below `tests/data/pin/ECOSYSTEM/`, with its files as they lie in a repository; former contents
//! of its locks are below `earlier/`. What must come of it is a row in `tables/`.

mod harness;
mod hostile;
mod resolved;
mod tables;
mod updaters;

use ci_rescue::ecosystems::edit::PinEditor;

fn editor(id: &str) -> &'static dyn PinEditor {
    let found = ci_rescue::ecosystems::editors().into_iter().find(|editor| editor.id() == id);
    found.unwrap_or_else(|| panic!("no editor {id}"))
}
