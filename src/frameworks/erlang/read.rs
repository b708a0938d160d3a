//! `EUnit`'s `module:12: name_test...*failed*`, rebar3's `1) module:name_test/0`, and Common Test's `suite ==> case: FAILED` and
//! `suite:case failed on line 12`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static EUNIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*([a-z]\w*):(?:\d+:)? ?(\w+)( \(.*\))?\.{3}\*failed\*").expect("a pattern"));
static REBAR3: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+\d+\) ([a-z]\w*):(\w+)/\d+(?::\d+)?(?: - (.*))?$").expect("a pattern"));
static COMMON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:%%% )?([a-z]\w*_SUITE)(?: ==> (\S+): FAILED|:(\w+) failed on line \d+)").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = EUNIT.captures(line) {
        let test = format!("{}:{}", &found[1], &found[2]);
        let described = found.get(3).map_or("", |text| text.as_str());
        names.add_selected("erlang", &format!("{test}{described}"), Some(&test), None);
    } else if let Some(found) = REBAR3.captures(line) {
        let test = format!("{}:{}", &found[1], &found[2]);
        let described = found.get(3).map_or_else(String::new, |text| format!(" ({})", text.as_str()));
        names.add_selected("erlang", &format!("{test}{described}"), Some(&test), None);
    } else if let Some(found) = COMMON.captures(line) {
        let case = found.get(2).or(found.get(3)).map_or("", |case| case.as_str());
        names.add("erlang", &format!("{}:{case}", &found[1]), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{erlang::Erlang, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "  queue_tests:18: order_test_ (keeps order)...*failed*\n  queue_tests: size_test...ok",
                &["queue_tests:order_test_ (keeps order)"][..],
            ),
            ("  1) queue_tests:order_test/0\n     Failure/Error: ?assertEqual(1, 2)", &["queue_tests:order_test"][..]),
            ("%%% queue_SUITE ==> order: FAILED", &["queue_SUITE:order"][..]),
            ("queue_SUITE:order failed on line 195", &["queue_SUITE:order"][..]),
            ("    in call from lists:map/2", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Erlang, text), want, "{text}");
        }
    }
}
