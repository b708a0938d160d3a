//! The tools whose versions workflows choose, and which values move.

/// A tool, and the actions that install it.
#[derive(Debug, PartialEq, Eq)]
pub struct Tool {
    pub id: &'static str,
    /// Other names that people use.
    pub names: &'static [&'static str],
    /// An action, and its input for the version.
    pub actions: &'static [(&'static str, &'static str)],
    /// Without an input the newest is taken, so that one can be added.
    pub can_add: bool,
}

pub const RUST: &str = "rust";
pub const IMAGE: &str = "image";

pub const TOOLS: &[Tool] = &[
    Tool {
        id: "node",
        names: &["nodejs", "node.js", "setup-node", "node-version"],
        actions: &[("actions/setup-node", "node-version")],
        can_add: true,
    },
    Tool {
        id: "python",
        names: &["python3", "py", "setup-python", "python-version", "cpython"],
        actions: &[("actions/setup-python", "python-version")],
        can_add: true,
    },
    Tool {
        id: "go",
        names: &["golang", "setup-go", "go-version"],
        actions: &[("actions/setup-go", "go-version")],
        can_add: true,
    },
    Tool {
        id: "java",
        names: &["jdk", "openjdk", "setup-java", "java-version"],
        actions: &[("actions/setup-java", "java-version")],
        can_add: true,
    },
    Tool {
        id: RUST,
        names: &["rustc", "toolchain", "rust-toolchain", "rustup"],
        actions: &[
            ("dtolnay/rust-toolchain", "toolchain"),
            ("actions-rs/toolchain", "toolchain"),
            ("actions-rust-lang/setup-rust-toolchain", "toolchain"),
        ],
        can_add: false,
    },
    Tool {
        id: "ruby",
        names: &["setup-ruby", "ruby-version"],
        actions: &[("ruby/setup-ruby", "ruby-version")],
        can_add: false,
    },
    Tool { id: "uv", names: &["setup-uv"], actions: &[("astral-sh/setup-uv", "version")], can_add: true },
    Tool { id: "pnpm", names: &[], actions: &[("pnpm/action-setup", "version")], can_add: false },
    Tool {
        id: "dotnet",
        names: &[".net", "setup-dotnet", "dotnet-version"],
        actions: &[("actions/setup-dotnet", "dotnet-version")],
        can_add: false,
    },
    Tool {
        id: "php",
        names: &["setup-php", "php-version"],
        actions: &[("shivammathur/setup-php", "php-version")],
        can_add: true,
    },
    Tool {
        id: "bun",
        names: &["setup-bun", "bun-version"],
        actions: &[("oven-sh/setup-bun", "bun-version")],
        can_add: true,
    },
    Tool {
        id: "deno",
        names: &["setup-deno", "deno-version"],
        actions: &[("denoland/setup-deno", "deno-version")],
        can_add: true,
    },
    Tool { id: "golangci-lint", names: &[], actions: &[("golangci/golangci-lint-action", "version")], can_add: true },
    Tool { id: "poetry", names: &["install-poetry"], actions: &[("snok/install-poetry", "version")], can_add: true },
    Tool { id: IMAGE, names: &["runs-on", "runner"], actions: &[], can_add: false },
];

/// The tool that people call so.
pub fn by_name(name: &str) -> Option<&'static Tool> {
    let name = name.to_ascii_lowercase();
    TOOLS.iter().find(|tool| tool.id == name || tool.names.contains(&name.as_str()))
}

/// The tool that an action installs, and the input for its version.
pub fn by_action(action: &str) -> Option<(&'static Tool, &'static str)> {
    TOOLS.iter().find_map(|tool| tool.actions.iter().find(|(name, _)| *name == action).map(|(_, input)| (tool, *input)))
}

/// Whether what a value means changes with time.
pub fn moves(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "",
        "*",
        "x",
        "latest",
        "current",
        "node",
        "lts",
        "stable",
        "oldstable",
        "beta",
        "nightly",
        "canary",
        "tip",
        "head",
        "edge",
        "dev",
        "main",
        "master",
        "default",
        "system",
        "ruby",
        "jruby",
        "truffleruby",
        "rc",
    ];
    let value = value.trim().to_ascii_lowercase();
    let is_range = value.starts_with(['^', '~', '>', '<', '=']) || value.contains(" - ") || value.contains("||");
    let has_wildcard = value.split(['.', '-']).any(|part| matches!(part, "x" | "*"));
    WORDS.contains(&value.as_str())
        || value.starts_with("lts/")
        || value.ends_with("-latest")
        || is_range
        || has_wildcard
}

/// Whether `wanted` says more exactly what `value` says: 20.11.1 of 20.
pub fn refines(wanted: &str, value: &str) -> bool {
    wanted.strip_prefix(value.trim()).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether one version of numbers is older than another.
pub fn is_older(one: &str, other: &str) -> bool {
    let numbers = |text: &str| {
        let start = text.trim_start_matches(['v', 'V']).split(['-', '+']).next().unwrap_or_default().to_owned();
        start.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>()
    };
    match (numbers(one), numbers(other)) {
        // What one of them leaves open is not compared.
        (Some(one), Some(other)) => one.iter().zip(&other).find(|(a, b)| a != b).is_some_and(|(a, b)| a < b),
        _ => false,
    }
}

/// The family of a runner's image: `ubuntu` of `ubuntu-24.04`. None when it is no image of GitHub's.
pub fn family(label: &str) -> Option<&'static str> {
    let family = ["ubuntu", "windows", "macos"]
        .into_iter()
        .find(|family| label.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')))?;
    let rest = &label[family.len() + 1..];
    let version = rest.split('-').next().unwrap_or_default();
    let is_number = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_known_suffix = rest[version.len()..].is_empty()
        || ["-arm", "-large", "-xlarge", "-intel", "-vs2026"].contains(&&rest[version.len()..]);
    ((version == "latest" || is_number) && is_known_suffix).then_some(family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_move() {
        for value in
            ["latest", "lts/*", "LTS", "3.x", "20.x", ">=18", "^1.21", "stable", "temurin-latest", "*", "3.13 - 3.14"]
        {
            assert!(moves(value), "{value}");
        }
        for value in ["20", "3.10", "1.81.0", "nightly-2024-05-01", "20.11.1", "0.4.x1"] {
            assert!(!moves(value), "{value}");
        }
        assert!(refines("20.11.1", "20") && !refines("20", "20") && !refines("201.1", "20"));
        assert!(is_older("1.21", "1.22") && !is_older("1.22.3", "1.22") && is_older("9", "10") && !is_older("x", "1"));
    }

    #[test]
    fn images_have_families() {
        for (label, found) in [
            ("ubuntu-latest", Some("ubuntu")),
            ("ubuntu-24.04-arm", Some("ubuntu")),
            ("macos-14", Some("macos")),
            ("ubuntu-latest-8-cores", None),
            ("ubuntu", None),
            ("windows-", None),
            ("self-hosted", None),
        ] {
            assert_eq!(family(label), found, "{label}");
        }
    }
}
