//! What a card shows of a change: its size, its paths and its first lines.

use crate::domain::facts::{Preview, TOUCHED_MAX};
use crate::domain::text::Untrusted;

/// Paths and lines of a change that a card shows.
const FILES_SHOWN: usize = 5;
const LINES_SHOWN: usize = 12;

/// The stat, the paths and the first changed lines of a diff.
pub(super) fn preview(diff: &str) -> Preview {
    let (mut touched, mut hunk): (Vec<Untrusted>, Vec<Untrusted>) = (Vec::new(), Vec::new());
    let (mut count, mut plus, mut minus, mut inside) = (0_usize, 0_usize, 0_usize, false);
    for line in diff.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            (count, inside) = (count + 1, false);
            let name = changed(names);
            if touched.len() < TOUCHED_MAX {
                touched.push(name.into());
            }
        } else if let Some(name) = line.strip_prefix("rename from ").filter(|_| !inside) {
            // It is gone from there.
            if touched.len() < TOUCHED_MAX {
                touched.push(name.into());
            }
        } else if line.starts_with("@@") {
            inside = true;
        } else if inside && line.starts_with(['+', '-']) {
            plus += usize::from(line.starts_with('+'));
            minus += usize::from(line.starts_with('-'));
            if hunk.len() < LINES_SHOWN {
                hunk.push(line.chars().take(160).collect::<String>().into());
            }
        }
    }
    let stat = format!("{count} file{}, +{plus} -{minus}", if count == 1 { "" } else { "s" });
    let files = touched.iter().take(FILES_SHOWN).cloned().collect();
    Preview { stat, files, touched, hunk, diff: None }
}

/// The path in `a/PATH b/PATH`, which may hold ` b/` itself; of a renamed file the new one.
fn changed(names: &str) -> &str {
    let half = names.len() / 2;
    let same = names.is_char_boundary(half).then(|| names.split_at(half));
    let same = same.and_then(|(old, new)| Some((old.strip_prefix("a/")?, new.strip_prefix(" b/")?)));
    match same.filter(|(old, new)| old == new) {
        Some((_, new)) => new,
        None => names.rsplit_once(" b/").map_or(names, |(_, name)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_whole() {
        for (names, path) in [
            ("a/x.py b/x.py", "x.py"),
            ("a/deploy/x b/src/ok.rs b/deploy/x b/src/ok.rs", "deploy/x b/src/ok.rs"),
            ("a/old.rs b/new.rs", "new.rs"),
            ("a/ä b/ä", "ä"),
        ] {
            assert_eq!(changed(names), path, "{names}");
        }
    }

    #[test]
    fn a_preview_counts_lines_and_not_headers() {
        let diff = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n+@skip\n def a():\n-    pass\n+    return\n";
        let preview = preview(diff);
        assert_eq!(preview.stat, "1 file, +2 -1");
        assert_eq!(preview.files, vec![Untrusted::new("x.py")]);
        assert_eq!(preview.hunk.len(), 3);
    }
}
