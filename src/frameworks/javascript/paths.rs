//! Paths of titles, from the outermost group to the test: comparing and showing them.

use super::cases::{Case, Cases, Rows};
use super::title::Part;
use super::words::{Kind, State};

/// Longer names are cut where people read them, in characters.
const SHOWN_MAX: usize = 100;

/// A text cut to what may be shown to people, in one line.
pub fn shown(text: &str) -> String {
    let mut plain = text.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let mut shown: String = plain.by_ref().take(SHOWN_MAX).collect();
    if plain.next().is_some() {
        shown.push('…');
    }
    shown
}

impl Cases {
    /// The case itself, then what stands around it, from the inside.
    pub fn outwards(&self, index: usize) -> impl Iterator<Item = &Case> {
        let mut next = Some(index);
        std::iter::from_fn(move || {
            let case = &self.list[next?];
            next = case.parent;
            Some(case)
        })
    }

    /// The full name as a template's own text, cut for people.
    pub fn name(&self, index: usize, separator: &str) -> String {
        let mut titles: Vec<String> = self
            .outwards(index)
            .map(|case| case.title.own.chars().take(SHOWN_MAX).collect::<String>())
            .filter(|title| !title.is_empty())
            .collect();
        titles.reverse();
        shown(&titles.join(separator))
    }

    /// Whether the titles of the path, joined, are this name; templates by their own text.
    pub fn is_called(&self, index: usize, separator: &str, name: &str) -> bool {
        let mut rest = name;
        let mut inner = false;
        for case in self.outwards(index) {
            if case.title.own.is_empty() {
                continue;
            }
            if inner {
                let Some(before) = rest.strip_suffix(separator) else { return false };
                rest = before;
            }
            let Some(before) = rest.strip_suffix(case.title.own.as_str()) else { return false };
            rest = before;
            inner = true;
        }
        inner && rest.is_empty()
    }

    /// Whether a test that this template makes could have this name.
    pub fn may_make(&self, index: usize, separator: &str, name: &str) -> bool {
        let mut pieces = Vec::new();
        let mut length = 0;
        for case in self.outwards(index).filter(|case| !case.title.parts.is_empty()) {
            if !pieces.is_empty() {
                pieces.push(Part::Text(separator.to_owned()));
            }
            for part in case.title.parts.iter().rev() {
                length += if let Part::Text(text) = part { text.len() } else { 1 };
                // White space runs are counted here in full, so that the bound is a generous one.
                if length > 4 * name.len() + 64 {
                    return false;
                }
                pieces.push(part.clone());
            }
            if case.helper.is_some() {
                pieces.push(Part::Hole);
            }
        }
        pieces.reverse();
        fits(&pieces, name)
    }

    /// Whether the innermost title alone could be rendered as this name. A template that says next to nothing fits any
    /// name, and is not counted.
    pub fn may_make_title(&self, index: usize, name: &str) -> bool {
        let parts = &self.list[index].title.parts;
        says(parts) >= 3 && fits(parts, name)
    }

    /// How closely a template tells what it makes: by its depth, and by the letters and digits of its title.
    pub fn precision(&self, index: usize) -> (usize, usize) {
        let case = &self.list[index];
        (case.depth, says(&case.title.parts))
    }

    /// A case within code that does not parse whose title the name ends with; what stands around it is not known.
    pub fn torn(&self, name: &str) -> Option<usize> {
        let ends = |case: &Case| {
            let before = name.strip_suffix(case.title.own.as_str());
            !case.title.own.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with(' '))
        };
        self.list.iter().position(|case| case.broken && ends(case))
    }

    /// How many tests the case makes that run now. None when the source does not say.
    pub fn runs(&self, index: usize) -> Option<usize> {
        let case = &self.list[index];
        if case.kind == Kind::Test {
            return self.rows(index);
        }
        let inside =
            self.list.iter().enumerate().skip(index + 1).take_while(|(_, other)| other.range.start < case.range.end);
        let mut sum: usize = 0;
        for (inner, other) in inside {
            if other.kind == Kind::Test && !self.outwards(inner).any(Case::is_skipped) {
                sum = sum.saturating_add(self.rows(inner)?);
            }
        }
        Some(sum)
    }

    /// The product of the rows of the path.
    fn rows(&self, index: usize) -> Option<usize> {
        self.outwards(index).try_fold(1_usize, |product, case| match case.rows {
            _ if case.helper.is_some() => None,
            Rows::One => Some(product),
            Rows::Known(rows) => Some(product.saturating_mul(rows)),
            Rows::Unknown => None,
        })
    }
}

impl Case {
    /// Whether its own call or body skips it.
    pub fn is_skipped(&self) -> bool {
        self.state == State::Skipped || self.body.as_ref().is_some_and(|body| body.skip.is_some())
    }
}

/// How many letters and digits the pieces say for certain.
fn says(parts: &[Part]) -> usize {
    let letters = |part: &Part| match part {
        Part::Text(text) => text.chars().filter(|c| c.is_alphanumeric()).count(),
        Part::Hole => 0,
    };
    parts.iter().map(letters).sum()
}

/// Whether the name consists of the texts in this order, with anything where the holes are.
fn fits(parts: &[Part], name: &str) -> bool {
    if says(parts) == 0 {
        return false;
    }
    let texts = texts(parts);
    let (Some((first, others)), Some(last)) = (texts.split_first(), texts.last()) else { return false };
    let Some(rest) = name.strip_prefix(first.trim_start()) else { return false };
    if others.is_empty() {
        return rest.is_empty();
    }
    let Some(mut rest) = rest.strip_suffix(last.trim_end()) else { return false };
    for text in &others[..others.len() - 1] {
        let Some(at) = rest.find(text.as_str()) else { return false };
        rest = &rest[at + text.len()..];
    }
    true
}

/// The texts before, between and behind the holes, each in one line.
fn texts(parts: &[Part]) -> Vec<String> {
    let mut texts = vec![String::new()];
    for part in parts {
        match part {
            Part::Hole => texts.push(String::new()),
            Part::Text(text) => {
                for c in text.chars() {
                    push_collapsed(texts.last_mut(), c);
                }
            }
        }
    }
    texts
}

fn push_collapsed(text: Option<&mut String>, c: char) {
    let Some(text) = text else { return };
    if !c.is_whitespace() {
        text.push(c);
    } else if !text.ends_with(' ') {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, fits, shown};

    #[test]
    fn names_fit_templates() {
        let text = |text: &str| Part::Text(text.to_owned());
        let parts = [text("adds "), Part::Hole, text(" and  "), Part::Hole];
        assert!(fits(&parts, "adds 1 and 2"));
        assert!(fits(&parts, "adds and and and"));
        assert!(!fits(&parts, "adds 1 or 2"));
        assert!(!fits(&[Part::Hole], "anything"));
        assert!(fits(&[text("plain")], "plain"));
        assert!(!fits(&[text("ab"), Part::Hole, text("bc")], "abc"));
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shown(&"é".repeat(200)).chars().count(), 101);
        assert_eq!(shown("a\u{7}b`c"), "ab'c");
    }
}
