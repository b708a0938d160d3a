//! Documents that are made from the code. `CI_RESCUE_WRITE_DOCS=1` writes them; without it, a difference is a failure.

use super::root;
use std::fs;

const AGAIN: &str =
    "`just docs` writes it (CI_RESCUE_WRITE_DOCS=1 cargo test --locked --test it docs::): look at the difference";

/// Whether it is as it should be now.
pub fn keep(path: &str, made: &str) {
    let file = root().join(path);
    if fs::read_to_string(&file).unwrap_or_default() == made {
        return;
    }
    assert!(std::env::var_os("CI_RESCUE_WRITE_DOCS").is_some(), "{path} is not what the code says.\n{AGAIN}");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, made).unwrap();
}

/// The same for one table of a document, which is found by its head.
pub fn keep_table(path: &str, table: &str) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let head = table.lines().next().unwrap();
    let before: usize = text.find(&format!("\n{head}\n")).unwrap_or_else(|| panic!("{path} has no table {head}")) + 1;
    let old: usize = text[before..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    keep(path, &format!("{}{table}{}", &text[..before], &text[before + old..]));
}

/// A cell: what would end it is escaped, and it is one line.
pub fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// `RedNight` as `red_night`.
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// The text of a docstring.
pub fn documented(attributes: &[syn::Attribute]) -> String {
    let line = |attribute: &syn::Attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(literal) = &pair.value else { return None };
        let syn::Lit::Str(text) = &literal.lit else { return None };
        pair.path.is_ident("doc").then(|| text.value().trim().to_owned())
    };
    attributes.iter().filter_map(line).collect::<Vec<_>>().join(" ")
}
