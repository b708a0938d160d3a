//! `pnpm-lock.yaml` of the forms 6 and 9, read by lines: pnpm itself writes it, always in the same layout.

use std::collections::HashMap;
use std::ops::Range;

use crate::edit::lines;

/// A value and where it stands, quotes included.
pub type Placed<'a> = (&'a str, Range<usize>);

/// A lock.
#[derive(Debug, Default)]
pub struct Lock<'a> {
    pub text: &'a str,
    /// Form 6, where `packages` tells the dependencies and keys begin with `/`.
    pub is_old: bool,
    pub specs: Vec<Spec<'a>>,
    pub packages: Vec<Block<'a>>,
    pub snapshots: Vec<Block<'a>>,
    /// Key, value and line of every override.
    pub overrides: Vec<(&'a str, &'a str, Range<usize>)>,
    /// Where the first section after the settings begins.
    pub body: usize,
    by_key: HashMap<&'a str, usize>,
}

/// A requirement of one of the repository's packages, or of a catalog.
#[derive(Debug, Default)]
pub struct Spec<'a> {
    /// Of the `package.json`, `.` at the root; or the catalog's name.
    pub directory: &'a str,
    pub section: &'a str,
    pub name: &'a str,
    pub specifier: Placed<'a>,
    pub version: Placed<'a>,
}

/// A package, or a package with its peers.
#[derive(Debug, Default)]
pub struct Block<'a> {
    pub key: &'a str,
    /// From the line's start to the last character of the last line.
    pub range: Range<usize>,
    pub needs: Vec<(&'a str, Placed<'a>)>,
}

const SECTIONS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];
const HEAD: [&str; 4] = ["lockfileVersion", "settings", "catalogs", "overrides"];

impl<'a> Lock<'a> {
    /// Reads a lock.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let mut lock = Self { text, body: text.len(), ..Self::default() };
        let mut stack: Vec<(usize, &'a str)> = Vec::new();
        let mut at = lines::start(text);
        let mut form = "";
        for line in text[at..].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let content = line.trim_end();
            let inner = content.trim_start_matches(' ');
            if inner.is_empty() || inner.starts_with('#') {
                continue;
            }
            if ["<<<<<<<", ">>>>>>>", "======="].iter().any(|mark| content.starts_with(mark)) {
                return Err("it contains conflict markers".to_owned());
            }
            let depth = content.len() - inner.len();
            while stack.last().is_some_and(|(indent, _)| *indent >= depth) {
                stack.pop();
            }
            let end = start + content.len();
            lock.extend_block(&stack, end);
            let Some((key, value)) = pair(text, start + depth..end) else { continue };
            if depth == 0 && key == "lockfileVersion" {
                form = value.0;
            }
            if depth == 0 && !HEAD.contains(&key) {
                lock.body = lock.body.min(start);
            }
            stack.push((depth, key));
            if stack.len() > DEPTH_MAX {
                return Err("it is nested too deeply".to_owned());
            }
            lock.line(&stack, value, start..end);
        }
        lock.is_old = form.starts_with("6.");
        if !lock.is_old && !form.starts_with("9.") {
            return Err("only versions 6 and 9 of pnpm-lock.yaml are supported".to_owned());
        }
        let keys = lock.graph().iter().enumerate().map(|(index, block)| (block.key, index)).collect();
        lock.by_key = keys;
        Ok(lock)
    }

    /// Lines below a block's key belong to it.
    fn extend_block(&mut self, stack: &[(usize, &str)], end: usize) {
        let list = match stack {
            [(0, "packages"), _, ..] => &mut self.packages,
            [(0, "snapshots"), _, ..] => &mut self.snapshots,
            _ => return,
        };
        if let Some(block) = list.last_mut() {
            block.range.end = end;
        }
    }

    fn line(&mut self, stack: &[(usize, &'a str)], value: Placed<'a>, line: Range<usize>) {
        let path: Vec<&'a str> = stack.iter().map(|(_, key)| *key).collect();
        match path.as_slice() {
            ["packages", key] => self.packages.push(Block { key, range: line, needs: Vec::new() }),
            ["snapshots", key] => self.snapshots.push(Block { key, range: line, needs: Vec::new() }),
            ["overrides", key] => self.overrides.push((key, value.0, line)),
            ["importers", directory, section, name, field] if SECTIONS.contains(section) => {
                self.spec(directory, section, name, field, value);
            }
            ["catalogs", catalog, name, field] => self.spec(catalog, "catalogs", name, field, value),
            [section, name, field] if SECTIONS.contains(section) => self.spec(".", section, name, field, value),
            [list @ ("packages" | "snapshots"), _, "dependencies" | "optionalDependencies", name] => {
                let blocks = if *list == "packages" { &mut self.packages } else { &mut self.snapshots };
                if let Some(block) = blocks.last_mut() {
                    block.needs.push((name, value));
                }
            }
            _ => {}
        }
    }

    fn spec(&mut self, directory: &'a str, section: &'a str, name: &'a str, field: &str, value: Placed<'a>) {
        let other = |spec: &Spec| (spec.directory, spec.section, spec.name) != (directory, section, name);
        if self.specs.last().is_none_or(other) {
            self.specs.push(Spec { directory, section, name, ..Spec::default() });
        }
        if let Some(spec) = self.specs.last_mut() {
            match field {
                "specifier" => spec.specifier = value,
                "version" => spec.version = value,
                _ => {}
            }
        }
    }

    /// The blocks that tell dependencies.
    pub fn graph(&self) -> &[Block<'a>] {
        if self.is_old { &self.packages } else { &self.snapshots }
    }

    /// The block of this key.
    pub fn at(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The key of what a dependency leads to.
    pub fn key(&self, name: &str, version: &str) -> String {
        let bare = version.split('(').next().unwrap_or(version);
        let is_key = bare.starts_with('/') || bare.get(1..).is_some_and(|rest| rest.contains('@'));
        match (is_key, self.is_old) {
            (true, _) => version.to_owned(),
            (false, true) => format!("/{name}@{version}"),
            (false, false) => format!("{name}@{version}"),
        }
    }

    /// The versions of the package in the keys, peers included.
    pub fn versions_of(&self, package: &str) -> Vec<&'a str> {
        let version = |block: &Block<'a>| {
            let key = block.key.strip_prefix('/').unwrap_or(block.key);
            key.strip_prefix(package)?.strip_prefix('@')
        };
        self.graph().iter().filter_map(version).collect()
    }
}

/// Real locks are far flatter.
const DEPTH_MAX: usize = 50;

/// `key: value`, both without quotes, and where the value stands with its quotes.
fn pair(text: &str, line: Range<usize>) -> Option<(&str, Placed<'_>)> {
    let content = &text[line.clone()];
    let (key, rest) = match content.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => {
            let close = content[1..].find(quote)? + 1;
            (&content[1..close], content[close + 1..].strip_prefix(':')?)
        }
        None => match content.strip_suffix(':') {
            Some(key) if !key.contains(": ") => (key, ""),
            _ => content.split_once(": ")?,
        },
    };
    let value = rest.trim_start();
    let range = line.end - value.len()..line.end;
    let is_quoted = value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(['"', '\'']);
    Some((key, (if is_quoted { &value[1..value.len() - 1] } else { value }, range)))
}
