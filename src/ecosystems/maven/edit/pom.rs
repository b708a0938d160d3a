//! What a `pom.xml` says of an artifact.

use std::collections::HashMap;

use crate::domain::edit::Source;
use crate::edit::path::folder;
use crate::edit::xml::{self, Tree};

/// A project file that could be read.
pub(super) struct Pom<'a> {
    pub(super) source: &'a Source,
    pub(super) tree: Tree<'a>,
    /// The properties by name, as the elements that set them.
    properties: HashMap<String, Vec<usize>>,
}

/// An element that names the artifact.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) id: usize,
    /// The element that holds its version.
    pub(super) version: Option<usize>,
    pub(super) dependency: bool,
    /// In `dependencyManagement` or `pluginManagement`.
    pub(super) managed: bool,
}

impl<'a> Pom<'a> {
    pub(super) fn read(source: &'a Source) -> Result<Self, &'static str> {
        let tree = xml::read(&source.text)?;
        let mut properties: HashMap<String, Vec<usize>> = HashMap::new();
        for (id, element) in tree.elements.iter().enumerate() {
            let parent = element.parent.map_or("", |parent| tree.name(parent));
            if parent == "properties" && matches!(tree.around(id).nth(1), Some("project" | "profile")) {
                properties.entry(tree.name(id).to_owned()).or_default().push(id);
            }
        }
        Ok(Self { source, tree, properties })
    }

    /// The elements that set a property.
    pub(super) fn property(&self, name: &str) -> &[usize] {
        self.properties.get(name).map_or(&[], Vec::as_slice)
    }

    /// A text in which a property that is all of it is put in.
    fn resolved(&self, value: String) -> String {
        let Some(name) = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else { return value };
        match name {
            "project.groupId" | "pom.groupId" | "groupId" => self.group().unwrap_or(value),
            "project.parent.groupId" => self.parent("groupId").unwrap_or(value),
            _ => {
                let set = self.property(name).first().and_then(|id| self.tree.value(*id));
                set.map_or(value, |(_, text)| text)
            }
        }
    }

    fn parent(&self, what: &str) -> Option<String> {
        self.tree.child_value(self.tree.at(&["parent"])?, what)
    }

    fn group(&self) -> Option<String> {
        self.tree.child_value(0, "groupId").or_else(|| self.parent("groupId"))
    }

    /// The artifact that this file builds, as `group:artifact`.
    pub(super) fn own(&self) -> Option<String> {
        Some(format!("{}:{}", self.group()?, self.tree.child_value(0, "artifactId")?))
    }

    /// The path of the parent's file, as far as it is given or the usual one.
    pub(super) fn parent_path(&self) -> Option<String> {
        let parent = self.tree.at(&["parent"])?;
        let given = match self.tree.child(parent, "relativePath") {
            Some(id) => self.tree.value(id).map(|(_, path)| path)?,
            None => "../pom.xml".to_owned(),
        };
        let given = if given.ends_with(".xml") { given } else { format!("{}/pom.xml", given.trim_end_matches('/')) };
        let mut parts = folder(&self.source.path).split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
        for part in given.split('/') {
            match part {
                ".." => drop(parts.pop()?),
                "." | "" => {}
                _ => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }

    /// Every element that names the artifact.
    pub(super) fn find(&self, group: &str, artifact: &str) -> Vec<Found> {
        let tree = &self.tree;
        let mut out = Vec::new();
        for id in 0..tree.elements.len() {
            let kind = tree.name(id);
            if !matches!(kind, "dependency" | "plugin" | "extension" | "parent") {
                continue;
            }
            let named = |what: &str| tree.child_value(id, what).map(|value| self.resolved(value));
            if named("artifactId").as_deref() != Some(artifact) {
                continue;
            }
            let plugins = (kind == "plugin").then(|| "org.apache.maven.plugins".to_owned());
            if named("groupId").or(plugins).as_deref() != Some(group) {
                continue;
            }
            let managed = tree.around(id).take(3).any(|n| n == "dependencyManagement" || n == "pluginManagement");
            out.push(Found { id, version: tree.child(id, "version"), dependency: kind == "dependency", managed });
        }
        out
    }
}

/// How often every `${property}` is used in a text.
pub(super) fn uses(text: &str, counts: &mut HashMap<String, usize>) {
    for part in text.split("${").skip(1) {
        if let Some(end) = part.bytes().take(200).position(|byte| byte == b'}') {
            *counts.entry(part[..end].to_owned()).or_default() += 1;
        }
    }
}
