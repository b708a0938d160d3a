//! Pins images by digest, in Dockerfiles, Compose files and workflows.

use std::collections::HashSet;
use std::ops::Range;

use super::dockerfile;
use super::image::{Image, digest, is_name};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::actions::edit::{is_action, is_workflow};
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{self, line_end};
use crate::edit::mark::{Behind, Found, PIN, comment};
use crate::edit::path::file_name;
use crate::edit::say::listed;
use crate::edit::splice::Splices;
use crate::edit::yaml::{Scalar, scalars};

/// Images of containers.
#[derive(Clone, Copy, Debug)]
pub struct DockerPins;

impl PinEditor for DockerPins {
    fn id(&self) -> &'static str {
        "docker"
    }

    fn reads(&self, path: &str) -> bool {
        is_dockerfile(path) || is_compose(path) || is_workflow(path) || is_action(path)
    }

    fn is_lock(&self, _: &str) -> bool {
        false
    }

    fn is_name(&self, package: &str) -> bool {
        !package.starts_with('@')
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        check_name(&mut draft, package);
        if draft.is_refused() {
            return draft.finish();
        }
        let wanted = Image::parse(package);
        let all: Vec<(&Source, Place)> = places(&mut draft, manifests, &wanted);
        // What no file names may be a package of somebody else's, with a version of theirs.
        if all.is_empty() {
            return draft.finish();
        }
        let Some(digest) = digest(version) else {
            draft.refuse("pin an image to its digest: sha256: and 64 hexadecimal digits, as printed by `docker buildx imagetools inspect`");
            return draft.finish();
        };
        refuse_several_tags(&mut draft, &all, &wanted);
        for file in manifests.files {
            let here = all.iter().filter(|(other, _)| other.path == file.path).map(|(_, place)| place);
            pin_file(&mut draft, file, here, &digest);
        }
        draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        check_name(&mut draft, package);
        if draft.is_refused() {
            return draft.finish();
        }
        let all: Vec<(&Source, Place)> = places(&mut draft, manifests, &Image::parse(package));
        for file in manifests.files {
            let mut splices = Splices::default();
            for (_, place) in all.iter().filter(|(other, _)| other.path == file.path) {
                let Some(mark) = &place.mark else { continue };
                splices.remove(mark.range.clone());
                splices.replace(place.range.clone(), mark.was.old.clone());
                draft.because(format!("{} is back to {}.", short(&file.path), short(&mark.was.old)));
            }
            if !splices.is_empty() {
                draft.put(file, splices.apply(&file.text));
            }
        }
        draft.finish()
    }
}

fn is_dockerfile(path: &str) -> bool {
    let name = file_name(path);
    let stem = |stem: &str| name == stem || name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'));
    stem("Dockerfile") || stem("Containerfile") || name.to_ascii_lowercase().ends_with(".dockerfile")
}

fn is_compose(path: &str) -> bool {
    let name = file_name(path);
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose"))
}

fn check_name(draft: &mut Draft<'_>, package: &str) {
    if !is_name(package) {
        draft.refuse("this is not an image name: write it as in FROM, for example node or ghcr.io/acme/base:1");
    }
}

/// Where an image is named.
struct Place {
    range: Range<usize>,
    image: String,
    mark: Option<Found>,
    /// Where a mark goes, and whether it is a line of its own.
    mark_at: usize,
    is_line: bool,
}

fn places<'a>(draft: &mut Draft<'a>, manifests: Manifests<'a>, wanted: &Image) -> Vec<(&'a Source, Place)> {
    let mut all = Vec::new();
    for file in manifests.files {
        let here = if is_dockerfile(&file.path) {
            in_dockerfile(draft, file, wanted)
        } else if is_compose(&file.path) {
            in_yaml(draft, file, wanted, in_services)
        } else if is_workflow(&file.path) || is_action(&file.path) {
            in_yaml(draft, file, wanted, in_jobs)
        } else {
            continue;
        };
        all.extend(here.into_iter().map(|place| (file, place)));
    }
    all
}

/// Whether the wanted image is named here; what variables make is refused where it may be the wanted one.
fn is_wanted(draft: &mut Draft<'_>, file: &Source, wanted: &Image, text: &str) -> bool {
    let image = Image::parse(text);
    if text.contains('$') {
        let name = Image { tag: None, ..*wanted };
        if name.is_meant_by(&image) {
            draft.refuse(format!(
                "{} builds {} from a variable: pin it by hand, or write the image out first.",
                short(&file.path),
                short(text)
            ));
        }
        return false;
    }
    wanted.is_meant_by(&image)
}

fn in_dockerfile(draft: &mut Draft<'_>, file: &Source, wanted: &Image) -> Vec<Place> {
    let text = &file.text;
    let found = dockerfile::read(text);
    let mut list = Vec::new();
    for named in &found.images {
        let image = &text[named.range.clone()];
        let variable = image.trim_start_matches('$').trim_matches(['{', '}']);
        let variable = variable.split([':', '-']).next().unwrap_or(variable);
        let default = found.arguments.iter().find(|(name, _)| image.starts_with('$') && name == variable);
        if default.is_some_and(|(_, value)| wanted.is_meant_by(&Image::parse(value))) {
            draft.refuse(format!(
                "{} takes {} from an ARG: pin it by hand in the ARG.",
                short(&file.path),
                short(wanted.name)
            ));
        }
        if is_wanted(draft, file, wanted, image) {
            let mark = mark_above(text, named.line);
            let image = image.to_owned();
            list.push(Place { range: named.range.clone(), image, mark, mark_at: named.line, is_line: true });
        }
    }
    list
}

/// Our mark on the line above, with that line's end.
fn mark_above(text: &str, line: usize) -> Option<Found> {
    let before = text[..line].strip_suffix('\n')?;
    let start = before.rfind('\n').map_or_else(|| lines::start(text), |at| at + 1);
    let was = Behind::read(text, start, PIN)?.mark?.was;
    Some(Found { range: start..line, was })
}

/// What comes before an image where GitHub would take another name for an action.
const SCHEME: &str = "docker://";

/// Whether a Compose file names an image here. What a service builds itself only gets its name by `image`.
fn in_services(built: &HashSet<&str>, path: &[&str]) -> bool {
    matches!(path, ["services", service, "image"] if !built.contains(service))
}

/// Whether a workflow or an action names an image here; what `uses` and `image` say of an action is one by its scheme.
fn in_jobs(_: &HashSet<&str>, path: &[&str]) -> bool {
    matches!(
        path,
        ["jobs", _, "container"]
            | ["jobs", _, "container", "image"]
            | ["jobs", _, "services", _, "image"]
            | ["jobs", _, "steps", _, "uses"]
            | ["runs", "steps", _, "uses"]
            | ["runs", "image"]
    )
}

fn in_yaml(
    draft: &mut Draft<'_>,
    file: &Source,
    wanted: &Image,
    names_image: fn(&HashSet<&str>, &[&str]) -> bool,
) -> Vec<Place> {
    let text = &file.text;
    // A file that does not name it needs not be understood.
    if !text.contains(wanted.name.rsplit('/').next().unwrap_or(wanted.name)) {
        return Vec::new();
    }
    let found = match scalars(text) {
        Ok(found) => found,
        Err(reason) => {
            draft.refuse(format!("{} is not valid YAML ({}): fix it first.", short(&file.path), short(&reason)));
            return Vec::new();
        }
    };
    let is_built = |scalar: &&Scalar| scalar.path.get(2).is_some_and(|key| key == "build");
    let built = found.iter().filter(is_built).map(|scalar| scalar.path[1].as_str()).collect();
    let mut list = Vec::new();
    for scalar in &found {
        let path: Vec<&str> = scalar.path.iter().map(String::as_str).collect();
        let needs_scheme = matches!(path.as_slice(), [.., "uses"] | ["runs", ..]);
        let image = scalar.value.strip_prefix(SCHEME);
        let Some(image) = image.or(Some(scalar.value.as_str()).filter(|_| !needs_scheme)) else { continue };
        if !names_image(&built, &path) || !is_wanted(draft, file, wanted, image) {
            continue;
        }
        let raw = &text[scalar.range.clone()];
        let plain = scalar.simple && raw.trim_matches(['"', '\'']) == scalar.value && comment(raw, None, PIN).is_some();
        let Some(behind) = Behind::read(text, scalar.range.end, PIN).filter(|_| plain) else {
            draft.refuse(format!("{} names the image in a form that cannot be edited safely.", short(&file.path)));
            continue;
        };
        let (mark_at, mark, image) = (behind.end, behind.mark, image.to_owned());
        list.push(Place { range: scalar.range.clone(), image, mark, mark_at, is_line: false });
    }
    list
}

/// One digest is one image: different tags must be chosen among.
fn refuse_several_tags(draft: &mut Draft<'_>, all: &[(&Source, Place)], wanted: &Image) {
    let mut tags: Vec<&str> = all.iter().filter_map(|(_, place)| Image::parse(&place.image).tag).collect();
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > 1 {
        let list = listed(tags.iter().copied());
        draft.refuse(format!(
            "{} is used with several tags ({list}): choose one, for example {}:{}.",
            wanted.name,
            wanted.name,
            short(tags[0])
        ));
    }
}

fn pin_file<'a, 'p>(draft: &mut Draft<'a>, file: &'a Source, here: impl Iterator<Item = &'p Place>, digest: &str) {
    let mut splices = Splices::default();
    for place in here {
        draft.already("It is already pinned to this digest everywhere.");
        let image = Image::parse(&place.image);
        if image.digest == Some(digest) {
            continue;
        }
        let raw = &file.text[place.range.clone()];
        let quote = &raw[..usize::from(raw.starts_with(['"', '\'']))];
        let scheme = if raw[quote.len()..].starts_with(SCHEME) { SCHEME } else { "" };
        splices.replace(place.range.clone(), format!("{quote}{scheme}{}{quote}", image.with_digest(digest)));
        draft.because(format!("{} uses {}: added its digest.", short(&file.path), short(&place.image)));
        if place.mark.is_some() {
            continue;
        }
        let Some(words) = comment(raw, None, PIN) else {
            draft.refuse(format!("{} names the image in a form that cannot be edited safely.", short(&file.path)));
            continue;
        };
        if place.is_line {
            let line = &file.text[place.mark_at..];
            let blanks = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            splices.insert(place.mark_at, format!("{blanks}{}{}", words.trim_start(), line_end(&file.text)));
        } else {
            splices.insert(place.mark_at, words);
        }
    }
    if !splices.is_empty() {
        draft.put(file, splices.apply(&file.text));
    }
}
