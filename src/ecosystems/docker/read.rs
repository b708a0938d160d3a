//! Images by digest: `image@sha256:…`, as buildkit resolves them.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s"/])((?:[a-z0-9.-]+(?::\d+)?/)*[a-z0-9._-]+(?::[\w.-]+)?)@(sha256:[0-9a-f]{64})"#)
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{docker::Docker, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            (
                "#5 [1/3] FROM docker.io/library/node:18@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "docker.io/library/node:18",
                "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            (
                "ghcr.io/acme/x@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                "ghcr.io/acme/x",
                "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            ),
        ] {
            assert_eq!(read_line(&Docker, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
