//! Go: `go get MODULE@VERSION` in the folder of every `go.mod` that requires the module.
//!
//! It can move one module, and what has to move with it: `go.mod` comes out as on a person's machine, and `go.sum` has
//! the sums of every module version that took the place of one whose content was summed before. Without sources it
//! cannot know what the packages import: lines of `go.sum` that are not needed any more stay (which `go mod tidy` takes
//! out), and a module that only a new version of another imports may be missing. Local replacements outside the
//! repository are refused; a `toolchain` line is never followed. A `vendor` folder has to be made anew by a person.

use serde::Deserialize;
use std::collections::HashSet;

use super::room::Room;
use super::{Job, ResolveError, no_name};
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{file_name, folder, join, joined};

/// More modules are not downloaded at once.
const DOWNLOADS_MAX: usize = 200;

/// What `go mod edit -json` prints.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Module {
    require: Option<Vec<Version>>,
    replace: Option<Vec<Replacement>>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    path: String,
    version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Replacement {
    old: Version,
    new: Version,
}

impl Module {
    fn version(&self, path: &str) -> Option<&str> {
        let mut required = self.require.iter().flatten();
        required.find(|required| required.path == path).map(|required| required.version.as_str())
    }

    fn replaces(&self, path: &str) -> bool {
        self.replace.iter().flatten().any(|replacement| replacement.old.path == path)
    }
}

pub(super) async fn resolve(job: &Job<'_>) -> Result<Vec<Source>, ResolveError> {
    check_name(job.package)?;
    let version = if job.version.starts_with('v') { job.version.to_owned() } else { format!("v{}", job.version) };
    let files: Vec<Source> =
        job.files.iter().filter(|file| matches!(file_name(&file.path), "go.mod" | "go.sum")).cloned().collect();
    let folders: Vec<&str> = files
        .iter()
        .filter(|file| file_name(&file.path) == "go.mod" && super::room::is_allowed(&file.path))
        .map(|file| folder(&file.path))
        .collect();
    let room = job.cache.room(&files)?;
    let mut found = Vec::new();
    let mut is_known = false;
    for &at in &folders {
        // A module of a monorepo that says nothing of the package is not looked at any closer.
        let text = files.iter().find(|file| file.path == join(at, "go.mod")).map_or("", |file| &file.text);
        if folders.len() > 1 && !text.contains(job.package) {
            continue;
        }
        let module = read(job, &room, at).await?;
        if folders.len() > 1 && module.version(job.package).is_none() {
            continue;
        }
        is_known = true;
        check(&module, at, &folders, job.package)?;
        found.extend(moved(job, &room, at, &module, &version).await?);
    }
    if is_known {
        return Ok(found);
    }
    let sentence = format!("no go.mod requires `{}`: spell the module path as go.mod does", job.package);
    Err(ResolveError::Refused(sentence))
}

fn check_name(package: &str) -> Result<(), ResolveError> {
    const NAME_MAX: usize = 250;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~/".contains(c);
    let first = package.split('/').next().unwrap_or_default();
    let is_path =
        first.contains('.') && !package.split('/').any(|part| part.is_empty() || part.starts_with(['.', '-']));
    if is_path && package.len() <= NAME_MAX && package.chars().all(plain) { Ok(()) } else { Err(no_name(package)) }
}

/// What Go reads in a `go.mod`.
async fn read(job: &Job<'_>, room: &Room, at: &str) -> Result<Module, ResolveError> {
    let printed = job.caller.succeed(room, at, "go", &["mod", "edit", "-json"], job.until).await?;
    serde_json::from_slice(&printed.out).map_err(|_| ResolveError::failed("go printed no readable module"))
}

fn check(module: &Module, at: &str, folders: &[&str], package: &str) -> Result<(), ResolveError> {
    let shown = clean_line(&join(at, "go.mod"), 100);
    if module.replaces(package) {
        let sentence = format!("{shown} replaces `{package}`: change the `replace` line there instead");
        return Err(ResolveError::Refused(sentence));
    }
    for replacement in module.replace.iter().flatten() {
        // Without a version it is a folder.
        let is_folder = replacement.new.version.is_empty();
        let target = joined(at, &replacement.new.path);
        if is_folder && !target.is_some_and(|target| folders.contains(&target.as_str())) {
            let sentence = format!(
                "{shown} replaces a module with a directory that is not among the files: run `go get` on your own machine"
            );
            return Err(ResolveError::Refused(sentence));
        }
    }
    Ok(())
}

async fn moved(job: &Job<'_>, room: &Room, at: &str, old: &Module, version: &str) -> Result<Vec<Source>, ResolveError> {
    let summed = sums(room, at)?;
    let wanted = format!("{}@{version}", job.package);
    job.caller.succeed(room, at, "go", &["get", &wanted], job.until).await?;
    let new = read(job, room, at).await?;
    if new.version(job.package) != Some(version) {
        let shown = clean_line(&join(at, "go.mod"), 100);
        let why = format!(
            "go did not move `{}` to {version} in {shown}: the build may need a different version",
            job.package
        );
        return Err(ResolveError::failed(why));
    }
    if let Some(summed) = summed {
        let known = sums(room, at)?.unwrap_or_default();
        let missing: Vec<String> = new
            .require
            .iter()
            .flatten()
            .filter(|now| !new.replaces(&now.path))
            .filter(|now| old.version(&now.path).is_some_and(|before| summed.contains(&line(&now.path, before))))
            .filter(|now| !known.contains(&line(&now.path, &now.version)))
            .map(|now| format!("{}@{}", now.path, now.version))
            .collect();
        if missing.len() > DOWNLOADS_MAX {
            return Err(ResolveError::Refused(
                "too many other modules would move: run `go get` on your own machine".into(),
            ));
        }
        if !missing.is_empty() {
            let args: Vec<&str> = ["mod", "download"].into_iter().chain(missing.iter().map(String::as_str)).collect();
            job.caller.succeed(room, at, "go", &args, job.until).await?;
        }
    }
    let paths = [join(at, "go.mod"), join(at, "go.sum")];
    let read: Result<Vec<_>, _> = paths.iter().map(|path| room.read(path)).collect();
    Ok(read?.into_iter().flatten().collect())
}

fn line(path: &str, version: &str) -> String {
    format!("{path} {version}")
}

/// The module versions whose content `go.sum` has a sum of; none where there is no `go.sum`.
fn sums(room: &Room, at: &str) -> Result<Option<HashSet<String>>, ResolveError> {
    let Some(file) = room.read(&join(at, "go.sum"))? else { return Ok(None) };
    let words = file.text.lines().filter_map(|text| {
        let mut words = text.split_whitespace();
        Some(line(words.next()?, words.next().filter(|version| !version.ends_with("/go.mod"))?))
    });
    Ok(Some(words.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_module_paths() {
        for good in ["golang.org/x/text", "gopkg.in/yaml.v3", "k8s.io/api", "example.com/a~b/v2"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "fmt", "-u", "./x.y", "../x.y", "a.b//c", "a.b/-c", "a.b/c@v1", "a.b c", "/a.b"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn replacements_stay_among_the_files() {
        let module = |to: &str, version: &str| Module {
            require: None,
            replace: Some(vec![Replacement {
                old: Version { path: "a.b/c".into(), version: String::new() },
                new: Version { path: to.into(), version: version.into() },
            }]),
        };
        let folders = ["", "lib", "tools"];
        assert!(check(&module("../lib", ""), "tools", &folders, "x.y/z").is_ok());
        assert!(check(&module("d.e/f", "v1.0.0"), "tools", &folders, "x.y/z").is_ok());
        for bad in ["../../lib", "/lib", "./lib", "..\\lib"] {
            assert!(check(&module(bad, ""), "tools", &folders, "x.y/z").is_err(), "{bad}");
        }
        assert!(check(&module("../lib", ""), "tools", &folders, "a.b/c").is_err());
    }
}
