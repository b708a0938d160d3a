//! Which files hold tests, and which grammar reads them.

use tree_sitter::{Language, Tree};

use crate::frameworks::syntax;

pub const EXTENSIONS: [&str; 9] = ["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "es6"];
const INFIXES: [&str; 7] = [".test.", ".spec.", "-test.", "_test.", ".e2e.", ".cy.", "-spec."];
const FOLDERS: [&str; 6] = ["__tests__", "test", "tests", "spec", "e2e", "integration"];
const FOREIGN: [&str; 4] = ["node_modules", "dist", "__snapshots__", ".git"];

/// Whether the file is JavaScript or TypeScript, by its name.
pub fn is_script(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// Whether the file's own name says that it holds tests.
pub fn has_test_name(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    is_script(path) && INFIXES.iter().any(|infix| file.contains(infix))
}

/// Whether a file of this path may hold tests of any of the four frameworks.
pub fn reads(path: &str) -> bool {
    let declaration = [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end));
    if !is_script(path) || declaration || path.split('/').any(|folder| FOREIGN.contains(&folder)) {
        return false;
    }
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    has_test_name(path) || folders.split('/').any(|folder| FOLDERS.contains(&folder))
}

/// A parsed source, and the grammar that understood it best.
pub struct Parsed {
    pub tree: Tree,
    pub language: Language,
    /// How many places the parser did not understand.
    pub errors: usize,
}

/// Parses by the grammar that the path's extension asks for. None when the source is too large, or mostly not of
/// this language.
pub fn parse(path: &str, text: &str) -> Option<Parsed> {
    let extension = path.rsplit('.').next().unwrap_or("");
    let typescript: Language = match extension {
        "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        _ => tree_sitter_typescript::LANGUAGE_TSX.into(),
    };
    if matches!(extension, "ts" | "mts" | "cts" | "tsx") {
        return parse_by(typescript, text);
    }
    let plain = parse_by(tree_sitter_javascript::LANGUAGE.into(), text);
    if plain.as_ref().is_some_and(|plain| plain.errors == 0) {
        return plain;
    }
    // Flow's type annotations in a `.js` file are near enough to TypeScript's.
    let typed = parse_by(typescript, text);
    [plain, typed].into_iter().flatten().min_by_key(|parsed| parsed.errors)
}

/// Parses by a given grammar.
pub fn parse_by(language: Language, text: &str) -> Option<Parsed> {
    let tree = syntax::parse(&language, text)?;
    let errors = syntax::errors(&tree);
    Some(Parsed { tree, language, errors })
}
