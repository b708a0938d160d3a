//! Names of tests as pytest prints and accepts them.

use crate::domain::text::short;
use crate::frameworks::python::names::{TestName, identifiers, tidy};

/// So many places of a name may be the end of a case's id.
const CASES_MAX: usize = 20;

/// Takes a node id, a part of one, or a dotted name apart. What cannot be one is refused with the reason.
pub fn read(name: &str) -> Result<TestName, String> {
    let name = tidy(name)?;
    let name = ["FAILED ", "ERROR "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name);
    let (path, rest) = split_file(name);
    let (path, rest) = (path.map(normal), without_message(rest));
    let (head, cases) = match rest.split_once('[') {
        Some((head, case)) => (head, readings(case)),
        None => (rest, Vec::new()),
    };
    if rest.contains('[') && cases.is_empty() {
        let name = short(name);
        return Err(format!("\"{name}\" has no \"]\" after the case: copy the name from the test run's output."));
    }
    let dotted = path.is_none() && head.contains('.');
    let parts = identifiers(name, head.split("::").flat_map(|part| part.split('.')).map(str::trim))?;
    Ok(TestName { file: path, parts, dotted, cases, warnings: Vec::new() })
}

/// The file before the first `::`, if that is one.
fn split_file(name: &str) -> (Option<&str>, &str) {
    let head = name.split('[').next().unwrap_or(name);
    match head.split_once("::") {
        Some((file, _)) if file.ends_with(".py") || file.contains('/') => (Some(file), &name[file.len() + 2..]),
        _ => (None, name),
    }
}

fn normal(file: &str) -> String {
    let file = file.trim().replace('\\', "/");
    file.trim_start_matches("../").trim_start_matches("./").to_owned()
}

/// Cuts ` - AssertionError: …` off a name that has no case.
fn without_message(name: &str) -> &str {
    match (name.find(" - "), name.find('[')) {
        (Some(message), case) if case.is_none_or(|case| message < case) => name[..message].trim_end(),
        _ => name,
    }
}

/// The id ends at a `]` at the end of the name, or before a message.
fn readings(case: &str) -> Vec<String> {
    let ends = case.match_indices(']').filter(|(at, _)| {
        let behind = &case[at + 1..];
        behind.trim().is_empty() || behind.starts_with(" - ")
    });
    ends.map(|(at, _)| case[..at].to_owned()).take(CASES_MAX).collect()
}
