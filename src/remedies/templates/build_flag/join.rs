//! A flag in the value of a variable that may hold others.

use super::table::{Flag, Form};

/// What becomes of a variable's value.
#[derive(Debug, PartialEq, Eq)]
pub enum Joined {
    Is(String),
    /// It is there already, as this.
    Already(String),
    /// The value cannot be read.
    Unclear,
}

/// Puts the flag with this value into a variable that has a value.
pub fn join(old: &str, flag: &Flag, value: &str) -> Joined {
    match flag.form {
        Form::Whole => whole(old.trim(), value),
        Form::OneOf(start) => one_of(old, start, value),
    }
}

fn whole(old: &str, value: &str) -> Joined {
    if old.contains("${{") {
        return Joined::Unclear;
    }
    if is_enough(old, value) { Joined::Already(old.to_owned()) } else { Joined::Is(value.to_owned()) }
}

/// Whether a value is the wanted one, or a larger number.
fn is_enough(old: &str, value: &str) -> bool {
    match (size(old), size(value)) {
        (Some(old), Some(value)) if value > 1 => old >= value,
        _ => old.eq_ignore_ascii_case(value),
    }
}

fn one_of(old: &str, start: &str, value: &str) -> Joined {
    let words: Vec<&str> = old.split_whitespace().collect();
    let name = start.trim_end_matches('=');
    let Some(at) = words.iter().position(|word| begins(word, start) || (value_follows(start) && same(word, name)))
    else {
        return Joined::Is(format!("{} {start}{value}", old.trim_end()).trim_start().to_owned());
    };
    // Quotes hold several words together, and are not read here.
    if old.contains(['"', '\'', '\\']) {
        return Joined::Unclear;
    }
    let apart = !begins(words[at], start);
    let (place, head) = if apart { (at + 1, "") } else { (at, &words[at][..start.len()]) };
    let Some(word) = words.get(place) else { return Joined::Unclear };
    let here = &word[head.len()..];
    if here.contains("${{") {
        return Joined::Unclear;
    }
    if is_enough(here, value) {
        return Joined::Already(words[at..=place].join(" "));
    }
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    words[place] = format!("{head}{value}");
    Joined::Is(words.join(" "))
}

/// Whether the flag takes a value.
fn value_follows(start: &str) -> bool {
    start.ends_with('=')
}

/// Node takes `_` for `-` in a flag's name.
fn same(word: &str, name: &str) -> bool {
    word.replace('_', "-") == name
}

fn begins(word: &str, start: &str) -> bool {
    let takes_value = value_follows(start) || start.ends_with("-Xmx");
    match word.get(..start.len()) {
        Some(head) if takes_value => same(head, start),
        _ => word == start,
    }
}

/// A number, with a unit of memory or without one.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 =
        digits.parse().ok().filter(|_| digits.len() <= 12 && digits.starts_with(|c: char| c.is_ascii_digit()))?;
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::super::table::FLAGS;
    use super::*;

    #[test]
    fn flags_join() {
        let is = |text: &str| Joined::Is(text.to_owned());
        let already = |text: &str| Joined::Already(text.to_owned());
        for (id, old, joined) in [
            ("node-heap", "--foo", is("--foo --max-old-space-size=4096")),
            ("node-heap", "--max-old-space-size=2048 --foo", is("--max-old-space-size=4096 --foo")),
            ("node-heap", "--max_old_space_size=2048", is("--max_old_space_size=4096")),
            ("node-heap", "--max-old-space-size 512", is("--max-old-space-size 4096")),
            ("node-heap", "--max-old-space-size=4096", already("--max-old-space-size=4096")),
            ("node-heap", "--max-old-space-size=8192", already("--max-old-space-size=8192")),
            ("node-heap", "--max-old-space-size=${{ x }}", Joined::Unclear),
            ("node-heap", "--title='a --max-old-space-size=1'", Joined::Unclear),
            ("node-heap", "${{ env.X }}", is("${{ env.X }} --max-old-space-size=4096")),
            ("node-heap", "", is("--max-old-space-size=4096")),
            ("node-openssl", "--openssl-legacy-provider", already("--openssl-legacy-provider")),
            ("maven-heap", "-Xmx1024m -Xms1g", is("-Xmx3g -Xms1g")),
            ("maven-heap", "-Xmx4g", already("-Xmx4g")),
            ("gradle-heap", "-Dorg.gradle.jvmargs=-Xmx2g", is("-Dorg.gradle.jvmargs=-Xmx3g")),
            ("go-mod", "-mod=vendor -v", is("-mod=mod -v")),
            ("cargo-incremental", "1", is("0")),
            ("cargo-incremental", "0", already("0")),
            ("rust-stack", "33554432", already("33554432")),
            ("rust-stack", "8388608", is("16777216")),
            ("cargo-git-cli", "True", already("True")),
        ] {
            let flag = FLAGS.iter().find(|flag| flag.id == id).expect("it is there");
            assert_eq!(join(old, flag, flag.value), joined, "{old}");
        }
    }
}
