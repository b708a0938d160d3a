//! `yarn.lock`, of Yarn 1 and of Yarn 2 and later, read by lines: Yarn itself writes it, always in the same layout.

use std::collections::HashMap;
use std::ops::Range;

use crate::edit::lines;

/// A lock and its entries, in the order of the file.
#[derive(Debug)]
pub struct Lock<'a> {
    pub text: &'a str,
    /// Yarn 2 or later.
    pub is_berry: bool,
    pub entries: Vec<Entry<'a>>,
    by_pattern: HashMap<String, usize>,
}

/// What several requirements lead to.
#[derive(Debug, Default)]
pub struct Entry<'a> {
    /// From the first character to the last one of its last line.
    pub range: Range<usize>,
    /// The first line without the colon.
    pub head: Range<usize>,
    /// As written, without quotes: `left-pad@^1.3.0` or `left-pad@npm:^1.3.0`.
    pub patterns: Vec<String>,
    pub version: &'a str,
    /// Name, range as written without quotes, and where the range stands.
    pub needs: Vec<(&'a str, &'a str, Range<usize>)>,
}

impl Entry<'_> {
    pub fn name(&self) -> &str {
        self.patterns.first().map_or("", |pattern| name_of(pattern))
    }

    /// A package of the repository itself.
    pub fn is_own(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.contains("@workspace:"))
    }
}

/// The part before the `@` that begins the range.
pub fn name_of(pattern: &str) -> &str {
    let from = usize::from(pattern.starts_with('@'));
    pattern[from..].find('@').map_or(pattern, |at| &pattern[..from + at])
}

/// Name and range as one, the same for both forms of the lock.
pub fn pattern(name: &str, range: &str) -> String {
    format!("{name}@{}", range.strip_prefix("npm:").unwrap_or(range))
}

fn plain(written: &str) -> String {
    let name = name_of(written);
    pattern(name, written[name.len()..].strip_prefix('@').unwrap_or_default())
}

impl<'a> Lock<'a> {
    /// Reads a lock.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut open: Option<Entry<'a>> = None;
        let mut is_berry = false;
        let mut in_needs = false;
        let mut at = lines::start(text);
        for line in text[at..].split_inclusive('\n') {
            let content = line.trim_end();
            let start = at;
            at += line.len();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if content.starts_with(['<', '>', '|']) || content == "=======" {
                return Err("it contains conflict markers".to_owned());
            }
            if !content.starts_with(' ') {
                entries.extend(open.take());
                let Some(head) = content.strip_suffix(':') else {
                    return Err("one of its lines is not an entry".to_owned());
                };
                if head == "__metadata" {
                    is_berry = true;
                } else {
                    let range = start..start + content.len();
                    let head_range = start..start + head.len();
                    open = Some(Entry { range, head: head_range, patterns: patterns(head), ..Entry::default() });
                }
                in_needs = false;
                continue;
            }
            let Some(entry) = &mut open else { continue };
            entry.range.end = start + content.len();
            let inner = content.trim_start();
            let depth = content.len() - inner.len();
            if depth == 2 {
                in_needs = matches!(inner, "dependencies:" | "optionalDependencies:");
                if let Some(version) = inner.strip_prefix("version") {
                    entry.version = version.trim_start_matches([':', ' ']).trim_matches('"');
                }
            } else if depth == 4 && in_needs {
                entry.needs.extend(need(text, start + depth..start + content.len()));
            }
        }
        entries.extend(open);
        let mut by_pattern = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for written in &entry.patterns {
                by_pattern.insert(plain(written), index);
            }
        }
        Ok(Self { text, is_berry, entries, by_pattern })
    }

    /// The entry that this pattern, see [`pattern`], leads to.
    pub fn at(&self, pattern: &str) -> Option<usize> {
        self.by_pattern.get(pattern).copied()
    }

    /// The entries of this name.
    pub fn named(&self, name: &str) -> Vec<usize> {
        let is_named = |index: &usize| self.entries[*index].name() == name && !self.entries[*index].is_own();
        (0..self.entries.len()).filter(is_named).collect()
    }

    /// A pattern as this lock writes it.
    pub fn written(&self, name: &str, range: &str) -> String {
        let range = range.strip_prefix("npm:").unwrap_or(range);
        if self.is_berry { format!("{name}@npm:{range}") } else { format!("{name}@{range}") }
    }
}

fn patterns(head: &str) -> Vec<String> {
    head.split(", ").map(|part| part.trim_matches('"').to_owned()).collect()
}

/// A line of dependencies: `name "range"` or `name: range`.
fn need(text: &str, line: Range<usize>) -> Option<(&str, &str, Range<usize>)> {
    let content = text.get(line.clone())?;
    let (name, rest) = match content.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => content.split_at(content.find([':', ' '])?),
    };
    let value = rest.trim_start_matches([':', ' ']);
    let range = value.trim_matches('"');
    let start = line.end - value.len() + usize::from(value.starts_with('"'));
    Some((name, range, start..start + range.len()))
}

/// The first line for these patterns, without the colon.
pub fn head(patterns: &[String], is_berry: bool) -> String {
    if is_berry {
        return format!("\"{}\"", patterns.join(", "));
    }
    let written = |pattern: &String| {
        let bare = pattern.starts_with(|c: char| c.is_ascii_alphabetic())
            && !pattern.contains(|c: char| c.is_whitespace() || ":\\\",[]".contains(c))
            && !pattern.starts_with("true")
            && !pattern.starts_with("false");
        if bare { pattern.clone() } else { format!("\"{pattern}\"") }
    };
    patterns.iter().map(written).collect::<Vec<_>>().join(", ")
}
