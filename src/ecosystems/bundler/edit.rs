//! Pins of Ruby gems: `Gemfile` or `gems.rb`, and their locks.

mod gemfile;
mod lock;

use self::gemfile::{Call, calls};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{whole_line, with_line};
use crate::edit::path::{file_name, folder, join};
use crate::edit::places::{Base, Place, Style};
use crate::edit::splice::splice;
use crate::edit::version::not_plain;

/// Pins for Bundler.
pub struct BundlerPins;

const STYLE: Style<'static> = Style { leads: &["  # "], name: "" };
/// What a mark says where a gem had no requirement.
const NONE: &str = "none";

impl PinEditor for BundlerPins {
    fn id(&self) -> &'static str {
        "bundler"
    }

    fn reads(&self, path: &str) -> bool {
        is_manifest(path) || self.is_lock(path) || path.ends_with(".gemspec")
    }

    fn is_lock(&self, path: &str) -> bool {
        matches!(file_name(path), "Gemfile.lock" | "gems.locked")
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut reasons = Vec::new();
        if !is_name(package) {
            reasons.push("This is not a gem name: use letters, digits, `_`, `-` and `.`.".to_owned());
        }
        reasons.extend(not_plain(version));
        if reasons.is_empty() && !(version.starts_with(|c: char| c.is_ascii_digit()) && is_name(version)) {
            reasons.push("This is not a gem version: use one such as 7.0.4.".to_owned());
        }
        if !reasons.is_empty() {
            return Edited::Refused(reasons);
        }
        let mut pin = Pin { draft: Draft::new(manifests), gem: package, version };
        for source in manifests.files.iter().filter(|file| is_manifest(&file.path)) {
            pin.manifest(source);
        }
        pin.draft.finish()
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let mut pin = Pin { draft: Draft::new(manifests), gem: package, version: "" };
        for source in manifests.files.iter().filter(|file| is_manifest(&file.path)) {
            pin.back(source);
        }
        pin.draft.finish()
    }
}

fn is_manifest(path: &str) -> bool {
    matches!(file_name(path), "Gemfile" | "gems.rb")
}

fn is_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

struct Pin<'a, 'p> {
    draft: Draft<'a>,
    gem: &'p str,
    version: &'p str,
}

/// The place of a call; what stands there goes into the mark, or that there was nothing.
fn place(text: &str, call: &Call, version: &str) -> Place {
    let quote = call.quote;
    let none = call.part.is_empty();
    let new = if none { format!(", {quote}= {version}{quote}") } else { format!("{quote}= {version}{quote}") };
    let done = call.requirements.len() == 1 && lock::canonical(&call.requirements) == format!("= {version}");
    let mut place = Place::new(text, call.part.clone(), new, done);
    if none {
        NONE.clone_into(&mut place.old);
    }
    place
}

impl<'a> Pin<'a, '_> {
    fn lock_of(&self, source: &Source) -> Option<&'a Source> {
        let name = if file_name(&source.path) == "Gemfile" { "Gemfile.lock" } else { "gems.locked" };
        self.draft.file(&join(folder(&source.path), name))
    }

    fn manifest(&mut self, source: &'a Source) {
        let path = short(&source.path);
        let found = calls(&source.text, self.gem);
        for reason in found.iter().filter_map(|call| call.refused) {
            self.draft.refuse(format!("{path}: {reason}; change it by hand."));
        }
        let lock = self.lock_of(source);
        let specs = lock.map(|lock| lock::of(&lock.text, self.gem)).unwrap_or_default();
        if found.is_empty() && specs.is_empty() {
            return;
        }
        if specs.iter().any(|spec| !spec.from_index) {
            return self
                .draft
                .refuse(format!("The lock file of {path} takes it from git or a path: change that by hand."));
        }
        let edited = lock.map(|lock| self.lock(lock, specs.first().map(|spec| spec.version)));
        let was = match &edited {
            Some(Ok((_, was))) => was.clone(),
            _ => None,
        };
        let changed = if found.is_empty() {
            let line = format!("gem \"{}\", \"= {}\"{}", self.gem, self.version, STYLE.absent(was.as_deref()));
            self.draft.because(format!("{} was only in the lock file: {path} now lists it.", self.gem));
            self.draft.put(source, with_line(&source.text, &line));
            true
        } else {
            self.write(source, &found, was.as_deref(), edited.as_ref().is_none_or(Result::is_ok))
        };
        if !changed {
            return;
        }
        match (lock, edited) {
            (Some(lock), Some(Ok((text, was)))) => {
                if was.is_some() {
                    self.draft.because(format!(
                        "{}: took the entry for {} from an earlier lock file.",
                        short(&lock.path),
                        self.version
                    ));
                    self.draft.warn(format!(
                        "To have Bundler check {}, run `bundle lock --update {}`.",
                        short(&lock.path),
                        self.gem
                    ));
                }
                self.draft.put(lock, text);
            }
            (_, Some(Err(reason))) => self.draft.warn(reason),
            _ => {}
        }
    }

    /// Writes the exact requirement; whether the lock is to follow.
    fn write(&mut self, source: &'a Source, found: &[Call], was: Option<&str>, lock_fits: bool) -> bool {
        let places = found.iter().map(|call| place(&source.text, call, self.version)).collect::<Vec<_>>();
        let refresh = format!("its lock file does not: run `bundle lock --update {}`", self.gem);
        let missing = (!lock_fits).then_some(refresh.as_str());
        self.draft.pin(source, &places, STYLE, was, (self.gem, self.version), missing).is_some()
    }

    /// The new lock with the version it had where its entry is replaced; or why it is left as it is: Bundler sees then
    /// that it does not fit the Gemfile.
    fn lock(&self, source: &'a Source, now: Option<&str>) -> Result<(String, Option<String>), String> {
        let path = short(&source.path);
        let refresh = format!("run `bundle lock --update {}`", self.gem);
        let earlier = self.draft.earlier(&source.path);
        let (text, was) = match now {
            Some(now) if now == self.version => (source.text.clone(), None),
            Some(now) => {
                let text = lock::replaced(&source.text, &earlier, self.gem, self.version);
                let text = text.ok_or(format!(
                    "No earlier {path} has a usable entry for {}, so it was not changed: {refresh}.",
                    self.version
                ))?;
                (text, Some(now.to_owned()))
            }
            None => return Err(format!("{path} does not have it yet: {refresh}.")),
        };
        let text = lock::required(&text, self.gem, Some(&format!("= {}", self.version)));
        text.map(|text| (text, was)).ok_or(format!("{path} has no DEPENDENCIES section: {refresh}."))
    }

    fn back(&mut self, source: &'a Source) {
        if !source.text.contains("ci-rescue pin") {
            return;
        }
        let added = STYLE.added(&source.text).into_iter().find(|(line, ..)| {
            let own = &source.text[line.clone()];
            !calls(own, self.gem).is_empty()
        });
        let (text, locked) = match added {
            Some((line, _, was)) => {
                (splice(&source.text, vec![(whole_line(&source.text, line), String::new())]), was.locked)
            }
            None => (source.text.clone(), None),
        };
        let places = calls(&text, self.gem).iter().map(|call| place(&text, call, "")).collect::<Vec<_>>();
        // Where there was no requirement, its comma goes too.
        let places = places.into_iter().map(|place| with_comma(&text, place)).collect::<Vec<_>>();
        let as_was = |place: &Place, old: &str| {
            let comma = if place.part.is_empty() || !text[place.part.clone()].starts_with(',') { "" } else { ", " };
            Some(if old == NONE { String::new() } else { format!("{comma}{old}") })
        };
        let base = Base { text: text.clone(), locked };
        let Some(base) = self.draft.unpin(source, base, &places, STYLE, &as_was) else { return };
        let now = calls(&base.text, self.gem);
        if let Some(lock) = self.lock_of(source) {
            let required = now.first().map(|call| lock::canonical(&call.requirements));
            self.lock_back(lock, base.locked.as_deref(), required.as_deref());
        }
    }

    fn lock_back(&mut self, source: &'a Source, locked: Option<&str>, required: Option<&str>) {
        let path = short(&source.path);
        let earlier = self.draft.earlier(&source.path);
        let now = lock::of(&source.text, self.gem).first().map(|spec| spec.version.to_owned());
        let Some(mut stays) = now else { return };
        let mut text = source.text.clone();
        if let Some(was) = locked
            && let Some(new) = lock::replaced(&text, &earlier, self.gem, was)
        {
            text = new;
            was.clone_into(&mut stays);
            self.draft.because(format!("{path}: restored the entry for {} from an earlier lock file.", short(was)));
        }
        if !lock::admits(required.unwrap_or_default(), &stays) {
            return self.draft.warn(format!(
                "{path} has a version that the restored requirement does not allow: run `bundle lock --update {}`.",
                self.gem
            ));
        }
        if locked.is_some_and(|was| was != stays) {
            self.draft.warn(format!(
                "{path} stays at a different version than before: run `bundle lock --update {}` to move on.",
                self.gem
            ));
        }
        if let Some(text) = lock::required(&text, self.gem, required) {
            self.draft.put(source, text);
        }
    }
}

/// The place with the comma and blank before it, when they stand on its line.
fn with_comma(text: &str, mut place: Place) -> Place {
    if !place.part.is_empty() && text[..place.part.start].ends_with(", ") {
        place.part.start -= 2;
    }
    place
}
