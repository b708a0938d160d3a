//! GoogleTest's `[  FAILED  ] Suite.Test`, the one that ran when the program crashed, and CTest's `1 - name (Failed)` and `***Failed`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static GTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[  FAILED  \] ([\w/]+\.[\w/]+)(?:, where .*)?(?: \(\d+ ms\))?$").expect("a pattern")
});
static CTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+ - (\S.*?) \((?:Failed|SEGFAULT|Timeout|Not Run|Subprocess aborted|Child aborted|SIG\w+|ILLEGAL|Exit code .*)\)").expect("a pattern")
});
static CTEST_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+/\d+ Test +#\d+: (\S+) \.*[\w ]*\*\*\*(?:Failed|Exception|Timeout)").expect("a pattern")
});

/// Words of a crash, which ends the test that runs.
const CRASH: [&str; 6] = ["Segmentation fault", "core dumped", "Sanitizer: ", "SIGSEGV", "SIGABRT", "Aborted"];

#[derive(Default)]
pub struct Reader {
    gtest: Names,
    ctest: Names,
    running: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(test) = line.trim().strip_prefix("[ RUN      ] ") {
            self.running = Some(super::super::cut(test));
        } else if line.contains("[       OK ]") {
            self.running = None;
        } else if let Some(found) = GTEST.captures(line.trim_end()) {
            self.running = None;
            self.gtest.add("gtest", &found[1], None);
        } else if CRASH.iter().any(|word| line.contains(word))
            && let Some(test) = self.running.take()
        {
            self.gtest.add("gtest", &test, None);
        } else if let Some(found) = CTEST.captures(line).or_else(|| CTEST_LINE.captures(line)) {
            let selector = format!("^{}$", regex::escape(&found[1]));
            self.ctest.add_selected("ctest", &found[1], Some(&selector), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        // CTest names whole programs: where GoogleTest names tests, they say more.
        if self.gtest.total > 0 { self.gtest } else { self.ctest }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{gtest::Gtest, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "[  FAILED  ] QueueTest.KeepsOrder (3 ms)\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] QueueTest.KeepsOrder",
                &["QueueTest.KeepsOrder"][..],
            ),
            (
                "[ RUN      ] A.Fine\n[       OK ] A.Fine (0 ms)\n[ RUN      ] A.Dies\nSegmentation fault (core dumped)",
                &["A.Dies"][..],
            ),
            ("\t  3 - queue_test (Failed)", &["queue_test"][..]),
            (" 3/9 Test  #3: queue_test .......***Failed    0.01 sec", &["queue_test"][..]),
        ] {
            assert_eq!(read_lines(&Gtest, text), want, "{text}");
        }
    }
}
