//! Messages of commits that git itself would have made.

/// What `git cherry-pick -x` writes: sign-offs and co-authors stay, and the line stands among the trailers.
pub(super) fn picked(message: &str, sha: &str) -> String {
    let message = message.trim_end();
    let gap = if ends_in_trailers(message) { "\n" } else { "\n\n" };
    format!("{message}{gap}(cherry picked from commit {sha})\n")
}

/// What `git revert` writes; a revert of a revert is a reapplication (git 2.43).
pub(super) fn reverted(subject: &str, sha: &str, mainline: Option<&String>) -> String {
    let title = match subject.strip_prefix("Revert \"").and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.starts_with("Revert \"") => format!("Reapply \"{inner}\""),
        _ => match subject.strip_prefix("Reapply \"").and_then(|rest| rest.strip_suffix('"')) {
            Some(inner) => format!("Revert \"{inner}\""),
            None => format!("Revert \"{subject}\""),
        },
    };
    match mainline {
        Some(parent) => format!("{title}\n\nThis reverts commit {sha}, reversing\nchanges made to {parent}.\n"),
        None => format!("{title}\n\nThis reverts commit {sha}.\n"),
    }
}

/// Whether the last paragraph is made of trailers; the first paragraph is the title.
fn ends_in_trailers(message: &str) -> bool {
    let Some((before, last)) = message.rsplit_once("\n\n") else { return false };
    let trailer = |line: &str| {
        line.starts_with("(cherry picked from commit ")
            || line.split_once(": ").is_some_and(|(key, value)| {
                !value.is_empty() && !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    !before.trim().is_empty() && last.lines().all(trailer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_stay_together() {
        let signed = "Fix it\n\nBecause.\n\nSigned-off-by: Ada <a@x>\nCo-authored-by: Ben <b@x>";
        assert_eq!(picked(signed, "abc"), format!("{signed}\n(cherry picked from commit abc)\n"));
        assert_eq!(picked("Fix: it", "abc"), "Fix: it\n\n(cherry picked from commit abc)\n");
        assert_eq!(
            picked("Fix\n\n---\nnot a trailer", "abc"),
            "Fix\n\n---\nnot a trailer\n\n(cherry picked from commit abc)\n"
        );
    }

    #[test]
    fn a_revert_of_a_revert_is_a_reapplication() {
        assert!(reverted("Add", "abc", None).starts_with("Revert \"Add\"\n\nThis reverts commit abc.\n"));
        assert!(reverted("Revert \"Add\"", "abc", None).starts_with("Reapply \"Add\"\n"));
        assert!(reverted("Merge x", "abc", Some(&"def".to_owned())).contains("reversing\nchanges made to def."));
    }
}
