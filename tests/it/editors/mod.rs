//! What skips tests and pins packages, on samples of many styles: what becomes of them, and that the undo leads back to
//! the same bytes.

mod compiled;
mod javascript;
mod python;
mod python_changed;
mod python_hostile;
mod scripted;
mod scripted_hostile;

use ci_rescue::frameworks::edit::Editor;
use std::path::{Path, PathBuf};

/// The samples of a framework.
fn data(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quarantine").join(id)
}

fn editor(id: &str) -> &'static dyn Editor {
    let found = ci_rescue::frameworks::editors().into_iter().find(|editor| editor.id() == id);
    found.unwrap_or_else(|| panic!("no editor {id}"))
}
