//! Exit codes and signals, as runners and shells say them.

use regex::Regex;
use std::sync::LazyLock;

static RUNNER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:##\[error\])?Process completed with exit code (-?\d{1,10})\.|^##\[error\]The process '.*' failed with exit code (\d{1,10})|The command .* exited with (\d{1,10})\.|^ERROR: Job failed: exit (?:code|status) (\d{1,10})|^Exited with code exit status (\d{1,10})|^##\[error\]\w+(?:\.exe)? exited with code '(\d{1,10})'|^🚨 Error: The command exited with status (\d{1,10})")
        .expect("a pattern")
});
static TOOL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:exit(?:ed)?(?: with)?(?: an?)?(?: non-?zero)?(?: exit)? (?:code|status):?|returned (?:a )?(?:non-zero )?(?:exit )?(?:code|status):?|Build step .* marked build as failure, code) ?:?(\d{1,3})\b")
        .expect("a pattern")
});
static SIGNAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i:signal(?: \d+)?[:,]? \(?|by (?:signal )?|with |received |caught |\(|^)(SIG(?:KILL|TERM|SEGV|ABRT|BUS|FPE|ILL))\b").expect("a pattern")
});

/// Windows writes codes without a sign: 3221225477 is -1073741819.
fn code(digits: &str) -> Option<i32> {
    digits.parse::<i32>().ok().or_else(|| digits.parse::<u32>().ok().map(u32::cast_signed))
}

#[derive(Debug, Default)]
pub struct Exit {
    runner: Option<i32>,
    tool: Option<i32>,
    signal: Option<String>,
}

impl Exit {
    /// Words that lines with a code or a signal hold.
    pub const WORDS: [&'static str; 14] = [
        "exit code",
        "exit status",
        "exited with",
        "with exit",
        "returned",
        "code:",
        "sigkill",
        "sigterm",
        "sigsegv",
        "sigabrt",
        "sigbus",
        "sigfpe",
        "sigill",
        "non-zero",
    ];

    /// Takes in a line that holds one of the words.
    pub fn line(&mut self, line: &str) {
        let number = |found: &regex::Captures<'_>| found.iter().skip(1).flatten().next().and_then(|n| code(n.as_str()));
        // The first failing step decides the job; what follows are clean-ups.
        if let Some(code) = RUNNER.captures(line).and_then(|found| number(&found)).filter(|code| *code != 0) {
            self.runner.get_or_insert(code);
        } else if let Some(code) = TOOL.captures(line).and_then(|found| number(&found)).filter(|code| *code != 0) {
            self.tool = Some(code);
        }
        if let Some(found) = SIGNAL.captures(line) {
            self.signal = Some(found[1].to_owned());
        }
    }

    #[must_use]
    pub fn finish(self) -> (Option<i32>, Option<String>) {
        let code = self.runner.or(self.tool);
        let by_code = code.filter(|code| (129..160).contains(code)).map(|code| format!("signal {}", code - 128));
        (code, self.signal.or(by_code))
    }
}
