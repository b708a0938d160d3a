//! Which of several frameworks a file belongs to that does not tell by itself: JavaScript's take the same functions.

use super::alternatives;
use crate::domain::edit::{Edited, Source};
use crate::frameworks::edit::Editor;

type Answer = (&'static dyn Editor, Edited);

/// Whether a file of this path names the packages of a folder.
pub fn is_manifest(path: &str) -> bool {
    folder_of(path).is_some_and(|folder| !folder.split('/').any(|part| part == "node_modules"))
}

/// The folder that a `package.json` speaks for, with a slash behind it; empty for the root.
fn folder_of(path: &str) -> Option<&str> {
    path.strip_suffix("package.json").filter(|folder| folder.is_empty() || folder.ends_with('/'))
}

/// Leaves out the answers of frameworks that the nearest manifest does not name, where it names another of them.
pub fn narrow(answers: &mut Vec<Answer>, path: &str, sources: &[Source]) {
    let mut above: Vec<(&str, &Source)> = sources
        .iter()
        .filter_map(|source| Some((folder_of(&source.path)?, source)))
        .filter(|(folder, _)| path.starts_with(folder))
        .collect();
    above.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
    let names = |editor: &dyn Editor, manifest: &Source| {
        editor.packages().iter().any(|package| manifest.text.contains(package))
    };
    let manifest = above.iter().find(|(_, manifest)| answers.iter().any(|(editor, _)| names(*editor, manifest)));
    if let Some((_, manifest)) = manifest {
        answers.retain(|(editor, _)| editor.packages().is_empty() || names(*editor, manifest));
    }
}

/// What is to be said where several frameworks could still be meant: a note when all are edited alike.
///
/// # Errors
/// They are not; a sentence for whoever asked.
pub fn open(answers: &[Answer]) -> Result<Option<String>, String> {
    let mut ready = answers.iter().filter_map(|(editor, edited)| match edited {
        Edited::Ready(edit) if !editor.packages().is_empty() => Some((editor.id(), edit)),
        _ => None,
    });
    let Some((first, edit)) = ready.next() else { return Ok(None) };
    let others: Vec<_> = ready.collect();
    let ids: Vec<&str> = std::iter::once(first).chain(others.iter().map(|(id, _)| *id)).collect();
    let frameworks = alternatives(&ids);
    if others.iter().any(|(_, other)| other.files != edit.files) {
        return Err(format!("this may be a test of {frameworks}, which skip it differently; name the framework"));
    }
    let note = format!("Neither the file nor package.json tells whether it is {frameworks}; all skip it this way.");
    Ok((!others.is_empty()).then_some(note))
}
