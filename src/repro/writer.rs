//! Collects the lines of the script.

use std::collections::BTreeSet;

use super::preamble::Helper;
use super::quote::{quote, shown};

/// The names of one package in the package managers.
#[derive(Clone, Copy)]
pub(super) struct Packages {
    pub apt: &'static str,
    pub dnf: &'static str,
    pub apk: &'static str,
    pub brew: &'static str,
}

impl Packages {
    /// A package that has the same name everywhere.
    pub(super) const fn same(name: &'static str) -> Self {
        Self { apt: name, dnf: name, apk: name, brew: name }
    }
}

/// The script so far.
#[derive(Default)]
pub(super) struct Writer {
    pub body: String,
    pub helpers: BTreeSet<Helper>,
    pub refusals: Vec<String>,
}

impl Writer {
    /// Adds lines as they are. Words from outside in them must have gone through [`Writer::quoted`].
    pub(super) fn lines(&mut self, lines: &str) {
        self.body.push_str(lines);
        self.body.push('\n');
    }

    /// Quotes a word from outside. A refused word refuses the script.
    pub(super) fn quoted(&mut self, word: &str) -> String {
        quote(word).unwrap_or_else(|why| {
            self.refuse(why);
            "''".to_owned()
        })
    }

    /// Quotes a word from outside that stands where an option could stand.
    pub(super) fn operand(&mut self, word: &str) -> String {
        if word.starts_with('-') || word.is_empty() {
            self.refuse(format!(
                "The word \"{}\" would be taken for an option; name the test differently.",
                shown(word)
            ));
        }
        self.quoted(word)
    }

    /// Notes why there can be no script.
    pub(super) fn refuse(&mut self, why: String) {
        if self.refusals.len() < 20 && !self.refusals.contains(&why) {
            self.refusals.push(why);
        }
    }

    /// Says why the next action is done.
    pub(super) fn say(&mut self, text: &str) {
        let line = self.said("", text);
        self.body.push_str(&line);
    }

    /// A line that says something, with white space before it.
    pub(super) fn said(&mut self, indent: &str, text: &str) -> String {
        let text: String =
            text.chars().map(|one| if quote(one.encode_utf8(&mut [0; 4])).is_ok() { one } else { '?' }).collect();
        let text = self.quoted(&text);
        format!("{indent}say {text}\n")
    }

    /// Makes a helper function part of the script.
    pub(super) fn uses(&mut self, helper: Helper) {
        self.helpers.insert(helper);
        self.helpers.extend(helper.needs());
    }

    /// Installs a package where a command is not there.
    pub(super) fn need(&mut self, command: &'static str, why: &str, packages: Packages) {
        self.need_unless(&format!("have {command}"), &format!("{command}, because {why}"), packages);
    }

    /// Installs packages where a test fails.
    pub(super) fn need_unless(&mut self, test: &str, why: &str, packages: Packages) {
        self.uses(Helper::Add);
        let said = self.said("  ", why);
        self.body.push_str(&format!("if ! {test}; then\n{said}{}fi\n", add_lines("  ", packages)));
    }
}

/// The lines that install a package with the manager at hand.
pub(super) fn add_lines(indent: &str, packages: Packages) -> String {
    let Packages { apt, dnf, apk, brew } = packages;
    if [dnf, apk, brew].iter().all(|name| *name == apt) {
        return format!("{indent}add {apt}\n");
    }
    let action = |names: &str| if names.is_empty() { ":".to_owned() } else { format!("add {names}") };
    format!(
        "{indent}case \"$manager\" in\n{indent}  dnf) {} ;;\n{indent}  apk) {} ;;\n{indent}  brew) {} ;;\n{indent}  *) {} ;;\n{indent}esac\n",
        action(dnf),
        action(apk),
        action(brew),
        action(apt),
    )
}
