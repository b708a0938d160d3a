//! Reads the tables in data/repro: `=== name`, fields, `--- path` with the text of a file, and what must come of it.

use super::super::{Framework, Language, RepositoryFile, ScriptInput, Selector, Shard};
use super::SHA;

pub struct Case {
    pub name: String,
    pub wanted: ScriptInput,
    /// Must be in the script, in this order.
    pub expected: Vec<String>,
    pub absent: Vec<String>,
    pub refused: Vec<String>,
}

const TABLES: [&str; 9] = [
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/python.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/node.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/rust.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/go.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/ruby.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/java.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/php.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/dotnet.txt")),
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/repro/refused.txt")),
];

pub fn all_cases() -> Vec<Case> {
    TABLES.iter().flat_map(|table| table.split("=== ").skip(1)).map(read_case).collect()
}

fn language(name: &str) -> Language {
    match name {
        "python" => Language::Python,
        "rust" => Language::Rust,
        "node" => Language::Node,
        "go" => Language::Go,
        "ruby" => Language::Ruby,
        "java" => Language::Java,
        "php" => Language::Php,
        "dotnet" => Language::Dotnet,
        _ => panic!("{name}"),
    }
}

fn read_case(text: &str) -> Case {
    let mut lines = text.lines();
    let mut case = Case {
        name: lines.next().unwrap().trim().to_owned(),
        wanted: ScriptInput::new("https://github.com/example/sample.git", SHA, Framework::Pytest),
        expected: Vec::new(),
        absent: Vec::new(),
        refused: Vec::new(),
    };
    let mut file: Option<RepositoryFile> = None;
    for line in lines {
        if let Some(path) = line.strip_prefix("--- ") {
            case.wanted.files.extend(file.take());
            file = Some(RepositoryFile { path: path.to_owned(), text: None });
        } else if line == "---" {
            case.wanted.files.extend(file.take());
        } else if let Some(file) = &mut file {
            let text = file.text.get_or_insert_default();
            text.push_str(line);
            text.push('\n');
        } else if let Some((field, value)) = line.split_once(": ") {
            read_field(&mut case, field, &value.replace("\\n", "\n").replace("\\e", "\u{1b}"));
        }
    }
    case.wanted.files.extend(file);
    case
}

fn read_field(case: &mut Case, field: &str, value: &str) {
    let wanted = &mut case.wanted;
    match field {
        "framework" => {
            wanted.framework = match value.strip_prefix("command ") {
                Some(name) => Framework::Command(language(name)),
                None => Framework::from_name(value).unwrap(),
            }
        }
        "url" => value.clone_into(&mut wanted.repo_url),
        "sha" => value.clone_into(&mut wanted.sha),
        "test" => wanted.selectors.push(Selector::from_text(value)),
        "named" => {
            let (file, name) = value.split_once(" | ").unwrap();
            wanted.selectors.push(Selector::new(file, name));
        }
        "file" => wanted.selectors.push(Selector::of_file(value)),
        "command" => wanted.command = Some(value.to_owned()),
        "dir" => wanted.working_directory = Some(value.to_owned()),
        "matrix" => {
            let (key, value) = value.split_once('=').unwrap();
            wanted.matrix.push((key.to_owned(), value.to_owned()));
        }
        "shard" => {
            let (index, total) = value.split_once('/').unwrap();
            wanted.shard = Some(Shard { index: index.parse().unwrap(), total: total.parse().unwrap() });
        }
        "expect" => case.expected.push(value.to_owned()),
        "absent" => case.absent.push(value.to_owned()),
        "refused" => case.refused.push(value.to_owned()),
        _ => panic!("{}: {field}", case.name),
    }
}
