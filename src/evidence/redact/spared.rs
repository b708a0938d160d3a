//! What a name such as `token=` announces and is no secret: placeholders, references to variables, parameters of tests.

use regex::Regex;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::LazyLock;

/// Where a name of a test begins and ends that frameworks print, with its parameters.
static TESTS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // pytest's ids, and the headers of its failures.
        r"\.py::[^\s\[]+\[.*\]",
        r"^_{3,} .*\[.*\] _{3,}$",
        // Go's, with subtests; libtest's.
        r"(?:--- (?:FAIL|PASS|SKIP): |=== (?:RUN|PAUSE|CONT|NAME|FAIL:) +)\S+",
        r"^test \S.* \.\.\. ",
        // Java's: parameters in brackets, Surefire's and Gradle's lines.
        r"\w+\[.*\]\([\w.$]+\)|^.*<<< (?:FAILURE|ERROR)!|^.* > .* FAILED$",
        // Jest's, Vitest's, Mocha's and Playwright's titles; PHPUnit's data sets; .NET's arguments.
        r"^\s*(?:●|✕|✗|×|✓|√) .*$|^\s*FAIL +\S+\.[cm]?[jt]sx? > .*$|\bwith data set .*$|^\s*Failed \S+\(.*\) \[",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).expect("a pattern"))
    .collect()
});

/// References to where the value stands.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:\$|%\w+%|\{\{|<|\(|process\.env\b|import\.meta\b|os\.(?:environ|getenv)\b|System\.getenv\b|ENV\[|env[.(:]|",
        r"\w+\(.*\)$|(?:[a-z_]{2,}\.)+[a-z_]{2,}$|secrets\.|vars\.|inputs\.|github\.|self\.|this\.|config\.|settings\.|std::env|Environment\.)",
    ))
    .expect("a pattern")
});

/// A class with its package, and an object's hash.
static QUALIFIED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:[a-z]{2,}\.){2,}[A-Z][a-z]+[A-Za-z]*(?:@[0-9a-f]{4,8})?$").expect("a pattern"));

/// A file's name.
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[\w./-]+\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kt|cs|php|json|ya?ml|toml|xml|html|txt|md|pem|crt|sh|log)$",
    )
    .expect("a pattern")
});

/// Names of keys and tokens that are no secrets, and of digests.
static PUBLIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:^|[^a-z])(?:cache|restore|public|publishable|primary|foreign|sort|partition|hash|row|dict|map|routing|idempotency|",
        r"host|fingerprint|next|page|continuation|eos|bos|pad|stop|special|translation|message|registry|object|lock|",
        r"dedup\w*|config|build)[_. -]?(?:key|token)s?\W*$|\bsha\d+[-_]$",
    ))
    .expect("a pattern")
});

/// A name is looked for in so many bytes before the value.
const NAME_MAX: usize = 40;

/// Values that say what belongs there.
const DESCRIPTIONS: [&str; 12] = [
    "boolean",
    "false",
    "incorrect",
    "invalid",
    "missing",
    "number",
    "password",
    "required",
    "secret",
    "string",
    "token",
    "unknown",
];

/// Words of which a placeholder consists.
const PLACEHOLDER: [&str; 22] = [
    "changeit",
    "changeme",
    "dummy",
    "example",
    "fake",
    "here",
    "hidden",
    "insert",
    "masked",
    "mock",
    "mytoken",
    "none",
    "null",
    "placeholder",
    "redacted",
    "removed",
    "replace",
    "sample",
    "todo",
    "undefined",
    "xxx",
    "your",
];

/// A text that is looked at place by place.
pub struct Around<'t> {
    text: &'t str,
    /// Where each pattern finds names of tests, once somebody asks: a line may hold thousands of places.
    tests: OnceCell<Vec<Vec<Range<usize>>>>,
}

impl<'t> Around<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, tests: OnceCell::new() }
    }

    /// Whether what stands at `range` is no secret, whatever the name before it says.
    pub fn is_harmless(&self, range: Range<usize>) -> bool {
        let before = &self.text.as_bytes()[range.start.saturating_sub(NAME_MAX)..range.start];
        is_placeholder(&self.text[range.clone()])
            || PUBLIC.is_match(&String::from_utf8_lossy(before))
            || self.is_of_test(range.start)
    }

    /// Whether what begins at this byte stands in the name of a test.
    fn is_of_test(&self, at: usize) -> bool {
        let find = |pattern: &Regex| pattern.find_iter(self.text).map(|name| name.range()).collect::<Vec<_>>();
        let tests = self.tests.get_or_init(|| TESTS.iter().map(find).collect());
        tests.iter().any(|names| {
            let next = names.partition_point(|name| name.end <= at);
            names.get(next).is_some_and(|name| name.contains(&at))
        })
    }
}

/// Whether a value only stands where a secret would: `${X}`, `process.env.X`, `INSERT_TOKEN_HERE`, the nil UUID, a
/// class with its package, a file.
fn is_placeholder(value: &str) -> bool {
    let letters = || value.chars().filter(char::is_ascii_alphanumeric);
    let same = letters().next().is_some_and(|first| letters().all(|c| c == first));
    let words = || value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let plain = words().all(|word| word.bytes().all(|b| b.is_ascii_alphabetic()));
    let told = words().any(|word| {
        let word = word.to_ascii_lowercase();
        PLACEHOLDER.contains(&word.as_str()) || (word.len() > 3 && word.bytes().all(|b| b == b'x'))
    });
    let constant = plain && words().count() > 1 && value.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let described = DESCRIPTIONS.iter().any(|word| word.eq_ignore_ascii_case(value));
    same || described
        || (plain && told)
        || constant
        || QUALIFIED.is_match(value)
        || FILE.is_match(value)
        || REFERENCE.is_match(value)
}

#[cfg(test)]
mod tests {
    use crate::evidence::redact::{Counts, text};

    #[test]
    fn names_of_tests_and_placeholders_are_left_alone() {
        for line in [
            "FAILED tests/test_api.py::test_auth[token=expired-status=401] - assert 1 == 2",
            "______ test_auth[token=expired-status=401] ______",
            "--- FAIL: TestLogin/password=hunter22secret (0.00s)",
            "test auth::password=hunter22secret ... FAILED",
            "AuthTest > login(password=hunter22secret) FAILED",
            "  ● login › rejects password=hunter22secret",
            "const token = process.env.GITHUB_TOKEN_2024",
            "api_key: ${API_KEY_2024_X}",
            "token=INSERT_TOKEN_HERE",
            "client_secret = 00000000-0000-0000-0000-000000000000",
            "password=com.acme.security.PasswordEncoder",
            "password=changeme",
        ] {
            assert_eq!(text(line, &mut Counts::new()), line);
        }
        for line in [
            "password=hunter22secret",
            "FAILED tests/test_api.py::test_auth - password=hunter22secret",
            "DB_PASS=s3cret-value-9 ./run",
        ] {
            assert!(text(line, &mut Counts::new()).contains("[redacted]"), "{line}");
        }
    }
}
