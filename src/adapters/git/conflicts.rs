//! What conflicts in a draft, as people look at it: the marked regions with a few lines around them.

use super::Git;
use crate::domain::change::{Conflicting, Hunk};
use crate::ports::PortError;

/// Lines shown before and after a region.
const AROUND: usize = 2;

impl Git {
    /// The conflicting regions of these files of a draft's tree.
    pub(super) async fn conflicts(&self, tree: &str, paths: &[String]) -> Result<Vec<Conflicting>, PortError> {
        let entries = self.entries(tree).await?;
        let mut all = Vec::new();
        for path in paths {
            let entry = entries.iter().find(|entry| entry.path == path.as_bytes() && entry.mode != "160000");
            let text = match entry {
                Some(entry) => self.blobs(std::slice::from_ref(&entry.oid)).await?.into_iter().flatten().next(),
                None => None,
            };
            let hunks = text.map_or_else(Vec::new, |text| hunks(&String::from_utf8_lossy(&text)));
            all.push(Conflicting { path: path.as_str().into(), hunks });
        }
        Ok(all)
    }
}

/// The label of a marker: seven signs, or as many more as `conflict-marker-size` says, a space, and the label.
fn label(line: &str, sign: char) -> Option<&str> {
    let rest = line.trim_start_matches(sign);
    (line.len() - rest.len() >= 7).then(|| rest.strip_prefix(' ')).flatten()
}

fn hunks(text: &str) -> Vec<Hunk> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let end = label(lines[at], '<').and_then(|_| (at..lines.len()).find(|end| label(lines[*end], '>').is_some()));
        let Some(end) = end else {
            at += 1;
            continue;
        };
        let shown = &lines[at.saturating_sub(AROUND)..lines.len().min(end + 1 + AROUND)];
        all.push(Hunk { line: at + 1, lines: shown.iter().map(|line| sided(line).into()).collect() });
        at = end + 1;
    }
    all
}

/// Markers say whose side they begin or end.
fn sided(line: &str) -> String {
    let signs = |sign| line.chars().take_while(|c| *c == sign).collect::<String>();
    match (label(line, '<'), label(line, '>')) {
        (Some("HEAD"), _) => format!("{} ours", signs('<')),
        (_, Some(whose)) => format!("{} theirs ({whose})", signs('>')),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_come_with_their_sides_and_neighbouring_lines() {
        let text = "1\n2\n3\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> 1234567\n4\n<<<<<<<<< HEAD\n=========\n>>>>>>>>> x\n";
        let found = hunks(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 4);
        let wanted = ["2", "3", "<<<<<<< ours", "a", "=======", "b", ">>>>>>> theirs (1234567)", "4", "<<<<<<<<< ours"];
        assert_eq!(found[0].lines.iter().map(crate::domain::text::Untrusted::raw).collect::<Vec<_>>(), wanted);
        assert_eq!(found[1].line, 10);
        assert!(hunks("<<<<<<< HEAD\nnever closed\n=======\n").is_empty());
        assert!(hunks("a <<<<<<< HEAD\n>>>>>>> x\n").is_empty());
    }
}
