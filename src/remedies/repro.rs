//! A shell script that reproduces a failure from a bare machine.

mod command;
mod dotnet;
mod go;
mod java;
mod manifest;
mod node;
mod node_install;
mod php;
mod preamble;
mod python;
mod python_install;
mod quote;
mod recipe;
mod ruby;
mod rust;
mod source;
mod version;
mod wanted;
mod writer;

pub use quote::quote;
pub use wanted::{Framework, Language, RepositoryFile, Selector, Shard, Wanted};

use recipe::Recipe;

/// Takes what failed and where; answers a bash script that fetches the commit, installs what it needs and runs the
/// failing tests, or every reason why there can be none. The script ends with the status of the failing command, and
/// with 125 where its own set-up failed.
///
/// # Errors
/// Every reason why there can be no script.
pub fn script(wanted: &Wanted) -> Result<String, Vec<String>> {
    let mut recipe = Recipe::new(wanted);
    source::fetch(&mut recipe);
    match wanted.framework.language() {
        Language::Python => python::write(&mut recipe),
        Language::Rust => rust::write(&mut recipe),
        Language::Node => node::write(&mut recipe),
        Language::Go => go::write(&mut recipe),
        Language::Ruby => ruby::write(&mut recipe),
        Language::Java => java::write(&mut recipe),
        Language::Php => php::write(&mut recipe),
        Language::Dotnet => dotnet::write(&mut recipe),
    }
    recipe.finish()
}

#[cfg(test)]
mod tests;
