//! `composer.lock`: packages replaced by what an earlier state of the lock had.

use crate::edit::json::layout::{line_lead, moved};
use crate::edit::json::{Node, parse, quoted};
use crate::edit::splice::Splices;
use crate::edit::version::composer::meets;
use std::collections::{BTreeMap, HashMap};

/// A lock with its packages by name.
pub struct Lock<'a> {
    text: &'a str,
    root: Node,
}

const SECTIONS: [&str; 2] = ["packages", "packages-dev"];

/// A lock edited, and who asks for something else than it now has: user and range.
pub struct Relocked {
    pub text: String,
    pub unmet: Vec<(String, String)>,
}

impl<'a> Lock<'a> {
    /// Reads a lock.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &'a str) -> Result<Self, String> {
        let root = parse(text)?;
        if root.is_object() { Ok(Self { text, root }) } else { Err("it is not a Composer lock file".to_owned()) }
    }

    fn packages(&self) -> HashMap<String, &Node> {
        let all = SECTIONS.iter().filter_map(|section| self.root.get(section)).flat_map(Node::items);
        all.filter_map(|item| Some((item.value.text_of("name")?.to_ascii_lowercase(), &item.value))).collect()
    }

    /// The package's version as the lock writes it, `v` included.
    pub fn version(&self, package: &str) -> Option<String> {
        self.packages().get(package)?.text_of("version").map(str::to_owned)
    }

    /// Why the package has no version that can be chosen.
    pub fn refused(&self, package: &str) -> Option<&'static str> {
        let packages = self.packages();
        let node = packages.get(package)?;
        if node.get("dist").and_then(|dist| dist.text_of("type")) == Some("path") {
            return Some("it comes from a path");
        }
        let is_branch = node.text_of("version").is_some_and(|version| version.starts_with("dev-"));
        is_branch.then_some("it follows a branch")
    }

    pub fn hash(&self) -> Option<&str> {
        self.root.text_of("content-hash")
    }

    /// The text with another `content-hash`.
    pub fn with_hash(&self, hash: &str) -> String {
        let mut splices = Splices::default();
        if let Some(old) = self.root.get("content-hash") {
            splices.replace(old.range.clone(), quoted(hash));
        }
        splices.apply(self.text)
    }

    /// Replaces the package, and what it needs in other versions than the lock has, by the earlier entries.
    pub fn relock(&self, earlier: &Lock, package: &str, version: &str) -> Option<Relocked> {
        let (now, then) = (self.packages(), earlier.packages());
        let wanted = then.get(package).filter(|node| is_version(node, version))?;
        let mut taken: BTreeMap<String, &Node> = BTreeMap::from([(package.to_owned(), *wanted)]);
        let mut open = vec![*wanted];
        while let Some(node) = open.pop() {
            for (name, range) in requires(node) {
                let at = taken.get(&name).or_else(|| now.get(&name)).copied();
                let has = at.and_then(|node| node.text_of("version"));
                if has.is_some_and(|has| meets(range, has) == Some(true)) {
                    continue;
                }
                if at.is_none() && now.values().any(|node| stands_for(node, &name)) {
                    continue;
                }
                let needed = then.get(&name).filter(|_| now.contains_key(&name) && !taken.contains_key(&name))?;
                taken.insert(name, needed);
                open.push(needed);
            }
        }
        let mut splices = Splices::default();
        for (name, new) in &taken {
            let old = now.get(name)?;
            let lead = line_lead(self.text, old.range.end - 1);
            splices.replace(old.range.clone(), moved(earlier.text, new.range.clone(), &lead));
        }
        let text = splices.apply(self.text);
        parse(&text).ok()?;
        let unmet = now.iter().filter(|(name, _)| !taken.contains_key(*name));
        let unmet = unmet.flat_map(|(user, node)| {
            let required = requires(node);
            required.into_iter().filter_map(|(name, range)| {
                let version = taken.get(&name)?.text_of("version")?;
                (meets(range, version) == Some(false)).then(|| (user.clone(), range.to_owned()))
            })
        });
        let mut unmet: Vec<(String, String)> = unmet.collect();
        unmet.sort();
        Some(Relocked { text, unmet })
    }
}

fn is_version(node: &Node, version: &str) -> bool {
    node.text_of("version").is_some_and(|has| is_same(has, version))
}

/// Whether two versions are the same but for a leading `v`.
pub fn is_same(one: &str, other: &str) -> bool {
    one.trim_start_matches('v') == other.trim_start_matches('v')
}

/// The packages it needs; PHP and its extensions are not packages of the lock.
fn requires(node: &Node) -> Vec<(String, &str)> {
    let members = node.get("require").map_or(&[][..], Node::members);
    let is_package = |name: &str| name.contains('/');
    members
        .iter()
        .filter(|member| is_package(&member.key))
        .filter_map(|member| Some((member.key.to_ascii_lowercase(), member.value.text()?)))
        .collect()
}

fn stands_for(node: &Node, name: &str) -> bool {
    ["replace", "provide"].iter().any(|key| node.get(key).is_some_and(|list| list.get(name).is_some()))
}
