//! Frameworks whose failing tests stand on one line each: rows of `rules/test_lines.toml`.

use super::{LineObserver, Names, TestFramework};
use regex::Regex;
use serde::Deserialize;
use std::sync::LazyLock;

pub struct Lines;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    words: Vec<String>,
    pattern: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads it"))]
    example: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares with it"))]
    name: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test reads them"))]
    others: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    format: Vec<Row>,
}

struct Format {
    id: &'static str,
    words: Vec<&'static str>,
    pattern: Regex,
}

static ROWS: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/test_lines.toml")).expect("the shipped formats are valid")
});

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let format = |row: &'static Row| Format {
        id: &row.id,
        words: row.words.iter().map(String::as_str).collect(),
        pattern: Regex::new(&row.pattern).expect("the shipped patterns are valid"),
    };
    ROWS.format.iter().map(format).collect()
});

static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| FORMATS.iter().flat_map(|format| format.words.iter().copied()).collect());

impl TestFramework for Lines {
    fn id(&self) -> &'static str {
        "lines"
    }

    fn words(&self) -> &'static [&'static str] {
        &WORDS
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        super::ByLine::observer(read)
    }
}

fn read(names: &mut Names, line: &str) {
    for format in FORMATS.iter() {
        if let Some(found) = format.pattern.captures(line) {
            let file = found.name("file").map(|file| file.as_str());
            names.add(format.id, &found["name"], file);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks::read_lines;

    #[test]
    fn each_format_names_its_own_tests_alone() {
        for row in &ROWS.format {
            assert_eq!(read_lines(&Lines, &row.example), [row.name.as_str()], "{}", row.id);
            let said = format!("{} {}", row.id, row.others.join(" | "));
            assert_eq!(read_lines(&Lines, &row.others.join("\n")), [""; 0], "{said}");
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<&str> = ROWS.format.iter().map(|row| row.id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
