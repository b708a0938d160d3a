//! npm: `npm install --package-lock-only --ignore-scripts` for every lock that holds the package.
//!
//! A direct dependency is asked for at exactly the version in `package.json` first, in place; any other needs an
//! override there already. npm then makes the lock, in the lock's own form. `.npmrc` is not read, so a repository that
//! needs `legacy-peer-deps` or a registry of its own fails here.

use std::borrow::Cow;

use super::npm_lock::Lock;
use super::npm_manifest::{MANIFEST, Manifest, manifests, pinned};
use super::{Job, ResolveError, no_name};
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::{file_name, folder, join};

const LOCK: &str = "package-lock.json";

pub(super) async fn resolve(job: &Job<'_>) -> Result<Vec<Source>, ResolveError> {
    check_name(job.package)?;
    let mut found = Vec::new();
    let mut is_known = false;
    for file in job.files.iter().filter(|file| file_name(&file.path) == LOCK && super::room::is_allowed(&file.path)) {
        let lock = Lock::read(file, &job.caller.registry)?;
        if !lock.versions(job.package).is_empty() {
            is_known = true;
            found.extend(updated(job, file, &lock).await?);
        }
    }
    if is_known {
        return Ok(found);
    }
    let sentence = format!("no package-lock.json contains `{}`: spell the name as the lock file does", job.package);
    Err(ResolveError::Refused(sentence))
}

fn check_name(package: &str) -> Result<(), ResolveError> {
    const NAME_MAX: usize = 214;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c))
    };
    let is_name = match package.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| plain(scope) && plain(name)),
        None => plain(package),
    };
    if is_name && package.len() <= NAME_MAX { Ok(()) } else { Err(no_name(package)) }
}

async fn updated(job: &Job<'_>, file: &Source, lock: &Lock) -> Result<Vec<Source>, ResolveError> {
    let root = folder(&file.path);
    if job.files.iter().any(|other| other.path == join(root, "npm-shrinkwrap.json")) {
        let sentence = "npm-shrinkwrap.json takes precedence over the lock file: run npm on your own machine";
        return Err(ResolveError::Refused(sentence.to_owned()));
    }
    let all = manifests(job.files, root)?;
    let files = asking(job, &all, root)?;
    let bare = files.iter().map(|manifest| Ok(Manifest::read(manifest)?.bare(&file.text)));
    let mut bare = bare.collect::<Result<Vec<_>, ResolveError>>()?;
    bare.push(file.clone());
    let room = job.cache.room(&bare)?;
    let prefix = room.repository().join(root).display().to_string();
    let form = format!("--lockfile-version={}", lock.form().unwrap_or(3));
    let args =
        ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", &prefix, &form];
    job.caller.succeed(&room, root, "npm", &args, job.until).await?;
    let new = room.read(&file.path)?.ok_or_else(|| ResolveError::failed("npm removed the lock file"))?;
    let made = Lock::read(&new, &job.caller.registry)?;
    if !made.versions(job.package).contains(&job.version) {
        let shown = clean_line(&file.path, 100);
        return Err(ResolveError::failed(format!("npm did not move `{}` to {} in {shown}", job.package, job.version)));
    }
    Ok(files.into_iter().map(Cow::into_owned).chain([new]).collect())
}

/// The manifests, asking for the version wherever they name the package.
fn asking<'a>(job: &Job<'_>, all: &[Manifest<'a>], root: &str) -> Result<Vec<Cow<'a, Source>>, ResolveError> {
    let mut files = Vec::new();
    let mut is_asked = false;
    for manifest in all {
        let asked = manifest.asked(job.package);
        let is_root = manifest.file.path == join(root, MANIFEST);
        is_asked |= !asked.is_empty() || is_root && manifest.overrides(job.package, job.version);
        if let Some((_, other)) = asked.iter().find(|(_, asked)| asked.contains(':')) {
            let shown = clean_line(&manifest.file.path, 100);
            let sentence =
                format!("{shown} requires `{}` as `{}`: change that line by hand", job.package, clean_line(other, 60));
            return Err(ResolveError::Refused(sentence));
        }
        let is_exact = |asked: &str| asked.strip_prefix('=').unwrap_or(asked).trim() == job.version;
        files.push(if asked.iter().all(|(_, asked)| is_exact(asked)) {
            Cow::Borrowed(manifest.file)
        } else {
            Cow::Owned(pinned(manifest.file, job.package, job.version)?)
        });
    }
    if is_asked {
        return Ok(files);
    }
    let sentence = format!(
        "no package.json requires `{0}`, which comes with another package: add `\"overrides\": {{\"{0}\": \"{1}\"}}` to \
         package.json first",
        job.package, job.version
    );
    Err(ResolveError::Refused(sentence))
}
