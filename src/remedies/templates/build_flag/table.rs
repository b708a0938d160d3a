//! The flags that are known: what they are set to, and the words in a log that call for them.

/// How a flag stands in its variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The variable is the flag.
    Whole,
    /// One of several, separated by blanks; it begins with this, its value follows.
    OneOf(&'static str),
}

#[derive(Debug)]
pub struct Flag {
    pub id: &'static str,
    pub variable: &'static str,
    pub form: Form,
    pub value: &'static str,
    /// In small letters.
    pub words: &'static [&'static str],
    /// When not empty, the job has to call one of these programs.
    pub programs: &'static [&'static str],
    /// What a person has to know, a sentence; empty when there is nothing.
    pub warning: &'static str,
}

const fn flag(
    id: &'static str,
    variable: &'static str,
    form: Form,
    value: &'static str,
    words: &'static [&'static str],
) -> Flag {
    Flag { id, variable, form, value, words, programs: &[], warning: "" }
}

impl Flag {
    const fn for_programs(self, programs: &'static [&'static str]) -> Self {
        Self { programs, ..self }
    }

    const fn warns(self, warning: &'static str) -> Self {
        Self { warning, ..self }
    }
}

const JAVA_HEAP: &[&str] = &["java.lang.outofmemoryerror: java heap space", "gc overhead limit exceeded"];

/// Every flag; more specific ones first.
pub const FLAGS: &[Flag] = &[
    flag(
        "node-heap",
        "NODE_OPTIONS",
        Form::OneOf("--max-old-space-size="),
        "4096",
        &["javascript heap out of memory", "reached heap limit", "err_worker_out_of_memory"],
    ),
    flag(
        "node-openssl",
        "NODE_OPTIONS",
        Form::OneOf("--openssl-legacy-provider"),
        "",
        &["err_ossl_evp_unsupported", "digital envelope routines::unsupported", "error:0308010c"],
    )
    .warns("Node can use outdated hashes again; the permanent fix is a newer bundler."),
    flag("react-warnings", "CI", Form::Whole, "false", &["treating warnings as errors because process.env.ci = true"])
        .warns("Warnings will no longer fail this job: fix them in the code."),
    flag(
        "npm-peers",
        "NPM_CONFIG_LEGACY_PEER_DEPS",
        Form::Whole,
        "true",
        &["eresolve could not resolve", "eresolve unable to resolve"],
    )
    .warns("Conflicting peer dependencies will be installed; pinning the one that changed is safer."),
    flag("npm-retries", "NPM_CONFIG_FETCH_RETRIES", Form::Whole, "5", &["npm error network", "npm err! network"]),
    flag(
        "cargo-git-cli",
        "CARGO_NET_GIT_FETCH_WITH_CLI",
        Form::Whole,
        "true",
        &["net.git-fetch-with-cli", "failed to authenticate when downloading repository"],
    ),
    flag("cargo-retries", "CARGO_NET_RETRY", Form::Whole, "10", &["spurious network error"]),
    flag(
        "cargo-incremental",
        "CARGO_INCREMENTAL",
        Form::Whole,
        "0",
        &["found unstable fingerprints", "incremental compilation session", "dep graph node"],
    ),
    flag("rust-stack", "RUST_MIN_STACK", Form::Whole, "16777216", &["rust_min_stack", "has overflowed its stack"]),
    flag("cargo-jobs", "CARGO_BUILD_JOBS", Form::Whole, "2", &["(signal: 9, sigkill: kill)"]).for_programs(&["cargo"]),
    flag(
        "gradle-daemon",
        "GRADLE_OPTS",
        Form::OneOf("-Dorg.gradle.daemon="),
        "false",
        &[
            "daemon disappeared unexpectedly",
            "could not receive a message from the daemon",
            "unable to start the daemon process",
        ],
    ),
    flag("gradle-heap", "GRADLE_OPTS", Form::OneOf("-Dorg.gradle.jvmargs=-Xmx"), "3g", JAVA_HEAP)
        .for_programs(&["gradle", "gradlew"])
        .warns("This overrides org.gradle.jvmargs in gradle.properties."),
    flag("maven-heap", "MAVEN_OPTS", Form::OneOf("-Xmx"), "3g", JAVA_HEAP).for_programs(&["mvn", "mvnw"]),
    flag("sbt-heap", "SBT_OPTS", Form::OneOf("-Xmx"), "3g", JAVA_HEAP).for_programs(&["sbt"]),
    flag("pip-system", "PIP_BREAK_SYSTEM_PACKAGES", Form::Whole, "1", &["externally-managed-environment"])
        .warns("pip will install into the system Python; the permanent fix is a virtual environment."),
    flag(
        "pip-timeout",
        "PIP_DEFAULT_TIMEOUT",
        Form::Whole,
        "120",
        &["pypi.org', port=443): read timed out", "files.pythonhosted.org', port=443): read timed out"],
    ),
    flag("uv-timeout", "UV_HTTP_TIMEOUT", Form::Whole, "300", &["uv_http_timeout"]),
    flag("python-utf8", "PYTHONUTF8", Form::Whole, "1", &["'charmap' codec can't"]),
    flag(
        "go-mod",
        "GOFLAGS",
        Form::OneOf("-mod="),
        "mod",
        &["missing go.sum entry", "updates to go.mod needed", "inconsistent vendoring"],
    )
    .warns("Go will change go.mod and go.sum during the build; the permanent fix is to run `go mod tidy` and commit."),
    flag(
        "dotnet-icu",
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT",
        Form::Whole,
        "1",
        &["couldn't find a valid icu package"],
    )
    .warns("Dates, numbers and sorting will use the invariant culture in this job."),
    flag(
        "cmake-policy",
        "CMAKE_POLICY_VERSION_MINIMUM",
        Form::Whole,
        "3.5",
        &["compatibility with cmake < 3.5 has been removed"],
    ),
    flag(
        "qt-offscreen",
        "QT_QPA_PLATFORM",
        Form::Whole,
        "offscreen",
        &["could not load the qt platform plugin \"xcb\"", "qt.qpa.xcb: could not connect to display"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sound() {
        let ids: BTreeSet<&str> = FLAGS.iter().map(|flag| flag.id).collect();
        assert_eq!(ids.len(), FLAGS.len());
        for flag in FLAGS {
            assert!(!flag.words.is_empty(), "{}", flag.id);
            assert!(flag.words.iter().all(|words| **words == words.to_ascii_lowercase()), "{}", flag.id);
            assert!(flag.warning.is_empty() || flag.warning.ends_with('.'), "{}", flag.id);
        }
    }
}
