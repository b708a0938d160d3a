//! NuGet's `Installed Newtonsoft.Json 13.0.1 from …`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*Install(?:ed|ing) ([A-Za-z][\w.]*\w) (\d[\w.+-]*\w)(?: (?:from|to) .*|\.)$").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{nuget::Nuget, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            (
                "  Installed Newtonsoft.Json 13.0.1 from https://api.nuget.org/v3/index.json",
                "Newtonsoft.Json",
                "13.0.1",
            ),
            ("  Installed xunit 2.4.1 from https://api.nuget.org/v3/index.json", "xunit", "2.4.1"),
            ("  Installing Serilog 3.1.1.", "Serilog", "3.1.1"),
        ] {
            assert_eq!(read_line(&Nuget, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
