//! Maven's and Gradle's downloads of artifacts by their address: `…/group/artifact/version/artifact-version.jar`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[INFO\] )?Download(?:ed)?(?: from [\w.-]+)?:? https?://[^/\s]+/(?:maven2/|m2/|repository/[^/]+/|[\w-]*maven[\w-]*/)?(\S+)/([^/\s]+)/(\d[^/\s]*)/[^/\s]+\.(?:jar|pom|aar|module)").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&format!("{}:{}", hit[1].replace('/', "."), &hit[2]), &hit[3]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{maven::Maven, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            (
                "Downloaded from central: https://repo.maven.apache.org/maven2/com/acme/lib/1.2/lib-1.2.jar (3 kB)",
                "com.acme:lib",
                "1.2",
            ),
            ("Download https://repo.maven.apache.org/maven2/org/x/y/2.0/y-2.0.pom", "org.x:y", "2.0"),
        ] {
            assert_eq!(read_line(&Maven, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
