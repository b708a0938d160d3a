//! `dotnet test`: VSTest's `  Failed Name [12 ms]`, its successor's `failed Name (12ms)`, NUnit's `1) Failed : Name`, xUnit's `Name [FAIL]`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static VSTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Failed (\S.*?) \[(?:< )?[\d][\d.,: hms]*\]|failed (\S+\.\S+.*?) \([\d.]+m?s[\d .ms]*\)|\d+\) Failed : (\S.*))$").expect("a pattern")
});
static XUNIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\[xUnit\.net [\d:.]+\]\s+)?(\S.*?) \[FAIL\]$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// xUnit's lines, which VSTest repeats in its own words.
    xunit: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let vstest = VSTEST.captures(line);
        if let Some(name) = vstest.as_ref().and_then(|found| found.iter().skip(1).flatten().next()) {
            self.names.add_selected("dotnet", name.as_str(), Some(&selector(name.as_str())), None);
        } else if let Some(found) = XUNIT.captures(line) {
            self.xunit.add_selected("dotnet", &found[1], Some(&selector(&found[1])), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.xunit }
    }
}

/// What `dotnet test --filter` takes: parameters are not part of the name.
fn selector(name: &str) -> String {
    format!("FullyQualifiedName~{}", name.split('(').next().unwrap_or(name).trim())
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{dotnet::Dotnet, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("  Failed Crud_Update [12 ms]", &["Crud_Update"][..]),
            ("  Failed A.B.C(x: 1) [1 s]", &["A.B.C(x: 1)"][..]),
            ("[xUnit.net 00:00:01.12]     A.B.Works [FAIL]", &["A.B.Works"][..]),
            ("1) Failed : A.B.Works(1)\nfailed A.B.Other (15ms)", &["A.B.Works(1)", "A.B.Other"][..]),
            ("Failed to load x [error]", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Dotnet, text), want, "{text}");
        }
    }
}
