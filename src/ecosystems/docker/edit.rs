//! Pins images by digest, in Dockerfiles and Compose files.

use std::ops::Range;

use super::dockerfile;
use super::image::{Image, digest, is_name};
use crate::domain::edit::{Edited, Source};
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::line_end;
use crate::edit::mark::{Behind, Found, PIN, comment};
use crate::edit::path::file_name;
use crate::edit::say::{listed, short};
use crate::edit::splice::Splices;
use crate::edit::yaml::scalars;

/// Images of containers.
#[derive(Clone, Copy, Debug)]
pub struct DockerPins;

impl PinEditor for DockerPins {
    fn id(&self) -> &'static str {
        "docker"
    }

    fn reads(&self, path: &str) -> bool {
        is_dockerfile(path) || is_compose(path)
    }

    fn is_lock(&self, _: &str) -> bool {
        false
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut draft = Draft::new(manifests);
        check_name(&mut draft, package);
        let Some(digest) = digest(version) else {
            draft.refuse("pin an image to its digest: sha256: and 64 hexadecimal digits, as printed by `docker buildx imagetools inspect`");
            return draft.finish();
        };
        if draft.is_refused() {
            return draft.finish();
        }
        let wanted = Image::parse(package);
        let all: Vec<(&Source, Place)> = places(&mut draft, manifests, &wanted);
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
                draft.because(format!("{} is back to {}.", file.path, short(&mark.was.old)));
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
            in_compose(draft, file, wanted)
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
                file.path,
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
            draft.refuse(format!("{} takes {} from an ARG: pin it by hand in the ARG.", file.path, short(wanted.name)));
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
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let was = Behind::read(text, start, PIN)?.mark?.was;
    Some(Found { range: start..line, was })
}

fn in_compose(draft: &mut Draft<'_>, file: &Source, wanted: &Image) -> Vec<Place> {
    let text = &file.text;
    let found = match scalars(text) {
        Ok(found) => found,
        Err(reason) => {
            draft.refuse(format!("{} is not valid YAML ({}): fix it first.", file.path, short(&reason)));
            return Vec::new();
        }
    };
    // What a service builds itself only gets its name by `image`.
    let built: std::collections::HashSet<&str> = found
        .iter()
        .filter(|scalar| scalar.path.get(2).is_some_and(|key| key == "build"))
        .map(|scalar| scalar.path[1].as_str())
        .collect();
    let mut list = Vec::new();
    for scalar in &found {
        let [services, service, key] = scalar.path.as_slice() else { continue };
        if services != "services" || key != "image" || built.contains(service.as_str()) {
            continue;
        }
        if !is_wanted(draft, file, wanted, &scalar.value) {
            continue;
        }
        let raw = &text[scalar.range.clone()];
        let behind = Behind::read(text, scalar.range.end, PIN).filter(|_| comment(raw, None, PIN).is_some());
        let plain = scalar.simple && raw.trim_matches(['"', '\'']) == scalar.value;
        let Some(behind) = behind.filter(|_| plain) else {
            draft.refuse(format!("{} names the image in a form that cannot be edited safely.", file.path));
            continue;
        };
        let (end, mark) = (behind.end, behind.mark);
        let image = scalar.value.clone();
        list.push(Place { range: scalar.range.clone(), image, mark, mark_at: end, is_line: false });
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
        splices.replace(place.range.clone(), format!("{quote}{}{quote}", image.with_digest(digest)));
        draft.because(format!("{} uses {}: added its digest.", file.path, short(&place.image)));
        if place.mark.is_some() {
            continue;
        }
        let Some(words) = comment(raw, None, PIN) else {
            draft.refuse(format!("{} names the image in a form that cannot be edited safely.", file.path));
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
