//! Which image a job runs in, as its workflow and the operator say.

use crate::domain::edit::Source;
use crate::domain::subscription::glob;
use crate::domain::text::clean_line;
use crate::edit::yaml::{Id, Tree};
use std::collections::BTreeMap;

/// What a job asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `container:` of the job.
    pub container: Option<String>,
    /// `runs-on:` of the job.
    pub labels: Vec<String>,
}

/// What the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// Patterns of the images that a job's own `container:` may name.
    pub allowed: Vec<String>,
    /// The image that stands for a runner, by label.
    pub runners: BTreeMap<String, String>,
}

/// Whether the path is a workflow's, whose text [`wanted`] reads.
#[must_use]
pub fn is_workflow(path: &str) -> bool {
    let name = path.strip_prefix(".github/workflows/").unwrap_or_default();
    !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// Takes the workflows of a commit, and names of a workflow and of a job as the forge gives them; answers what the job asks
/// for.
///
/// # Errors
/// It is not found, or only known when it runs: a sentence.
pub fn wanted(workflows: &[Source], workflow: &str, job: &str) -> Result<Wanted, String> {
    let mut found =
        Err(format!("no workflow {} with the job {} is there", clean_line(workflow, 60), clean_line(job, 60)));
    for source in workflows {
        let Ok(tree) = Tree::read(&source.text) else { continue };
        let Some(root) = tree.roots.first().copied() else { continue };
        // GitHub calls a workflow without a name by its path.
        let name = tree.text_of(root, "name").unwrap_or(&source.path);
        if name != workflow && source.path != workflow {
            continue;
        }
        let jobs = tree.get(root, "jobs").map_or(&[][..], |jobs| tree.entries(jobs));
        if let Some(entry) = jobs.iter().find(|entry| is_called(&tree, &entry.key, entry.value, job)) {
            found = asks(&tree, entry.value);
        }
    }
    found
}

/// `test (3.12, ubuntu)` is a cell of the job `test`.
fn is_called(tree: &Tree<'_>, key: &str, job: Id, name: &str) -> bool {
    let own = tree.text_of(job, "name").unwrap_or(key);
    let cell = name.split_once(" (").map_or(name, |(name, _)| name);
    match own.split_once("${{") {
        Some((before, _)) => !before.trim().is_empty() && name.starts_with(before),
        None => own == name || own == cell,
    }
}

fn asks(tree: &Tree<'_>, job: Id) -> Result<Wanted, String> {
    let container = tree.get(job, "container");
    let image = container.and_then(|at| tree.scalar(at).or_else(|| tree.text_of(at, "image")));
    let labels: Vec<&str> = match tree.get(job, "runs-on") {
        Some(at) => {
            let at = tree.get(at, "labels").unwrap_or(at);
            tree.scalar(at).into_iter().chain(tree.items(at).iter().filter_map(|item| tree.scalar(*item))).collect()
        }
        None => Vec::new(),
    };
    if let Some(open) = image.into_iter().chain(labels.iter().copied()).find(|text| text.contains("${{")) {
        return Err(format!("its image is only known when it runs: {}", clean_line(open, 80)));
    }
    Ok(Wanted { container: image.map(str::to_owned), labels: labels.into_iter().map(str::to_owned).collect() })
}

/// Whether a text is the name of an image, as a command line takes it.
#[must_use]
pub fn is_image(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c))
}

impl Images {
    /// The image to run in.
    ///
    /// # Errors
    /// The operator allows none: a sentence that says which key does.
    pub fn choose(&self, wanted: &Wanted) -> Result<String, String> {
        if let Some(image) = &wanted.container {
            if !is_image(image) {
                return Err(format!("{} is not the name of an image", clean_line(image, 80)));
            }
            let is_allowed = self.allowed.iter().any(|pattern| glob(pattern, image));
            return is_allowed
                .then(|| image.clone())
                .ok_or_else(|| format!("the image {image} is not in repro.images"));
        }
        let known = |label: &String| self.runners.iter().find(|(name, _)| name.eq_ignore_ascii_case(label));
        let found = wanted.labels.iter().find_map(known).map(|(_, image)| image.clone());
        found.ok_or_else(|| {
            let labels = clean_line(&wanted.labels.join(", "), 80);
            let labels = if labels.is_empty() { "no runner".to_owned() } else { labels };
            format!("no image stands for its runner ({labels}); an operator can name one in repro.runners")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "name: ci\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: []\n  \
        boxed:\n    runs-on: [self-hosted, Big]\n    container: docker.io/library/rust:1.95\n  \
        table:\n    name: Table of ${{ matrix.os }}\n    runs-on: {group: g, labels: [gpu]}\n    container: {image: 'ghcr.io/acme/ci@sha256:00'}\n  \
        open:\n    name: Open\n    runs-on: ${{ matrix.os }}\n  \
        odd:\n    runs-on: x\n    container: '--privileged'\n";

    fn find(workflow: &str, job: &str) -> Result<Wanted, String> {
        let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
        let all = [
            source(".github/workflows/broken.yml", "a: [\n"),
            source(".github/workflows/other.yml", "name: other\njobs: {test: {runs-on: windows}}\n"),
            source(".github/workflows/ci.yml", WORKFLOW),
            source(".github/workflows/plain.yml", "jobs: {test: {runs-on: macos}}\n"),
        ];
        wanted(&all, workflow, job)
    }

    #[test]
    fn a_job_is_found_by_what_the_forge_calls_it() {
        let labels = |workflow: &str, job: &str| find(workflow, job).map(|wanted| wanted.labels.join(" "));
        for (workflow, job, want) in [
            ("ci", "test", "ubuntu-latest"),
            ("ci", "test (3.12, ubuntu)", "ubuntu-latest"),
            ("other", "test", "windows"),
            (".github/workflows/plain.yml", "test", "macos"),
            ("ci", "boxed", "self-hosted Big"),
            ("ci", "Table of linux", "gpu"),
        ] {
            assert_eq!(labels(workflow, job).as_deref(), Ok(want), "{workflow} {job}");
        }
        assert!(find("ci", "nothing").unwrap_err().contains("no workflow ci with the job nothing"));
        assert!(find("ci", "Open").unwrap_err().contains("only known when it runs: ${{ matrix.os }}"));
    }

    #[test]
    fn the_operator_decides_which_image_runs() {
        let images = Images {
            allowed: vec!["docker.io/library/*".into()],
            runners: [("Ubuntu-Latest".to_owned(), "localhost/ubuntu:1".to_owned())].into(),
        };
        let choose = |job: &str| images.choose(&find("ci", job).unwrap());
        assert_eq!(choose("test").as_deref(), Ok("localhost/ubuntu:1"));
        assert_eq!(choose("boxed").as_deref(), Ok("docker.io/library/rust:1.95"));
        assert_eq!(choose("Table of x").unwrap_err(), "the image ghcr.io/acme/ci@sha256:00 is not in repro.images");
        assert_eq!(choose("odd").unwrap_err(), "--privileged is not the name of an image");
        let nobody = Images::default().choose(&find("ci", "test").unwrap()).unwrap_err();
        assert!(nobody.contains("(ubuntu-latest)") && nobody.contains("repro.runners"), "{nobody}");
        assert!(!is_image("a b") && !is_image("-x") && !is_image("") && !is_image("a$(id)"));
    }
}
