//! `OUnit`'s `Error: suite:0:name.` and Alcotest's `[FAIL]  group  1  name.`

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static OUNIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Error|Failure): ([^\s:]+(?::\d+)?(?::[^:]+?)*?:\d+:[^:]+?)\.$").expect("a pattern")
});
static ALCOTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\s│>]*\[FAIL\] {2,}(\S.*?) {2,}(\d+) {2,}(\S.*?)\.?(?: *│)?$").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    // It is said again of where it stands: `(in the code)`.
    if let Some(found) = OUNIT.captures(line.trim_end()).filter(|found| !found[1].ends_with(')')) {
        names.add("ocaml", &found[1], None);
    } else if let Some(found) = ALCOTEST.captures(line.trim_end()) {
        let selector = format!("{} {}", &found[1], &found[2]);
        names.add_selected("ocaml", &format!("{} › {}", &found[1], &found[3]), Some(&selector), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{ocaml::Ocaml, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("Error: cart:5:total.\n\nError: cart:5:total (in the code).", &["cart:5:total"][..]),
            ("Failure: shop:0:cart:1:adds shipping.", &["shop:0:cart:1:adds shipping"][..]),
            (
                "> [FAIL]        Cart          1   adds shipping.\n  [OK]          Cart          0   empty.",
                &["Cart › adds shipping"][..],
            ),
            ("│ [FAIL]        Cart          1   adds shipping.  │", &["Cart › adds shipping"][..]),
            ("Error: Unbound module Cart.", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Ocaml, text), want, "{text}");
        }
    }
}
