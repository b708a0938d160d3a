//! `go.mod` by lines: where modules are required, replaced and excluded.

use crate::edit::lines::Lines;
use crate::edit::version::semantic;
use std::cmp::Ordering;
use std::ops::Range;

/// What a line of `go.mod` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Require,
    Replace,
    Exclude,
    Other,
}

/// A line about one module.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    pub(super) verb: Verb,
    pub(super) module: String,
    /// The version behind the module's name; empty where there is none.
    pub(super) version: Range<usize>,
    /// The version behind the replacing module's name; empty where there is none.
    pub(super) target_version: Range<usize>,
    /// Whether it replaces the module by itself at another version.
    pub(super) by_itself: bool,
    /// Without its line break.
    pub(super) line: Range<usize>,
}

/// The words of a line with their positions, without its comment.
fn words(line: &str, base: usize) -> Vec<(Range<usize>, &str)> {
    let code = line.find("//").map_or(line, |at| &line[..at]);
    let mut out = Vec::new();
    let mut rest = 0;
    for word in code.split_ascii_whitespace() {
        let at = rest + code[rest..].find(word).unwrap_or_default();
        rest = at + word.len();
        out.push((base + at..base + rest, word));
    }
    out
}

fn verb(word: &str) -> Verb {
    match word {
        "require" => Verb::Require,
        "replace" => Verb::Replace,
        "exclude" => Verb::Exclude,
        _ => Verb::Other,
    }
}

/// Every line of a `go.mod` or `go.work` that is about a module.
pub(super) fn directives(text: &str) -> Vec<Directive> {
    let mut out = Vec::new();
    let mut block = None;
    for (line, said) in Lines::new(text).all() {
        let mut words = words(said, line.start);
        if block.is_some() && words.first().is_some_and(|(_, word)| *word == ")") {
            block = None;
            continue;
        }
        let verb = match block {
            Some(verb) => verb,
            None if words.is_empty() => continue,
            None => verb(words.remove(0).1),
        };
        if block.is_none() && words.first().is_some_and(|(_, word)| *word == "(") {
            block = Some(verb);
            continue;
        }
        out.extend(directive(verb, &words, line));
    }
    out
}

/// Whether a block is never closed: what is added below would stand in it.
pub(super) fn is_open(text: &str) -> bool {
    let mut open = false;
    for (line, said) in Lines::new(text).all() {
        let words = words(said, line.start);
        let is = |at: usize, what: &str| words.get(at).is_some_and(|(_, word)| *word == what);
        open = if open { !is(0, ")") } else { is(1, "(") };
    }
    open
}

fn directive(verb: Verb, words: &[(Range<usize>, &str)], line: Range<usize>) -> Option<Directive> {
    let (name, module) = words.first()?;
    let plain = |word: &str| word.trim_matches(['"', '`']).to_owned();
    let none = name.end..name.end;
    let arrow = words.iter().position(|(_, word)| *word == "=>");
    let version = words.get(1).filter(|_| arrow != Some(1)).map_or(none.clone(), |(range, _)| range.clone());
    let target = arrow.and_then(|at| words.get(at + 1));
    let target_version = arrow.and_then(|at| words.get(at + 2)).map_or(none, |(range, _)| range.clone());
    let by_itself = target.is_some_and(|(_, target)| plain(target) == plain(module)) && !target_version.is_empty();
    Some(Directive { verb, module: plain(module), version, target_version, by_itself, line })
}

/// Compares versions of modules.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    semantic(a.trim_start_matches('v'), b.trim_start_matches('v'))
}

/// Whether this can be the path of a module that is fetched.
pub(super) fn is_path(module: &str) -> bool {
    let first = module.split('/').next().unwrap_or_default();
    module.len() <= 200
        && first.contains('.')
        && module.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'))
        && !first.starts_with('-')
        && module.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/".contains(c))
}

/// The version with its `v`, or why it cannot be one of this module.
pub(super) fn canonical(module: &str, version: &str) -> Result<String, String> {
    let bare = version.strip_prefix('v').unwrap_or(version);
    let (public, build) = bare.split_once('+').map_or((bare, None), |(public, build)| (public, Some(build)));
    let core = public.split('-').next().unwrap_or_default();
    let numbers = core.split('.').collect::<Vec<_>>();
    let number = |text: &&str| text.bytes().all(|b| b.is_ascii_digit()) && (*text == "0" || !text.starts_with('0'));
    let pre_fits = public[core.len()..].is_empty() || public.len() > core.len() + 1;
    let whole = numbers.len() == 3 && numbers.iter().all(|text| !text.is_empty() && number(text)) && pre_fits;
    if !whole || public.contains(['!', '~', '_']) || build.is_some_and(|build| build != "incompatible") {
        return Err("Go needs a full version such as v1.2.3, a pseudo-version, or one with +incompatible.".to_owned());
    }
    let major = numbers.first().copied().unwrap_or_default();
    let last = module.rsplit('/').next().unwrap_or_default();
    let suffix = last.strip_prefix('v').or_else(|| last.rsplit_once(".v").map(|(_, major)| major));
    let suffix = suffix.filter(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()));
    let early = major == "0" || major == "1";
    let fits = match suffix {
        Some(suffix) => {
            suffix == major || (early && suffix == "1") || (major == "0" && module.starts_with("gopkg.in/"))
        }
        None => early != build.is_some(),
    };
    if !fits {
        return Err(format!(
            "Major version {major} does not match this module path: use the path that ends in its major \
             version, or +incompatible where the module has no go.mod."
        ));
    }
    Ok(format!("v{bare}"))
}
