//! A workflow of GitHub Actions: its jobs and steps, with their places in the text.

use crate::domain::edit::Source;
use crate::edit::path::file_name;
use crate::edit::yaml::{Id, Tree};

#[derive(Debug)]
pub struct Step {
    pub node: Id,
    pub name: Option<String>,
    pub id: Option<String>,
    /// The scalar of `uses`.
    pub uses: Option<Id>,
    pub run: Option<String>,
}

#[derive(Debug)]
pub struct Job {
    pub id: String,
    /// Where its key stands.
    pub key: usize,
    pub node: Id,
    pub name: Option<String>,
    /// The reusable workflow that it calls.
    pub uses: Option<Id>,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub struct Workflow<'t> {
    pub source: &'t Source,
    pub tree: Tree<'t>,
    pub name: Option<String>,
    pub jobs: Vec<Job>,
}

/// More steps than these, aliases counted, are refused.
const STEPS_MAX: usize = 5_000;
/// Larger texts are refused.
const SIZE_MAX: usize = 512 * 1024;

/// Whether the file of this path is a workflow.
pub fn is_workflow(path: &str) -> bool {
    let Some(name) = path.strip_prefix(".github/workflows/") else { return false };
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| !stem.is_empty() && !name.contains('/'))
}

impl<'t> Workflow<'t> {
    /// # Errors
    /// Why it cannot be read.
    pub fn read(source: &'t Source) -> Result<Self, String> {
        if source.text.len() > SIZE_MAX {
            return Err("it is larger than GitHub accepts".to_owned());
        }
        let tree = Tree::read(&source.text)?;
        if let Some(oddity) = &tree.oddity {
            return Err(oddity.clone());
        }
        let mut jobs = Vec::new();
        let mut steps_left = STEPS_MAX;
        for root in &tree.roots {
            for entry in tree.get(*root, "jobs").map_or(&[][..], |jobs| tree.entries(jobs)) {
                let job = Job::read(&tree, &entry.key, entry.range.start, entry.value);
                let used = job.steps.len() + 1;
                steps_left = steps_left.checked_sub(used).ok_or("it has too many steps")?;
                jobs.push(job);
            }
        }
        let name = tree.roots.iter().find_map(|root| tree.text_of(*root, "name")).map(str::to_owned);
        Ok(Self { source, tree, name, jobs })
    }

    /// The file's name without its folder.
    pub fn file_name(&self) -> &str {
        file_name(&self.source.path)
    }

    /// How many columns a nested mapping stands to the right here.
    pub fn indent(&self) -> usize {
        let jobs = self.tree.roots.iter().find_map(|root| self.tree.entry(*root, "jobs"));
        let first = jobs.and_then(|jobs| self.tree.entries(jobs.value).first().map(|job| (jobs, job)));
        let between = first.map_or(0, |(jobs, job)| {
            self.tree.column(job.range.start).saturating_sub(self.tree.column(jobs.range.start))
        });
        if (1..=8).contains(&between) { between } else { 2 }
    }

    /// The value of an environment variable of the workflow.
    pub fn env(&self, variable: &str) -> Option<Id> {
        self.tree.roots.iter().find_map(|root| self.tree.at(*root, &["env", variable]))
    }
}

impl Job {
    fn read(tree: &Tree<'_>, id: &str, key: usize, value: Id) -> Self {
        let node = tree.resolve(value);
        let items = tree.get(node, "steps").map_or(&[][..], |steps| tree.items(steps));
        Self {
            id: id.to_owned(),
            key,
            node,
            name: tree.text_of(node, "name").map(str::to_owned),
            uses: tree.get(node, "uses").map(|uses| tree.resolve(uses)).filter(|uses| tree.scalar(*uses).is_some()),
            steps: items.iter().take(STEPS_MAX).map(|item| Step::read(tree, *item)).collect(),
        }
    }
}

impl Step {
    fn read(tree: &Tree<'_>, item: Id) -> Self {
        let node = tree.resolve(item);
        let text = |key: &str| tree.text_of(node, key).map(str::to_owned);
        Self {
            node,
            name: text("name"),
            id: text("id"),
            uses: tree.get(node, "uses").map(|uses| tree.resolve(uses)).filter(|uses| tree.scalar(*uses).is_some()),
            run: text("run"),
        }
    }

    /// The input of an action.
    pub fn input(&self, tree: &Tree<'_>, name: &str) -> Option<Id> {
        tree.at(self.node, &["with", name])
    }

    /// The action's name without its version, in small letters.
    pub fn action(&self, tree: &Tree<'_>) -> Option<String> {
        let uses = tree.scalar(self.uses?)?;
        Some(uses.split('@').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}
