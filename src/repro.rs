//! A shell script that reproduces a failure from a bare machine.

mod command;
mod dotnet;
mod go;
pub mod image;
mod input;
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
mod writer;

pub use input::{Framework, Language, RepositoryFile, ScriptInput, Selector, Shard};
pub use quote::quote;

use recipe::Recipe;

/// Takes what failed and where; answers a bash script that fetches the commit, installs what it needs and runs the
/// failing tests, or every reason why there can be none. The script ends with the status of the failing command, and
/// with 125 where its own set-up failed.
///
/// # Errors
/// Every reason why there can be no script.
pub fn script(wanted: &ScriptInput) -> Result<String, Vec<String>> {
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

/// Whether the file of this path says what a repository needs: its text is to be handed in, of others the path alone.
pub fn reads(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "pytest.ini",
        "Pipfile",
        "Pipfile.lock",
        "poetry.lock",
        "uv.lock",
        "runtime.txt",
        ".python-version",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain",
        "rust-toolchain.toml",
        "package.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        ".nvmrc",
        ".node-version",
        "go.mod",
        "Gemfile",
        "Gemfile.lock",
        ".ruby-version",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        ".java-version",
        ".sdkmanrc",
        "composer.json",
        "global.json",
        ".tool-versions",
        ".gitattributes",
        ".gitmodules",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let requirements = name.starts_with("requirements") && name.ends_with(".txt");
    (NAMES.contains(&name) || requirements) && path.matches('/').count() <= 3
}

#[cfg(test)]
mod tests;
