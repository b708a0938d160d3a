//! What a repository says, in a message to people.

use crate::domain::text::short;

/// A few of these texts from a repository, each once.
pub fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    const TEXTS: usize = 8;
    let mut shown: Vec<String> = Vec::new();
    for text in texts {
        if shown.len() == TEXTS {
            shown.push("…".to_owned());
            break;
        }
        if !shown.contains(&short(text)) {
            shown.push(short(text));
        }
    }
    shown.join(", ")
}

/// Who pinned what is already so.
pub fn by_whom(ours: bool) -> &'static str {
    if ours { "by CI Rescue's pin" } else { "by hand" }
}
