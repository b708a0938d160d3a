//! `meson test`: `3/109 suite / name   FAIL   0.26s   exit status 1`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+/\d+ (\S.*?) +(?:FAIL|TIMEOUT|ERROR|INTERRUPT) +\d+\.\d+ ?s\b").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line) {
        names.add("meson", &found[1], None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{meson::Meson, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("  3/109 gst_gstabi            FAIL     0.26 s (exit status 1)", &["gst_gstabi"][..]),
            ("12/40 shop:unit / cart        TIMEOUT  30.01s   killed by signal 15 SIGTERM", &["shop:unit / cart"][..]),
            (" 1/40 shop:unit / basket      OK        0.01s", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Meson, text), want, "{text}");
        }
    }
}
