//! Whether a version meets a requirement as npm writes it, and as Composer does: what both have in common.

use semver::Version;

/// Whose rules a requirement follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    Npm,
    Composer,
}

/// At least the first and below the second, where there is one.
type Bounds = (Version, Option<Version>);

/// None where the requirement is a tag, an address or something else that a version cannot be held against.
pub(super) fn meets(requirement: &str, version: &str, rules: Rules) -> Option<bool> {
    const LENGTH_MAX: usize = 300;
    if requirement.len() > LENGTH_MAX {
        return None;
    }
    let version = partial(version)?.full()?;
    let mut any = false;
    let single = requirement.replace("||", "|");
    for alternative in single.split('|') {
        any |= all_met(alternative.trim(), &version, rules)?;
    }
    Some(any)
}

fn all_met(alternative: &str, version: &Version, rules: Rules) -> Option<bool> {
    if let Some((low, high)) = alternative.split_once(" - ") {
        let low = partial(low.trim())?.low();
        let high = partial(high.trim())?.upper_inclusive();
        return Some(*version >= low && high.is_none_or(|high| *version < high));
    }
    let spaced = alternative.replace(',', " ");
    let mut words: Vec<String> = Vec::new();
    for word in spaced.split_whitespace() {
        // An operator may stand apart from its version.
        match words.last_mut().filter(|last| last.chars().all(|c| "<>=^~!".contains(c))) {
            Some(operator) => operator.push_str(word),
            None => words.push(word.to_owned()),
        }
    }
    let mut met = true;
    let mut names_prerelease = version.pre.is_empty() || rules == Rules::Composer;
    for word in &words {
        let (low, high, excluded) = comparator(word, rules)?;
        let inside = *version >= low && high.as_ref().is_none_or(|high| version < high);
        met &= inside != excluded;
        let same_release = (low.major, low.minor, low.patch) == (version.major, version.minor, version.patch);
        names_prerelease |= !low.pre.is_empty() && same_release;
    }
    Some(met && names_prerelease)
}

/// The bounds of one comparator, and whether it excludes them.
fn comparator(word: &str, rules: Rules) -> Option<(Version, Option<Version>, bool)> {
    let digits = word.find(|c: char| !"<>=^~!".contains(c)).unwrap_or(word.len());
    let (operator, rest) = word.split_at(digits);
    // Composer's stability flags do not change what is between the bounds.
    let rest = if rules == Rules::Composer { rest.split('@').next().unwrap_or(rest) } else { rest };
    let wanted = partial(rest)?;
    let zero = Version::new(0, 0, 0);
    let (low, high): Bounds = match (operator, rules) {
        ("" | "=" | "==", Rules::Npm) => (wanted.low(), wanted.upper_inclusive()),
        // Composer fills what is missing with zeros, unless a star says otherwise.
        ("" | "=" | "==" | "!=" | "<>", _) if wanted.star => (wanted.low(), wanted.upper_inclusive()),
        ("" | "=" | "==" | "!=" | "<>", _) => (wanted.low(), Some(after(&wanted.low()))),
        ("^", _) => (wanted.low(), wanted.upper_caret()),
        ("~" | "~>", Rules::Npm) => (wanted.low(), wanted.upper_tilde()),
        ("~", Rules::Composer) => (wanted.low(), wanted.upper_next()),
        (">=", _) => (wanted.low(), None),
        (">", Rules::Npm) => (wanted.upper_inclusive()?, None),
        (">", Rules::Composer) => (after(&wanted.low()), None),
        ("<", _) => (zero, Some(wanted.low())),
        ("<=", Rules::Npm) => (zero, wanted.upper_inclusive()),
        ("<=", Rules::Composer) => (zero, Some(after(&wanted.low()))),
        _ => return None,
    };
    Some((low, high, matches!(operator, "!=" | "<>")))
}

/// The least version above this one.
fn after(version: &Version) -> Version {
    let mut next = version.clone();
    if version.pre.is_empty() {
        next.patch = next.patch.saturating_add(1);
        next.pre = semver::Prerelease::new("0").unwrap_or_default();
    } else {
        next.pre = semver::Prerelease::new(&format!("{}.0", version.pre)).unwrap_or_default();
    }
    next
}

/// A version of which some numbers may be missing.
struct Partial {
    numbers: Vec<u64>,
    pre: semver::Prerelease,
    star: bool,
}

fn partial(text: &str) -> Option<Partial> {
    let text = text.trim().trim_start_matches(['v', 'V', '=']);
    let text = text.split('+').next()?;
    let (numbers, pre) = text.split_once('-').unwrap_or((text, ""));
    let mut found = Vec::new();
    let mut star = numbers.is_empty();
    for part in numbers.split('.').filter(|_| !numbers.is_empty()) {
        match part {
            "x" | "X" | "*" => star = true,
            _ if star => return None,
            _ => found.push(part.parse().ok()?),
        }
    }
    // A fourth number is Composer's; only a zero says nothing.
    if found.len() == 4 && found.last() == Some(&0) {
        found.pop();
    }
    let pre = semver::Prerelease::new(pre).ok()?;
    (found.len() < 4).then_some(Partial { numbers: found, pre, star })
}

impl Partial {
    fn number(&self, index: usize) -> u64 {
        self.numbers.get(index).copied().unwrap_or(0)
    }

    fn low(&self) -> Version {
        let mut low = Version::new(self.number(0), self.number(1), self.number(2));
        low.pre = self.pre.clone();
        low
    }

    fn full(&self) -> Option<Version> {
        (!self.star && !self.numbers.is_empty()).then(|| self.low())
    }

    /// Below the next version at this position, prereleases of it left out.
    fn below(&self, position: usize) -> Version {
        let number = |index: usize| match index.cmp(&position) {
            std::cmp::Ordering::Less => self.number(index),
            std::cmp::Ordering::Equal => self.number(index).saturating_add(1),
            std::cmp::Ordering::Greater => 0,
        };
        let mut below = Version::new(number(0), number(1), number(2));
        below.pre = semver::Prerelease::new("0").unwrap_or_default();
        below
    }

    fn upper_inclusive(&self) -> Option<Version> {
        match self.numbers.len() {
            0 => None,
            3 => Some(after(&self.low())),
            given => Some(self.below(given - 1)),
        }
    }

    fn upper_caret(&self) -> Option<Version> {
        let given = self.numbers.len();
        let first = self.numbers.iter().position(|&number| number != 0).unwrap_or(given.saturating_sub(1));
        (given > 0).then(|| self.below(first))
    }

    fn upper_tilde(&self) -> Option<Version> {
        match self.numbers.len() {
            0 => None,
            1 => Some(self.below(0)),
            _ => Some(self.below(1)),
        }
    }

    /// Composer's tilde: the last number given may grow.
    fn upper_next(&self) -> Option<Version> {
        match self.numbers.len() {
            0 => None,
            1 => Some(self.below(0)),
            given => Some(self.below(given - 2)),
        }
    }
}
