//! Pins in sample repositories: every sample is pinned, pinned again, and unpinned to the bytes it had.

mod hostile;
mod javascript;
mod others;
mod sample;
mod sets;
mod sets_hostile;
mod tables;
mod updaters;

use ci_rescue::ecosystems::edit::PinEditor;

fn editor(id: &str) -> &'static dyn PinEditor {
    let found = ci_rescue::ecosystems::editors().into_iter().find(|editor| editor.id() == id);
    found.unwrap_or_else(|| panic!("no editor {id}"))
}
