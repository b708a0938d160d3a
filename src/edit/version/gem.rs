//! Versions of Ruby gems: a part that is a word makes a version earlier.

use std::cmp::Ordering;

use super::parts;

/// The order of two versions.
pub fn compare(a: &str, b: &str) -> Ordering {
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
