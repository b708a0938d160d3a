//! Requirements in `setup.cfg`.

use super::lines::comment_start;
use super::requirement::requirement;
use crate::edit::lines::Lines;
use crate::edit::places::Place;
use crate::edit::version::pep440::is_exactly;

/// What `setup.cfg` says of a package: the places, and whether one takes it from an address.
pub(super) fn said(text: &str, package: &str, version: &str) -> (Vec<Place>, bool) {
    let mut places = Vec::new();
    let mut address = false;
    let (mut section, mut listed) = (String::new(), false);
    for (range, line) in Lines::new(text).all() {
        let bare = line.trim();
        if bare.starts_with(['#', ';']) || bare.is_empty() {
            continue;
        }
        let mut from = line.len() - line.trim_start().len();
        if from == 0 {
            if let Some(name) = bare.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                name.trim().clone_into(&mut section);
                listed = false;
                continue;
            }
            let Some(sign) = line.find(['=', ':']) else { continue };
            let key = line[..sign].trim().replace('-', "_");
            let known = ["install_requires", "setup_requires", "tests_require"].contains(&key.as_str());
            listed = (section == "options" && known) || section == "options.extras_require";
            from = sign + 1;
        }
        if !listed {
            continue;
        }
        let end = comment_start(line).max(from);
        let Some(found) = line.get(from..end).and_then(requirement).filter(|found| found.name == package) else {
            continue;
        };
        address |= found.address;
        let spec = range.start + from + found.spec.start..range.start + from + found.spec.end;
        let done = is_exactly(&text[spec.clone()], version);
        let place = Place::new(text, spec, format!("=={version}"), done);
        places.push(Place { condition: found.marker, ..place });
    }
    (places, address)
}

/// The releases of Python that the project supports.
pub(super) fn supported(text: &str) -> Option<String> {
    let value =
        |line: &str| Some(line.strip_prefix("python_requires")?.trim_start().strip_prefix('=')?.trim().to_owned());
    text.lines().find_map(value)
}
