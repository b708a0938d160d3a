//! Where a build script gives a module or a plugin its version.

use std::ops::Range;

use super::lexer::{Kind, Token, inside, tokens};
use super::rich;
use crate::edit::lines::Lines;
use crate::edit::places::Place;

/// What a script says of a module.
#[derive(Default)]
pub(super) struct Said {
    pub(super) places: Vec<Place>,
    /// A version that comes from a variable, a program's expression or a platform.
    pub(super) indirect: bool,
    pub(super) refused: Vec<&'static str>,
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    package: &'t str,
    version: &'t str,
    kotlin: bool,
    platform: bool,
    said: Said,
}

/// Finds every place; `package` is `group:name` or the id of a plugin.
pub(super) fn said(path: &str, text: &str, package: &str, version: &str) -> Said {
    let kotlin = path.ends_with(".kts");
    let tokens = tokens(text);
    let platform = tokens
        .iter()
        .any(|token| token.kind == Kind::Word && matches!(&text[token.range.clone()], "platform" | "enforcedPlatform"));
    let mut reader = Reader { text, tokens, package, version, kotlin, platform, said: Said::default() };
    for at in 0..reader.tokens.len() {
        if package.contains(':') {
            reader.notation(at);
            reader.named(at);
        } else {
            reader.plugin(at);
        }
    }
    reader.guard();
    reader.said
}

impl<'t> Reader<'t> {
    fn word(&self, at: usize) -> &'t str {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word);
        token.map_or("", |token| &self.text[token.range.clone()])
    }

    fn is_sign(&self, at: usize, signs: &[char]) -> bool {
        self.tokens.get(at).is_some_and(|token| matches!(&token.kind, Kind::Sign(c) if signs.contains(c)))
    }

    /// The content of the string at this token.
    fn string(&self, at: usize) -> Option<&'t str> {
        self.text.get(inside(self.text, self.tokens.get(at)?)?)
    }

    fn push(&mut self, part: Range<usize>, new: String, done: bool, gap: bool) {
        let mut place = Place::new(self.text, part, new, done);
        if gap {
            place.old.insert(0, ' ');
        }
        self.said.places.push(place);
    }

    /// `"group:name:version"`, also with a classifier and a type, or without a version.
    fn notation(&mut self, at: usize) {
        let Some(said) = self.string(at) else { return };
        let Some(inner) = inside(self.text, &self.tokens[at]) else { return };
        let Some(rest) = said.strip_prefix(self.package) else { return };
        if (rest.is_empty() || rest.starts_with(':'))
            && let Some(rules) = rich::rules(self.text, &self.tokens, at)
        {
            return self.rich(&rules);
        }
        if rest.is_empty() {
            // As an argument of exclude and the like there is no version to be set.
            let call = self.word(at.saturating_sub(1 + usize::from(self.is_sign(at.saturating_sub(1), &['(']))));
            if self.is_sign(at + 1, &['+']) {
                self.said.refused.push("its version is computed");
            } else if is_configuration(call) {
                let strict = if self.platform { "!!" } else { "" };
                self.said.indirect = true;
                self.push(inner.end..inner.end, format!(":{}{strict}", self.version), false, false);
            }
            return;
        }
        let Some(tail) = rest.strip_prefix(':') else { return };
        if tail.is_empty() || self.is_sign(at + 1, &['+']) {
            return self.said.refused.push("its version is computed");
        }
        let length = version_length(tail);
        let start = inner.start + self.package.len();
        let own = &tail[..length];
        self.said.indirect |= own.contains('$');
        let done = own == self.version || own.strip_suffix("!!") == Some(self.version);
        self.push(start..start + 1 + length, format!(":{}", self.version), done, false);
    }

    /// A rich version decides by its own rules, whatever the notation before it says.
    fn rich(&mut self, rules: &[rich::Rule]) {
        let decides = |rule: &&rich::Rule| matches!(rule.name, "strictly" | "require");
        match rules {
            [] => {}
            [rule] if decides(&rule) => match rule.value {
                Some(value) => self.value(value),
                None => self.said.refused.push("its version block is computed"),
            },
            _ => self.said.refused.push("its version block is not a single strictly or require"),
        }
    }

    /// `group: 'g', name: 'n', version: 'v'`, or with `=` in Kotlin.
    fn named(&mut self, at: usize) {
        let Some((group, name)) = self.package.split_once(':') else { return };
        let given = |key: usize| self.is_sign(key + 1, &[':', '=']).then(|| self.string(key + 2)).flatten();
        if self.word(at) != "group" || given(at) != Some(group) {
            return;
        }
        let mut found = (false, None);
        let mut key = at + 3;
        // No dependency has more arguments.
        while self.is_sign(key, &[',']) && key < at + 60 {
            match self.word(key + 1) {
                "name" => found.0 = given(key + 1) == Some(name),
                "version" => found.1 = Some(key + 3),
                _ => {}
            }
            key += 4;
            while self.is_sign(key, &['.']) {
                key += 2;
            }
        }
        match found {
            (true, _) if rich::rules(self.text, &self.tokens, key - 1).is_some_and(|rules| !rules.is_empty()) => {
                self.said.refused.push("its map notation has a version block");
            }
            (true, Some(value)) => self.value(value),
            (true, None) => self.said.refused.push("its map notation has no version: add one there"),
            _ => {}
        }
    }

    /// The value of a version: a string, or names joined by dots.
    fn value(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at).cloned() else { return };
        let quote = if self.kotlin { '"' } else { '\'' };
        match token.kind {
            Kind::Text => {
                let raw = &self.text[token.range.clone()];
                let quote = raw.chars().next().unwrap_or(quote);
                let done = self.string(at) == Some(self.version);
                self.push(token.range, format!("{quote}{}{quote}", self.version), done, true);
            }
            Kind::Word => {
                let mut last = at;
                while self.is_sign(last + 1, &['.']) && !self.word(last + 2).is_empty() {
                    last += 2;
                }
                if self.is_sign(last + 1, &['(', '[', '+']) {
                    return self.said.refused.push("its version is computed");
                }
                let range = token.range.start..self.tokens[last].range.end;
                self.said.indirect = true;
                self.push(range, format!("{quote}{}{quote}", self.version), false, true);
            }
            _ => self.said.refused.push("its version is computed"),
        }
    }

    /// `id("x") version "1"`, `kotlin("jvm") version "1"`.
    fn plugin(&mut self, at: usize) {
        let word = self.word(at);
        if word != "id" && word != "kotlin" {
            return;
        }
        let open = usize::from(self.is_sign(at + 1, &['(']));
        let Some(said) = self.string(at + 1 + open) else { return };
        let own = if word == "id" { said.to_owned() } else { format!("org.jetbrains.kotlin.{said}") };
        let next = at + 2 + open + usize::from(self.is_sign(at + 2 + open, &[')']));
        if own == self.package && self.word(next) == "version" {
            self.value(next + 1 + usize::from(self.is_sign(next + 1, &['('])));
        }
    }

    /// No mark may end up inside a comment or string that goes on over the line's end.
    fn guard(&mut self) {
        let lines = Lines::new(self.text);
        let mut long = self.tokens.iter().filter(|token| token.kind == Kind::Long).peekable();
        let mut places = self.said.places.iter().collect::<Vec<_>>();
        places.sort_by_key(|place| place.line);
        for place in places {
            let end = lines.around(place.line).end;
            while long.next_if(|token| token.range.end <= end).is_some() {}
            if long.peek().is_some_and(|token| token.range.start < end) {
                return self.said.refused.push("its line continues in a multi-line comment or string");
            }
        }
    }
}

/// The length of the version in what follows `group:name:`; a classifier or a type may come behind it.
fn version_length(tail: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in tail.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' | '@' if depth == 0 => return at,
            _ => {}
        }
    }
    tail.len()
}

/// Whether a word can be the name of a configuration that a dependency is added to.
fn is_configuration(word: &str) -> bool {
    let known = ["api", "implementation", "compile", "runtime", "classpath", "kapt", "ksp", "platform"];
    let ends = ["Implementation", "Api", "Only", "Processor", "Compile", "Runtime", "Platform", "Classpath"];
    known.contains(&word) || ends.iter().any(|end| word.ends_with(end))
}
