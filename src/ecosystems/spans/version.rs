//! The order of versions whose parts are numbers and words, as semantic versioning, `RubyGems` and `NuGet` have it.

use std::cmp::Ordering;

/// Compares numbers of any length.
pub(crate) fn numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Compares dotted parts: numbers by value, words by letters, a word below a number.
fn parts(a: &str, b: &str, missing: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let (one, other) = (left.next(), right.next());
        if one.is_none() && other.is_none() {
            return Ordering::Equal;
        }
        let (one, other) = (one.unwrap_or(missing), other.unwrap_or(missing));
        let order = match (is_number(one), is_number(other)) {
            (true, true) => numbers(one, other),
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => one.cmp(other),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Semantic versions, without a leading `v`; what follows `+` does not count.
pub(crate) fn semantic(a: &str, b: &str) -> Ordering {
    let bare = |version: &str| version.split('+').next().unwrap_or_default().to_owned();
    let (a, b) = (bare(a), bare(b));
    let (core_a, pre_a) = a.split_once('-').map_or((a.as_str(), None), |(core, pre)| (core, Some(pre)));
    let (core_b, pre_b) = b.split_once('-').map_or((b.as_str(), None), |(core, pre)| (core, Some(pre)));
    parts(core_a, core_b, "0").then_with(|| match (pre_a, pre_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => parts(one, other, ""),
    })
}

/// Versions of Ruby gems: a part that is a word makes a version earlier.
pub(crate) fn gem(a: &str, b: &str) -> Ordering {
    parts(&gem_parts(a), &gem_parts(b), "0")
}

/// `1.0.0rc1` and `1.0-x` as dotted parts.
fn gem_parts(version: &str) -> String {
    let mut out = String::new();
    let mut last = '.';
    for c in version.replace('-', ".pre.").chars() {
        if last != '.' && c != '.' && c.is_ascii_digit() != last.is_ascii_digit() {
            out.push('.');
        }
        out.push(c);
        last = c;
    }
    out
}
