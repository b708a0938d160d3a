//! What `setup` writes: each file whole or not at all, secrets for their owner alone.

use ci_rescue::config::{secret_variable, secrets_folder};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::Builder;

const OWNER_ONLY: u32 = 0o600;
const READABLE: u32 = 0o644;

/// A secret to be kept, under its key.
pub type Kept = (&'static str, SecretString);

/// The configuration's text; none where there is no file yet.
///
/// # Errors
/// It cannot be read.
pub fn text(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(format!("{}: {why}", path.display())),
    }
}

/// As variables, which count before they are on the disk.
pub fn variables(secrets: &[Kept]) -> Vec<(String, String)> {
    let one = |(key, secret): &Kept| {
        let variable = secret_variable(key)?;
        let variable = variable.strip_suffix("_FILE").unwrap_or(&variable);
        Some((variable.to_owned(), secret.expose_secret().to_owned()))
    };
    // The place of the private key is a key; its text is none.
    secrets.iter().filter(|(key, _)| *key != super::PRIVATE_KEY).filter_map(one).collect()
}

/// Where a secret is kept.
pub fn place(config: &Path, key: &str) -> PathBuf {
    secrets_folder(config).join(key)
}

/// Writes the secrets, then the configuration. Answers what was written.
///
/// # Errors
/// What could not be written, and why; files before it are whole.
pub fn write(config: &Path, text: Option<&str>, secrets: &[Kept]) -> Result<Vec<PathBuf>, String> {
    let mut wrote = Vec::new();
    if !secrets.is_empty() {
        let dir = secrets_folder(config);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(|why| format!("{} cannot be created: {why}", dir.display()))?;
    }
    for (key, secret) in secrets {
        let path = place(config, key);
        let was = std::fs::read_to_string(&path).ok();
        if was.as_deref().is_some_and(|was| was.trim_end() == secret.expose_secret().trim_end()) {
            continue;
        }
        replace(&path, secret.expose_secret(), OWNER_ONLY)?;
        wrote.push(path);
    }
    if let Some(text) = text {
        let dir = config.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir).map_err(|why| format!("{} cannot be created: {why}", dir.display()))?;
        replace(config, text, READABLE)?;
        wrote.push(config.to_owned());
    }
    Ok(wrote)
}

/// A file that is there keeps its owner and mode, and a link its target.
fn replace(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let told = |why: std::io::Error| format!("{} cannot be written: {why}", path.display());
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(why) if why.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(why) => return Err(told(why)),
    };
    let before = std::fs::metadata(&target).ok();
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Nobody else can read it at any moment.
    let mut file = Builder::new().prefix(".ci-rescue-").tempfile_in(dir).map_err(told)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(told)?;
    if let Some(before) = &before {
        // Only root may give a file away; whoever owns the folder may replace it.
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(before.uid()), Some(before.gid()));
    }
    let kept = before.map_or(mode, |before| if mode == OWNER_ONLY { mode } else { before.mode() & 0o777 });
    file.as_file().set_permissions(Permissions::from_mode(kept)).map_err(told)?;
    file.persist(&target).map_err(|why| told(why.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_link() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.toml"), dir.path().join("ci-rescue.toml"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let wrote = write(&link, Some("new"), &[("slack.bot_token", "xoxb-1".into())]).unwrap();
        assert_eq!(wrote.len(), 2);
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&real), 0o640);
        let secret = place(&link, "slack.bot_token");
        assert_eq!((mode(&secret), mode(secret.parent().unwrap())), (0o600, 0o700));
        assert_eq!(write(&link, None, &[("slack.bot_token", "xoxb-1".into())]).unwrap(), Vec::<PathBuf>::new());
        // Nothing of the way there is left.
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 3);
    }
}
