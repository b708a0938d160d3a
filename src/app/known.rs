//! The operator's known issues, read once before any log is.

use crate::config::Config;
use crate::evidence::known::{self, own};
use crate::remedies::templates;
use std::io::Read;
use std::path::Path;

/// Loads the file that the configuration names; `None` where it names none, else how many issues it holds.
///
/// # Errors
/// Everything that is wrong with the file, a line each.
pub fn load(config: &Config) -> Result<Option<usize>, String> {
    let Some(path) = &config.known_issues.file else { return Ok(None) };
    let rows = read(path).map_err(|why| format!("{}: {why}", config.name("known_issues.file")))?;
    let count = rows.len();
    known::add(rows);
    Ok(Some(count))
}

/// The issues in a file.
///
/// # Errors
/// Everything that is wrong with it, a line each.
pub fn read(path: &Path) -> Result<Vec<known::Issue>, String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|why| format!("{shown}: {why}"))?;
    file.take(own::FILE_MAX + 1).read_to_end(&mut bytes).map_err(|why| format!("{shown}: {why}"))?;
    if bytes.len() as u64 > own::FILE_MAX {
        return Err(format!("{shown}: the file is larger than {} KiB", own::FILE_MAX >> 10));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown}: the file is not UTF-8: save it as UTF-8"))?;
    let is_fix = |name: &str| templates::by_id(name).is_some();
    own::read(&text, is_fix).map_err(|wrong| {
        let lines: Vec<String> = wrong.iter().map(|what| format!("{shown}: {what}")).collect();
        lines.join("\n")
    })
}
