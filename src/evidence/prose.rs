//! What scripts say in words of their own before they fail: which of a step's last lines tells what is wrong.

use regex::Regex;
use std::sync::LazyLock;

/// What refuses: the words in which people write that something is not as it has to be.
static REFUSES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)\b(?: not | no | never | cannot | can'?t | couldn'?t | could\ not | doesn'?t | isn'?t | aren'?t | must | should
        | without | missing | lacks? | absent | expected | unexpected | required? | invalid | illegal | malformed | wrong
        | differs? | different | mismatch\w* | conflict\w* | diverg\w+ | outdated | stale | out\ of\ (?:date|sync) | drift\w*
        | unable | denied | forbidden | refus\w+ | reject\w+ | disallowed | prohibited | violat\w+ | unsupported | unknown
        | undefined | unresolved | unreachable | unhealthy | uncommitted | untracked | dirty | duplicate\w* | already
        | exceed\w* | over | above | below | under | larger | smaller | slower | fewer | too\ \w+ | regress\w+ | dropped
        | broken | corrupt\w* | abort\w* | crash\w* | fail\w* | errors? | bad | gone | expired | timed?\ ?out )\b",
    )
    .expect("a pattern")
});

/// What to do about it, or where to read more, is not what is wrong.
static ADVISES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W*(?:please|run|re-?run|try|to (?:fix|resolve|update|see|apply|regenerate|reproduce|skip)|hint|help|note|tip|see|use|learn|read|visit|consider|you (?:can|may)|fix (?:it|this|these|them|with)|for (?:more|details|help)|more (?:info|details)|if (?:you|this)|then|add the)\b|^\W*(?:details|docs?|documentation|usage): ",
    )
    .expect("a pattern")
});

/// It went well, or is under way.
static GOES_WELL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:ok|done|passed|success\w*|finished|completed|uploading|saved|cleaning|stopping)\b|^\s*[✓✔√]|\bok$|\b(?:no|0|without) (?:issues?|errors?|problems?|warnings?|failures?|changes|differences)\b")
        .expect("a pattern")
});

static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\S*[\w-]\.\w+:\d+(?::\d+)?(?::| -)? \S").expect("a pattern"));

/// Whether a line says that something is not as it has to be.
pub fn refuses(line: &str) -> bool {
    !ADVISES.is_match(line) && REFUSES.is_match(line)
}

/// How much a line says of what is wrong; 0 says nothing of it, less is better passed over.
fn says(line: &str) -> i32 {
    const REFUSAL: i32 = 3;
    const AT_PLACE: i32 = 2;
    const MARKED: i32 = 2;
    let line = line.trim();
    if ADVISES.is_match(line) || GOES_WELL.is_match(line) {
        return -1;
    }
    let marked = line.starts_with(['✗', '✖', '✘', '❌', '×', '🚨', '⛔']);
    REFUSAL * i32::from(REFUSES.is_match(line))
        + AT_PLACE * i32::from(PLACE.is_match(line))
        + MARKED * i32::from(marked)
}

/// Of lines, last first, the one that says most; of equals the last, and the last of all where none says anything.
pub fn telling<'l>(lines: impl Iterator<Item = (u64, &'l str)>) -> Option<(u64, &'l str)> {
    const LOOKED_AT: usize = 12;
    let mut best: Option<(i32, (u64, &str))> = None;
    for line in lines.take(LOOKED_AT) {
        let said = says(line.1);
        if best.is_none_or(|(most, _)| said > most) {
            best = Some((said, line));
        }
    }
    best.map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_from_what_to_do_about_it() {
        let first = |lines: &[&str]| {
            let numbered = lines.iter().enumerate().rev().map(|(at, line)| (at as u64, *line));
            telling(numbered).map(|(_, line)| line.to_owned())
        };
        for (lines, want) in [
            (&["Checking 12 modules", "Tag v1.2.4 does not match version 1.2.3", "Run make tag and push it"][..], 1),
            (&["✗ docs/api.md is out of date", "  regenerated in 2 s", "See https://acme.dev/docs"], 0),
            (&["comparing", "3 files differ", "a.yml", "b.yml", "c.yml"], 1),
            (&["bundle: 312 kB", "limit: 300 kB"], 1),
            (&["app/order.rb:27: Method `tenant` on NilClass", "1 of 40 checked"], 0),
            (&["no changelog entry for 1.4.0", "System check identified no issues (0 silenced)."], 0),
            (&["Deprecated in 2 places", "/w/tests/CartTest.php:12"], 1),
            (&["please wait", "done"], 1),
        ] {
            assert_eq!(first(lines).as_deref(), Some(lines[want]), "{lines:?}");
        }
        assert_eq!(first(&[]), None);
    }
}
