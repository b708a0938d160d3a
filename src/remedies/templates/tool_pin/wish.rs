//! Which tool goes to which version: by a person's words, else by what the error lines ask for.

use std::sync::LazyLock;

use regex::Regex;

use super::super::hint::{Hint, is_value};
use super::tools::{self, Tool};
use crate::domain::text::clean_line;

#[derive(Clone, Debug)]
pub struct Wish {
    /// None when a person gave a version alone.
    pub tool: Option<&'static Tool>,
    pub version: String,
    /// Said by a person; else the lines ask for this version at least.
    pub by_person: bool,
    /// What is fixed at another version may change too.
    pub fixed_too: bool,
}

/// What is wished for; empty when nothing is.
///
/// # Errors
/// A word is not understood.
pub fn read(hint: &Hint) -> Result<Vec<Wish>, String> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut open: Option<&'static Tool> = None;
    for word in words(hint) {
        if let Some(tool) = tools::by_name(word) {
            if let Some(before) = open.replace(tool) {
                wishes.push(asked_for(hint, before)?);
            }
            continue;
        }
        let tool = match open.take() {
            None if tools::family(word).is_some() => tools::by_name(tools::IMAGE),
            tool => tool,
        };
        let version = version(word, tool)?;
        wishes.push(Wish { tool, version, by_person: true, fixed_too: false });
    }
    if let Some(tool) = open {
        wishes.push(asked_for(hint, tool)?);
    }
    if wishes.is_empty() {
        wishes = spoken(hint);
    }
    Ok(wishes)
}

/// `node@20` and `node=20` are two words, `setup-node@v4` is not about a version of Node.
fn words(hint: &Hint) -> impl Iterator<Item = &str> {
    hint.words().flat_map(|word| {
        let parts = word.split_once(['@', '=']).filter(|(name, _)| tools::by_name(name).is_some());
        let (first, second) = parts.map_or((word, None), |(name, version)| (name, Some(version)));
        [Some(first), second].into_iter().flatten()
    })
}

fn version(word: &str, tool: Option<&Tool>) -> Result<String, String> {
    let shown = clean_line(word, 60);
    let is_image = tool.is_some_and(|tool| tool.id == tools::IMAGE);
    if !is_value(word) || (is_image && tools::family(word).is_none()) {
        return Err(format!("`{shown}` is not a tool or a valid version: write, for example, node 20.11.1."));
    }
    let dated = word.starts_with("nightly-2") || word.starts_with("beta-2") || word.starts_with("lts-");
    let digits = word.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit());
    if word.ends_with("-latest") || (tools::moves(word) && !digits) {
        return Err(format!("`{shown}` is a floating version: name a fixed one."));
    }
    let named = ["pypy", "jruby-", "truffleruby-", "temurin-", "go1."].iter().any(|start| word.starts_with(start));
    if !digits && !dated && !named && !is_image {
        return Err(format!("`{shown}` is not a tool or a version: write, for example, node 20.11.1."));
    }
    let keeps_letter = tool.is_some_and(|tool| tool.id == "golangci-lint");
    Ok(if keeps_letter || !digits { word } else { word.trim_start_matches(['v', 'V']) }.to_owned())
}

/// A person named the tool: the lines have to say which version.
fn asked_for(hint: &Hint, tool: &'static Tool) -> Result<Wish, String> {
    let wish = spoken(hint).into_iter().find(|wish| wish.tool == Some(tool));
    wish.ok_or_else(|| format!("Name a version: {} and a version.", tool.id))
}

/// The version of a class file, which is that of Java and 44.
const CLASS_FILE: &str = "class file";

/// What lines ask for, each with the tool; the first group is the version.
static PATTERNS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    const NUMBER: &str = r"v?(\d{1,4}(?:\.\d{1,6}){0,2})";
    let patterns = [
        ("go", r"requires go >= ?<N>"),
        ("rust", r"requires rustc <N>"),
        ("python", r"(?i)requires(?: a different)? python\b[^\n]{0,40}?>= ?<N>"),
        ("python", r"(?i)python <N> (?:or (?:newer|later|higher|above)|is required)"),
        ("node", r#"(?i)engine "node" is incompatible[^\n]{0,80}?expected version "(?:>=|\^|~)? ?<N>"#),
        ("node", r"(?i)required: \{[^}\n]{0,60}node: '(?:>=|\^|~)? ?<N>"),
        ("node", r"(?i)requires (?:at least )?node(?:\.js)?(?: version)? ?(?:>=|\^)? ?<N>"),
        ("node", r"(?i)node(?:\.js)? version (?:>=|\^)? ?<N> (?:or higher )?is required"),
        ("java", r"release version <N> not supported"),
        ("java", r"invalid (?:target|source) release: (?:1\.)?<N>"),
        (CLASS_FILE, r"more recent version of the Java Runtime \(class file version (\d{2,3})\."),
        ("dotnet", r"does not support targeting \.NET <N>"),
    ];
    let compile = |(tool, pattern): (&'static str, &str)| {
        (tool, Regex::new(&pattern.replace("<N>", NUMBER)).expect("the pattern is valid"))
    };
    patterns.into_iter().map(compile).collect()
});

fn spoken(hint: &Hint) -> Vec<Wish> {
    let mut wishes: Vec<Wish> = Vec::new();
    for line in hint.lines() {
        for (id, pattern) in PATTERNS.iter() {
            let Some(found) = pattern.captures(line).map(|hit| hit[1].to_owned()).filter(|found| is_value(found))
            else {
                continue;
            };
            let (name, version) = match *id {
                CLASS_FILE => ("java", found.parse::<u32>().map_or(found, |file| file.saturating_sub(44).to_string())),
                // .NET's action reads 9.0 as a release, and 9.0.x as the newest of them.
                "dotnet" => ("dotnet", format!("{found}.x")),
                id => (id, found),
            };
            let Some(tool) = tools::by_name(name) else { continue };
            match wishes.iter_mut().find(|wish| wish.tool == Some(tool)) {
                Some(wish) if tools::is_older(&wish.version, &version) => wish.version = version,
                Some(_) => {}
                None => wishes.push(Wish { tool: Some(tool), version, by_person: false, fixed_too: false }),
            }
        }
    }
    wishes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str], lines: &[&str]) -> String {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let hint = Hint { words: own(words), lines: own(lines), ..Hint::default() };
        match read(&hint) {
            Ok(wishes) => {
                let one = |wish: &Wish| format!("{} {}", wish.tool.map_or("?", |tool| tool.id), wish.version);
                wishes.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            Err(why) => why,
        }
    }

    #[test]
    fn words_wish() {
        for (words, wished) in [
            (&["node", "20.11.1"][..], "node 20.11.1"),
            (&["node@v20"], "node 20"),
            (&["setup-python=3.10"], "python 3.10"),
            (&["ubuntu-22.04"], "image ubuntu-22.04"),
            (&["3.12"], "? 3.12"),
            (&["node", "20", "python", "3.12"], "node 20, python 3.12"),
            (&["rust", "nightly-2024-05-01"], "rust nightly-2024-05-01"),
            (&["golangci-lint", "v1.60"], "golangci-lint v1.60"),
            (&[], ""),
        ] {
            assert_eq!(shown(words, &[]), wished);
        }
        for (words, why) in [
            (&["node", "latest"][..], "floating version"),
            (&["node"], "Name a version"),
            (&["ubuntu-latest"], "floating version"),
            (&["node", "20;rm"], "or a valid version"),
            (&["banana"], "not a tool or a version"),
            (&["image", "20"], "or a valid version"),
        ] {
            assert!(shown(words, &[]).contains(why), "{}", shown(words, &[]));
        }
    }

    #[test]
    fn lines_wish() {
        for (line, wished) in [
            ("go: x@v1 requires go >= 1.22 (running go 1.21; GOTOOLCHAIN=local)", "go 1.22"),
            ("cannot be built because it requires rustc 1.81 or newer", "rust 1.81"),
            ("Package 'x' requires a different Python: 3.8.1 not in '>=3.9'", "python 3.9"),
            (
                r#"The engine "node" is incompatible with this module. Expected version ">=18.12". Got "16""#,
                "node 18.12",
            ),
            ("npm WARN EBADENGINE   required: { node: '>=20' },", "node 20"),
            ("ERROR: This version of pnpm requires at least Node.js v18.12", "node 18.12"),
            ("error: release version 21 not supported", "java 21"),
            ("does not support targeting .NET 9.0.", "dotnet 9.0.x"),
            ("compiled by a more recent version of the Java Runtime (class file version 65.0), this", "java 21"),
            ("nothing", ""),
        ] {
            assert_eq!(shown(&[], &[line]), wished, "{line}");
        }
    }
}
