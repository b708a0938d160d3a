//! Pins of Go modules: `go.mod` and `go.sum`.
//!
//! Go takes the highest of all versions that any module requires. So a higher version is pinned by `require`, which
//! nothing but a still higher requirement overrides; a lower one by `replace M => M V`, the only form that Go follows
//! whatever other modules require, and which leaves the list of requirements as Go wants it.

mod module;
mod sum;

use self::module::{Directive, Verb, canonical, compare, directives, is_open, is_path};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::short;
use crate::ecosystems::edit::PinEditor;
use crate::edit::draft::{Draft, Manifests};
use crate::edit::lines::{whole_line, with_line};
use crate::edit::mark::{ABSENT, PIN, Was};
use crate::edit::path::{below, file_name, folder, join};
use crate::edit::say::by_whom;
use crate::edit::splice::{Splice, splice};
use crate::edit::version::not_plain;

/// Pins for Go.
pub struct GoPins;

/// How our marks begin: as a comment, or behind one that is there, such as `// indirect`.
const COMMENT: &str = " // ";
const BEHIND: &str = "; ";
/// What the mark says where `go.sum` got lines.
const SUM: &str = "; sum ";

impl PinEditor for GoPins {
    fn id(&self) -> &'static str {
        "go"
    }

    fn reads(&self, path: &str) -> bool {
        matches!(file_name(path), "go.mod" | "go.sum" | "go.work") || path.ends_with("vendor/modules.txt")
    }

    fn is_lock(&self, path: &str) -> bool {
        file_name(path) == "go.sum"
    }

    fn pin(&self, manifests: Manifests<'_>, package: &str, version: &str) -> Edited {
        let mut reasons = Vec::new();
        if !is_path(package) {
            reasons.push("This is not a Go module path: use one such as github.com/owner/name.".to_owned());
        }
        let version = match not_plain(version) {
            None => canonical(package, version),
            Some(reason) => Err(reason),
        };
        match version {
            Ok(version) if reasons.is_empty() => {
                let mut pin = Pin { draft: Draft::new(manifests), module: package, version };
                pin.workspace();
                for source in manifests.files.iter().filter(|file| file_name(&file.path) == "go.mod") {
                    pin.module(source);
                }
                pin.draft.finish()
            }
            Ok(_) => Edited::Refused(reasons),
            Err(reason) => {
                reasons.push(reason);
                Edited::Refused(reasons)
            }
        }
    }

    fn unpin(&self, manifests: Manifests<'_>, package: &str) -> Edited {
        let mut pin = Pin { draft: Draft::new(manifests), module: package, version: String::new() };
        for source in manifests.files.iter().filter(|file| file_name(&file.path) == "go.mod") {
            pin.back(source);
        }
        pin.draft.finish()
    }
}

struct Pin<'a> {
    draft: Draft<'a>,
    module: &'a str,
    version: String,
}

/// Our mark at the end of a line: with its lead, and what it says.
fn mark_of(text: &str, directive: &Directive) -> Option<(std::ops::Range<usize>, Was, Option<String>)> {
    // Blanks behind the mark were there before it.
    let line = text[directive.line.clone()].trim_end();
    let at = line.find(PIN)?;
    let lead = [COMMENT, BEHIND].into_iter().find(|lead| line[..at].ends_with(lead))?;
    let words = &line[at + PIN.len()..];
    let (words, added) = words.split_once(SUM).map_or((words, None), |(words, added)| (words, Some(added)));
    let start = directive.line.start + at - lead.len();
    Some((start..directive.line.start + line.len(), Was::read(words).1, added.map(|added| added.trim().to_owned())))
}

impl<'a> Pin<'a> {
    fn workspace(&mut self) {
        for source in self.draft.files().iter().filter(|file| file_name(&file.path) == "go.work") {
            let mut all = directives(&source.text).into_iter();
            if all.any(|one| one.verb == Verb::Replace && one.module == self.module) {
                self.draft.refuse(format!("{} replaces this module: change that by hand.", short(&source.path)));
            }
        }
    }

    fn sum_of(&self, source: &Source) -> Option<&'a Source> {
        let files = self.draft.files();
        files.iter().find(|file| file_name(&file.path) == "go.sum" && folder(&file.path) == folder(&source.path))
    }

    fn module(&mut self, source: &'a Source) {
        let text = source.text.as_str();
        let path = short(&source.path);
        if is_open(text) {
            return self.draft.refuse(format!("{path} has a block that is not closed."));
        }
        let all = directives(text).into_iter().filter(|one| one.module == self.module).collect::<Vec<_>>();
        let sum = self.sum_of(source);
        let transitive = sum.and_then(|sum| self.highest(&sum.text));
        let said = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        if all.iter().any(|one| one.verb == Verb::Exclude && said(&one.version) == self.version) {
            return self.draft.refuse(format!("{path} excludes {}: remove that line first.", self.version));
        }
        let replaces = all.iter().filter(|one| one.verb == Verb::Replace).collect::<Vec<_>>();
        let require = all.iter().find(|one| one.verb == Verb::Require);
        if let [ours] = replaces.as_slice()
            && ours.by_itself
            && mark_of(text, ours).is_some()
        {
            return self.again(source, ours);
        }
        if !replaces.is_empty() {
            return self
                .draft
                .refuse(format!("{path} already replaces this module, and not through a pin: change it by hand."));
        }
        let Some(now) = require.map(|one| said(&one.version).to_owned()).or(transitive) else { return };
        if let Some((mark, was, added)) = require.and_then(|one| mark_of(text, one))
            && now != self.version
        {
            if was.old != ABSENT && compare(&self.version, &was.old).is_lt() {
                return self
                    .draft
                    .refuse(format!("{path} was raised by an earlier pin: unpin it first, then pin it lower."));
            }
            let range = require.map(|one| one.version.clone()).unwrap_or_default();
            return self.move_on(source, range, mark, &was, added);
        }
        match compare(&self.version, &now) {
            std::cmp::Ordering::Less => self.replace(source, &now),
            _ if require.is_none() => self.require(source),
            std::cmp::Ordering::Equal if now == self.version => {
                let ours = require.is_some_and(|one| mark_of(text, one).is_some());
                let who = by_whom(ours);
                self.draft.already(format!("{path} already requires {now}, {who}."));
            }
            _ => {
                if let Some(require) = require {
                    self.raise(source, require, &now);
                }
            }
        }
    }

    /// The highest version whose archive `go.sum` knows.
    fn highest(&self, sum: &str) -> Option<String> {
        let lines = sum.lines().filter_map(|line| line.strip_prefix(self.module)?.strip_prefix(' '));
        let versions = lines.filter_map(|line| line.split(' ').next()).filter(|version| !version.ends_with("/go.mod"));
        versions.max_by(|a, b| compare(a, b)).map(str::to_owned)
    }

    /// Gets the checksums, and says what the mark has to keep of that.
    fn sums(&mut self, source: &'a Source) -> String {
        let refresh = "run `go mod tidy`".to_owned();
        if self.draft.files().iter().any(|file| below(&file.path, folder(&source.path)) == Some("vendor/modules.txt")) {
            self.draft.warn("The modules are vendored: run `go mod vendor`, or the build fails.");
        }
        if self.draft.files().iter().any(|file| file_name(&file.path) == "go.work") {
            self.draft
                .warn("A go.work combines several modules, which share one version: run `go work sync` and check.");
        }
        let Some(sum) = self.sum_of(source) else {
            let lock = join(folder(&source.path), "go.sum");
            self.draft.unresolved(&lock, format!("There is no go.sum next to {}: {refresh}.", short(&source.path)));
            return String::new();
        };
        let path = short(&sum.path);
        if sum::has(&sum.text, self.module, &self.version) {
            self.draft.because(format!("{path} already has the checksums of {}.", self.version));
            return String::new();
        }
        let earlier = self.draft.earlier(&sum.path);
        if let Some((text, added)) = sum::with(&self.draft.text(sum), &earlier, self.module, &self.version) {
            self.draft.because(format!("{path}: took the checksums of {} from an earlier go.sum.", self.version));
            let sentence =
                format!("If {} needs different modules than before, {refresh} to complete {path}.", self.version);
            self.draft.unresolved(&sum.path, sentence);
            self.draft.put(sum, text);
            return format!("{SUM}{added}");
        }
        let sentence =
            format!("No earlier {path} has the checksums of {}, so Go will not build: {refresh}.", self.version);
        self.draft.unresolved(&sum.path, sentence);
        String::new()
    }

    fn replace(&mut self, source: &'a Source, now: &str) {
        let added = self.sums(source);
        let line = format!("replace {0} => {0} {1}{COMMENT}{PIN}{ABSENT}{added}", self.module, self.version);
        self.draft.because(format!(
            "{} is lower than {}, which is in use. Go takes the highest required version, so only `replace` can hold it.",
            self.version,
            short(now)
        ));
        self.draft.warn("A replace only applies when this module itself is built, not when others import it.");
        self.draft.put(source, with_line(&source.text, &line));
    }

    fn require(&mut self, source: &'a Source) {
        let added = self.sums(source);
        let line = format!("require {} {} // indirect{BEHIND}{PIN}{ABSENT}{added}", self.module, self.version);
        self.draft.because(format!("This module was only in go.sum: {} now requires it.", short(&source.path)));
        self.draft.put(source, with_line(&source.text, &line));
    }

    fn raise(&mut self, source: &'a Source, require: &Directive, now: &str) {
        let added = self.sums(source);
        let line = &source.text[require.line.clone()];
        let lead = if line.contains("//") { BEHIND } else { COMMENT };
        let trimmed = require.line.start + line.trim_end().len();
        let Some(words) = Was::new(now, None).words(PIN) else { return };
        let splices =
            vec![(require.version.clone(), self.version.clone()), (trimmed..trimmed, format!("{lead}{words}{added}"))];
        self.draft.because(format!("{} requires {}: raised.", short(&source.path), short(now)));
        self.draft.warn("Another module that requires a higher version takes precedence: check `go mod graph`.");
        self.draft.put(source, splice(&source.text, splices));
    }

    /// Our own `replace` gets another version.
    fn again(&mut self, source: &'a Source, ours: &Directive) {
        if source.text[ours.target_version.clone()] == self.version {
            return self.draft.already(format!("{} already has it, by CI Rescue's pin.", short(&source.path)));
        }
        if let Some((mark, was, added)) = mark_of(&source.text, ours) {
            self.move_on(source, ours.target_version.clone(), mark, &was, added);
        }
    }

    /// Sets another version where our mark stands; the mark keeps what was first.
    fn move_on(
        &mut self,
        source: &'a Source,
        version: std::ops::Range<usize>,
        mark: std::ops::Range<usize>,
        was: &Was,
        added: Option<String>,
    ) {
        let before = source.text[version.clone()].to_owned();
        if let (Some(sum), Some(added)) = (self.sum_of(source), added) {
            self.draft.put(sum, sum::without(&sum.text, self.module, &before, &added));
        }
        let added = self.sums(source);
        let lead = if source.text[mark.clone()].starts_with(BEHIND) { BEHIND } else { COMMENT };
        let words = was.words(PIN).unwrap_or_else(|| format!("{PIN}{ABSENT}"));
        let splices = vec![(version, self.version.clone()), (mark, format!("{lead}{words}{added}"))];
        self.draft.because("It is already pinned by CI Rescue and gets a new version.");
        self.draft.put(source, splice(&source.text, splices));
    }

    /// Brings back the checksums of the restored version, which `go mod tidy` may have taken out since.
    fn sums_back(&mut self, source: &'a Source, restored: Option<&str>) {
        let (Some(sum), Some(version)) = (self.sum_of(source), restored) else { return };
        let now = self.draft.text(sum);
        if sum::has(&now, self.module, version) {
            return;
        }
        let earlier = self.draft.earlier(&sum.path);
        if let Some((text, _)) = sum::with(&now, &earlier, self.module, version) {
            self.draft.because(format!("{}: restored the checksums of {}.", short(&sum.path), short(version)));
            self.draft.put(sum, text);
        }
    }

    fn back(&mut self, source: &'a Source) {
        let text = source.text.as_str();
        let mut splices: Vec<Splice> = Vec::new();
        let mut restored = None;
        for one in directives(text).into_iter().filter(|one| one.module == self.module) {
            if one.verb == Verb::Require && mark_of(text, &one).is_none() {
                restored = text.get(one.version.clone()).map(str::to_owned);
            }
            let Some((mark, was, added)) = mark_of(text, &one) else { continue };
            let version = if one.verb == Verb::Replace { &one.target_version } else { &one.version };
            if let (Some(added), Some(sum)) = (added, self.sum_of(source)) {
                let now = self.draft.text(sum);
                self.draft.put(sum, sum::without(&now, self.module, &text[version.clone()], &added));
                self.draft.because(format!("{}: removed the checksums that the pin added.", short(&sum.path)));
            }
            if was.old == ABSENT {
                splices.push((whole_line(text, one.line), String::new()));
            } else {
                restored = Some(was.old.clone());
                splices.push((version.clone(), was.old));
                splices.push((mark, String::new()));
            }
        }
        if !splices.is_empty() {
            self.sums_back(source, restored.as_deref());
            self.draft.because(format!("{} is restored to its state before the pin.", short(&source.path)));
            self.draft.warn("If go.mod or go.sum changed in other ways since the pin, run `go mod tidy`.");
            self.draft.put(source, splice(text, splices));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM_LINES: &str = "a.b/c v1.1.0 h1:new=\na.b/c v1.1.0/go.mod h1:also=\n";

    fn made(edited: Edited, files: &[Source]) -> Vec<Source> {
        let Edited::Ready(edit) = edited else { panic!("{edited:?}") };
        let now = |file: &Source| edit.files.iter().find(|new| new.path == file.path).unwrap_or(file).clone();
        files.iter().map(now).collect()
    }

    #[test]
    fn a_pin_comes_out_to_the_byte() {
        let earlier = [Source { path: "go.sum".into(), text: SUM_LINES.into() }];
        let sum = "a.b/b v1.0.0 h1:old=\na.b/b v1.0.0/go.mod h1:older=";
        for module in [
            "module x\nrequire a.b/c v1.0.0\n",
            "module x\nrequire a.b/c v1.0.0  \t\n",
            "module x\r\nrequire a.b/c v1.0.0 // indirect   \r\n",
            "module x\nrequire (\n\ta.b/c v1.0.0 // why\t\n)\n",
            "module x\nrequire a.b/c v1.0.0   ",
            "module x\nrequire a.b/c v1.0.0\r",
            "require a.b/c v1.2.0\r",
        ] {
            for sum in [String::new(), sum.to_owned(), format!("{sum}\r"), format!("{sum}\n")] {
                let file = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
                let files = [file("go.mod", module), file("go.sum", &sum)];
                let given = Manifests { files: &files, earlier: &earlier };
                let pinned = made(GoPins.pin(given, "a.b/c", "v1.1.0"), &files);
                assert!(pinned[0].text.contains(PIN) && pinned[1].text.contains("h1:also="), "{pinned:?}");
                let given = Manifests { files: &pinned, earlier: &earlier };
                assert_eq!(made(GoPins.unpin(given, "a.b/c"), &pinned), files);
            }
        }
    }
}
