//! The guides that an analyst is shown: `rules/guides/*.md` and the operator's, found by their words (BM25).

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};
use include_dir::{Dir, include_dir};
use std::collections::{BTreeMap, HashSet};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/guides");

/// A section of a guide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The guide's title and the section's: `Docker and containers: The registry limits pulls`.
    pub name: String,
    pub text: String,
}

/// All sections, ready to be searched.
pub struct Guides {
    sections: Vec<Section>,
    // Words are kept as hashes: those of 32 bits may collide.
    embedder: Embedder<u64, Words>,
    scorer: Scorer<usize, u64>,
}

impl std::fmt::Debug for Guides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guides").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}

impl Guides {
    /// The shipped guides and these, by name; one of the same name replaces a shipped one.
    #[must_use]
    pub fn new(own: &BTreeMap<String, String>) -> Self {
        let shipped = FILES.files().filter_map(|file| {
            let name = file.path().file_stem()?.to_str()?;
            Some((name.to_owned(), file.contents_utf8()?.to_owned()))
        });
        let mut all: BTreeMap<String, String> = shipped.collect();
        all.extend(own.iter().map(|(name, text)| (name.clone(), text.clone())));
        let sections: Vec<Section> = all.iter().flat_map(|(name, text)| sections(name, text)).collect();
        let texts: Vec<String> = sections.iter().map(|one| format!("{}\n{}", one.name, one.text)).collect();
        let corpus: Vec<&str> = texts.iter().map(String::as_str).collect();
        let embedder = EmbedderBuilder::<u64, Words>::with_tokenizer_and_fit_to_corpus(Words, &corpus).build();
        let mut scorer = Scorer::new();
        for (at, text) in texts.iter().enumerate() {
            scorer.upsert(&at, embedder.embed(text));
        }
        Self { sections, embedder, scorer }
    }

    /// The sections that fit best, best first. Each word counts once, however often it was logged.
    #[must_use]
    pub fn find(&self, lines: &str, most: usize) -> Vec<&Section> {
        let mut seen = HashSet::new();
        let mut query = self.embedder.embed(lines);
        query.0.retain(|token| seen.insert(token.index));
        let found = self.scorer.matches(&query);
        let mut found: Vec<(usize, f32)> = found.into_iter().map(|one| (one.id, one.score)).collect();
        // Equal ones come in the order of a hash map.
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.into_iter().take(most).filter_map(|(at, _)| self.sections.get(at)).collect()
    }
}

/// A guide's parts between its second headings; without any, the whole of it.
fn sections(name: &str, text: &str) -> Vec<Section> {
    let mut title = name.to_owned();
    let mut found: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("# ") {
            words.trim().clone_into(&mut title);
        } else if let Some(words) = line.strip_prefix("## ") {
            found.push(Section { name: format!("{title}: {}", words.trim()), text: String::new() });
        } else if let Some(last) = found.last_mut() {
            last.text.push_str(line);
            last.text.push('\n');
        }
    }
    if found.is_empty() && !text.trim().is_empty() {
        found.push(Section { name: title, text: text.to_owned() });
    }
    found
}

/// Lower-case words, and pairs of neighbours, so that a whole message counts for more than its words. `.`, `_`, `-` and `+`
/// hold a word together, which is found by its parts as well: `libcuda.so.1`, `GLIBC_2.38`.
#[derive(Clone, Copy, Debug, Default)]
struct Words;

/// Words that say nothing.
const STOP: &[&str] = &[
    "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "not", "of", "on", "or", "that",
    "the", "this", "to", "was", "with",
];

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let joins = |c: char| matches!(c, '.' | '_' | '-' | '+');
        let kept = |word: &str| word.len() > 1 && !STOP.contains(&word);
        let text = text.to_lowercase();
        let (mut words, mut last) = (Vec::new(), None);
        for word in text.split(|c: char| !c.is_alphanumeric() && !joins(c)) {
            let word = word.trim_matches(joins);
            if !kept(word) {
                continue;
            }
            words.push(word.to_owned());
            if word.contains(joins) {
                words.extend(word.split(joins).filter(|part| kept(part)).map(str::to_owned));
            }
            if let Some(last) = last.replace(word) {
                words.push(format!("{last} {word}"));
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_failure_finds_its_guide() {
        let guides = Guides::new(&BTreeMap::new());
        for (line, want) in [
            ("toomanyrequests: You have reached your pull rate limit", "Docker"),
            ("./tool: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./tool)", "Linux"),
            ("RuntimeError: CUDA error: no kernel image is available for execution on the device", "CUDA"),
            ("link.exe not found: the MSVC toolchain is missing", "Windows"),
            ("The engine plan file is generated on an incompatible device, expecting compute 8.7", "Jetson"),
        ] {
            let found = guides.find(line, 3);
            assert!(
                found[0].name.contains(want),
                "{line}: {:?}",
                found.iter().map(|one| &one.name).collect::<Vec<_>>()
            );
            assert!(!found[0].text.is_empty());
        }
        assert!(guides.find("zzqq xxyy", 3).is_empty());
    }

    #[test]
    fn the_operators_guides_count_too() {
        let own = [(
            "house".to_owned(),
            "# Our house\n\n## The licence server is down\n- Messages: `flexlm -15,570`\n".to_owned(),
        )];
        let guides = Guides::new(&own.into());
        assert_eq!(guides.find("error flexlm -15,570", 1)[0].name, "Our house: The licence server is down");
        let guides = Guides::new(&[("docker".to_owned(), "no headings at all".to_owned())].into());
        assert_eq!(guides.find("headings", 1)[0].name, "docker");
        assert!(guides.find("toomanyrequests", 1).is_empty(), "it replaces the shipped one");
    }

    proptest! {
        #[test]
        fn any_text_is_ranked(line in ".{0,200}") {
            let guides = Guides::new(&BTreeMap::new());
            let found = guides.find(&line, 3);
            prop_assert!(found.len() <= 3);
            prop_assert_eq!(found, guides.find(&line, 3));
        }
    }
}
