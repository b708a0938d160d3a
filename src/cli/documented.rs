//! Every command line in the documents' examples is one that the program takes.

use super::Cli;
use clap::Parser;
use pulldown_cmark::{CodeBlockKind, Event, Parser as Markdown, Tag, TagEnd};
use std::path::{Path, PathBuf};

/// Words as a shell would read them, as far as the examples go: quotes, `$(…)`, and comments.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut depth) = (Vec::new(), None::<String>, None, 0);
    for letter in line.chars() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) if depth == 0 => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) if depth == 0 => all.extend(word.take()),
            ('#', None) if depth == 0 && word.is_none() => break,
            _ => {
                depth += i32::from(letter == '(') - i32::from(letter == ')');
                word.get_or_insert_default().push(letter);
            }
        }
    }
    all.extend(word);
    all
}

/// The program's own command lines in a line of an example: `sudo`, `docker compose exec` and pipes are left out.
fn ours(line: &str) -> Vec<Vec<String>> {
    let words = words(line);
    let ends = |word: &String| ["|", "&&", ";"].contains(&word.as_str()) || word.starts_with(['<', '>']);
    let parts = words.split(ends);
    let own = |part: &[String]| {
        let at = part.iter().rposition(|word| word == "ci-rescue")?;
        let is_command = part.get(at + 1)?.starts_with(|first: char| first.is_ascii_lowercase());
        let is_other = ["systemctl", "journalctl"].iter().any(|other| part.iter().any(|word| word == other));
        (is_command && !is_other).then(|| part[at..].to_vec())
    };
    parts.filter_map(own).collect()
}

/// Why the program does not take a line.
fn refused(line: &str) -> Option<String> {
    let told = |words: Vec<String>| Cli::try_parse_from(words).err().filter(clap::Error::use_stderr);
    ours(line).into_iter().find_map(told).map(|why| format!("{line}\n{why}"))
}

fn documents(dir: &Path, out: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()) {
        let is_docs = path.is_dir() && path.components().any(|part| part.as_os_str() == "docs");
        if is_docs {
            documents(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "md") {
            out.push(path);
        }
    }
}

/// The lines of a document's examples for a shell.
fn examples(text: &str) -> Vec<String> {
    let (mut within, mut lines) = (false, Vec::new());
    for event in Markdown::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => within = &*language == "sh",
            Event::End(TagEnd::CodeBlock) => within = false,
            Event::Text(text) if within => lines.extend(text.replace("\\\n", " ").lines().map(str::to_owned)),
            _ => {}
        }
    }
    lines
}

#[test]
fn the_program_takes_every_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    documents(root, &mut all);
    let lines: Vec<String> = all.iter().flat_map(|path| examples(&std::fs::read_to_string(path).unwrap())).collect();
    let tried = lines.iter().map(|line| ours(line).len()).sum::<usize>();
    let wrong: Vec<String> = lines.iter().filter_map(|line| refused(line)).collect();
    assert!(tried > 40 && wrong.is_empty(), "{tried} tried; not taken:\n{}", wrong.join("\n"));
}

#[test]
fn a_line_that_is_not_taken_is_noticed() {
    for (line, is_taken) in [
        ("sudo -u ci-rescue ci-rescue store verify --store /var/lib/x # all of it", true),
        ("ci-rescue store backup /backup/$(date +%F).ndjson && ls", true),
        ("echo '{\"workflow\": \"x\"}' | ci-rescue route --json", true),
        ("ci-rescue history classify --json < failures.ndjson >out", true),
        ("sudo systemctl status ci-rescue", true),
        ("ci-rescue store burn", false),
        ("ci-rescue doctor --quickly", false),
        ("true && ci-rescue incident show", false),
        ("ci-rescue plan pin --repo . --package serde --version", false),
    ] {
        assert_eq!(refused(line).is_none(), is_taken, "{line}");
    }
    assert_eq!(words("a \"b c\" d# # e"), ["a", "b c", "d#"]);
}
