//! Versions: which are plain, their order, and what the requirements of each ecosystem admit.

pub mod composer;
pub mod gem;
pub mod npm;
pub mod pep440;
mod range;

use std::cmp::Ordering;

/// Compares numbers of any length.
fn numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Compares dotted parts: numbers by value, words by letters, a word below a number.
pub(in crate::edit) fn parts(a: &str, b: &str, missing: &str) -> Ordering {
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
pub fn semantic(a: &str, b: &str) -> Ordering {
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

/// Why a version is not one: anything but a plain version is refused, since ranges, addresses, paths and shell words
/// come from chat. `None` when it is plain: it begins with a letter or digit, has at most 64 characters of letters,
/// digits and `.-+_!~`, and no `..`.
pub fn not_plain(version: &str) -> Option<String> {
    const VERSION_MAX: usize = 64;
    let plain = version.len() <= VERSION_MAX
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.chars().any(|c| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_!~".contains(c))
        && !version.contains("..");
    (!plain).then(|| "only a plain version such as 1.4.2 can be pinned, not a range, URL, path or tag".to_owned())
}
