//! `package.json`: its requirements, its overrides and our mark in it.

use crate::edit::json::layout::{New, append, remove};
use crate::edit::json::{Kind, Node, parse, quoted};
use crate::edit::splice::{Splice, Splices};

/// Where a package is required; peers are for the user of the package to choose.
pub const SECTIONS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// The top-level key that holds our marks.
const KEY: &str = "ci-rescue";

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub section: &'static str,
    pub requirement: String,
}

/// Every requirement of the package, with why one of them cannot be pinned.
pub fn sites(root: &Node, package: &str) -> Vec<Site> {
    let site = |section: &'static str| {
        let requirement = root.get(section)?.text_of(package)?.to_owned();
        Some(Site { section, requirement })
    };
    SECTIONS.into_iter().filter_map(site).collect()
}

/// What a requirement is written in front of its range; the reason where it is none that can be pinned.
///
/// # Errors
/// Why it cannot be pinned.
pub fn prefix(requirement: &str) -> Result<&'static str, &'static str> {
    let requirement = requirement.trim();
    let is_range = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || "^~<>=*v".contains(c));
    if let Some(rest) = requirement.strip_prefix("npm:") {
        return if is_range(rest) { Ok("npm:") } else { Err("it is an alias of another package") };
    }
    if let Some(rest) = requirement.strip_prefix("jsr:") {
        return if is_range(rest) { Ok("jsr:") } else { Err("it is an alias of another package") };
    }
    if requirement.starts_with("workspace:") {
        return Err("it is a package of this workspace");
    }
    if requirement.starts_with("catalog:") {
        return Err("its version comes from a catalog that is not among these files");
    }
    if requirement.starts_with("patch:") {
        return Err("it is a patched package");
    }
    let is_path = ["file:", "link:", "portal:", "./", "../", "/", "~/"];
    if is_path.iter().any(|start| requirement.starts_with(start)) || requirement == "." || requirement == ".." {
        return Err("it comes from a path");
    }
    if requirement.contains(':') || requirement.contains('/') {
        return Err("it comes from git or a URL");
    }
    Ok("")
}

/// Our mark for one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinMark {
    /// Section → the requirement that stood there.
    pub was: Vec<(String, String)>,
    /// The key of the override that the pin added.
    pub added: Option<String>,
    /// The version the lock had.
    pub locked: Option<String>,
    /// Key of an override that was changed along → what it said.
    pub overrides: Vec<(String, String)>,
}

impl PinMark {
    fn to_new(&self) -> New {
        let mut members = Vec::new();
        match self.was.as_slice() {
            [] => {}
            [(_, only)] => members.push(("was".to_owned(), New::text(only))),
            several => {
                let list = several.iter().map(|(section, was)| (section.clone(), New::text(was))).collect();
                members.push(("was".to_owned(), New::Object(list)));
            }
        }
        members.extend(self.added.iter().map(|key| ("added".to_owned(), New::text(key))));
        members.extend(self.locked.iter().map(|locked| ("locked".to_owned(), New::text(locked))));
        if !self.overrides.is_empty() {
            let list = self.overrides.iter().map(|(key, was)| (key.clone(), New::text(was))).collect();
            members.push(("overrides".to_owned(), New::Object(list)));
        }
        New::Object(members)
    }
}

/// Our mark for this package; `inside` is the key that holds `ci-rescue`, when it is not the top.
pub fn mark_of(root: &Node, inside: Option<&str>, package: &str) -> Option<PinMark> {
    let top = inside.map_or(Some(root), |key| root.get(key))?;
    let mark = top.get(KEY)?.get("pins")?.get(package)?;
    let texts = |node: &Node| {
        let list = node.members().iter();
        list.filter_map(|member| Some((member.key.clone(), member.value.text()?.to_owned()))).collect()
    };
    let was = match mark.get("was").map(|was| (was, &was.kind)) {
        Some((_, Kind::Text(was))) => vec![(String::new(), was.clone())],
        Some((was, _)) => texts(was),
        None => Vec::new(),
    };
    let text = |key: &str| mark.text_of(key).map(str::to_owned);
    let overrides = mark.get("overrides").map(texts).unwrap_or_default();
    Some(PinMark { was, added: text("added"), locked: text("locked"), overrides })
}

/// The text with the mark put in, after everything else.
///
/// # Errors
/// Why the text is no JSON.
pub fn with_mark(text: &str, inside: Option<&str>, package: &str, mark: &PinMark) -> Result<String, String> {
    let path: Vec<&str> = inside.into_iter().chain([KEY, "pins"]).collect();
    with_member(text, &path, package, &mark.to_new())
}

/// The text without the mark, and without what only held it.
///
/// # Errors
/// Why the text is no JSON.
pub fn without_mark(text: &str, inside: Option<&str>, package: &str) -> Result<String, String> {
    let path: Vec<&str> = inside.into_iter().chain([KEY, "pins"]).collect();
    without_member(text, &path, package)
}

/// The text with a member in the object at `path`, which is made where it is missing.
///
/// # Errors
/// Why the text is no JSON, or that something else stands at the path.
pub fn with_member(text: &str, path: &[&str], key: &str, value: &New) -> Result<String, String> {
    let root = parse(text)?;
    let mut object = &root;
    let mut rest = path;
    while let [next, after @ ..] = rest {
        let Some(inner) = object.get(next) else { break };
        object = inner;
        rest = after;
    }
    if !object.is_object() {
        return Err("the pin needs an object where there is another value".to_owned());
    }
    let mut splices = Splices::default();
    if let (true, Some(old)) = (rest.is_empty(), object.get(key)) {
        if let New::Text(value) = value {
            splices.replace(old.range.clone(), quoted(value));
        }
        return Ok(splices.apply(text));
    }
    let names: Vec<&str> = rest.iter().copied().chain([key]).collect();
    let nested =
        names[1..].iter().rev().fold(value.clone(), |inner, name| New::Object(vec![((*name).to_owned(), inner)]));
    append(&mut splices, text, &root, object, Some(names[0]), &nested);
    Ok(splices.apply(text))
}

/// The text without this member; objects on the path that become empty go too.
///
/// # Errors
/// Why the text is no JSON.
pub fn without_member(text: &str, path: &[&str], key: &str) -> Result<String, String> {
    let root = parse(text)?;
    let mut chain = vec![&root];
    for name in path {
        match chain.last().and_then(|object| object.get(name)) {
            Some(inner) => chain.push(inner),
            None => return Ok(text.to_owned()),
        }
    }
    let mut names: Vec<&str> = path.to_vec();
    names.push(key);
    while chain.len() > 1 && chain.last().is_some_and(|object| object.members().len() == 1) {
        chain.pop();
        names.pop();
    }
    let mut splices = Splices::default();
    if let (Some(object), Some(name)) = (chain.last(), names.last()) {
        remove(&mut splices, text, object, |_, member| member.key == *name);
    }
    Ok(splices.apply(text))
}

/// Where the requirements in these sections stand, with what is to stand there.
pub fn requirements(root: &Node, package: &str, new: &[(&str, String)]) -> Vec<Splice> {
    let value = |section: &str| root.get(section)?.get(package).map(|value| value.range.clone());
    new.iter().filter_map(|(section, requirement)| Some((value(section)?, quoted(requirement)))).collect()
}
