//! `pre-commit autoupdate`: `[https://github.com/psf/black] updating 22.1.0 -> 22.3.0`, and with `Updating … ...` up to
//! version 2. Runs of the hooks name no versions.

use super::name::plain;
use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\[(https?://[^\s\]]+)\]|Updating (https?://\S+) \.\.\.) updating \S+ -> (\S+?)(?: \(frozen\))?\.?$",
    )
    .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line.trim())
        && let Some(url) = hit.get(1).or_else(|| hit.get(2))
        && let Some(name) = plain(url.as_str())
    {
        found(&name, &hit[3]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{precommit::PreCommit, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("[https://github.com/psf/black] updating 22.1.0 -> 22.3.0", "github.com/psf/black", "22.3.0"),
            ("Updating https://github.com/psf/black ... updating 21.12b0 -> 22.1.0.", "github.com/psf/black", "22.1.0"),
            ("[https://gitlab.com/a/b/c.git] updating v1 -> v2", "gitlab.com/a/b/c", "v2"),
        ] {
            assert_eq!(read_line(&PreCommit, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
        for line in ["[https://github.com/psf/black] already up to date!", "Updating https://x.org/a/b ... failed"] {
            assert!(read_line(&PreCommit, line).is_empty(), "{line}");
        }
    }
}
