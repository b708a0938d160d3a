//! The logs of the scripted failures, written by hand in the shapes that runners print.

/// Lines as a runner stamps them.
fn stamped(lines: &[&str]) -> String {
    let stamp = |(at, line): (usize, &&str)| format!("2026-01-01T00:00:{:02}.{:07}Z {line}\n", at % 60, at * 137);
    lines.iter().enumerate().map(stamp).collect()
}

fn job(run: &str, output: &[&str], code: &str) -> String {
    let mut lines = vec![
        "##[group]Runner Image",
        "Image: ubuntu-24.04",
        "##[endgroup]",
        "##[group]Run actions/checkout@v4",
        "##[endgroup]",
        "HEAD is now at 1a2b3c4",
    ];
    lines.extend([run, "shell: /usr/bin/bash -e {0}", "##[endgroup]"]);
    lines.extend(output);
    lines.push(code);
    stamped(&lines)
}

const EXIT_1: &str = "##[error]Process completed with exit code 1.";

pub fn network() -> String {
    job(
        "##[group]Run npm ci",
        &[
            "npm error code ECONNRESET",
            "npm error network read ECONNRESET",
            "npm error network This is a problem related to network connectivity.",
            "npm error A complete log of this run can be found in: /home/runner/.npm/_logs/debug-0.log",
        ],
        EXIT_1,
    )
}

pub fn pytest() -> String {
    job(
        "##[group]Run pytest -q",
        &[
            "collected 214 items",
            "",
            "tests/test_cart.py ..F......                                     [  4%]",
            "=================================== FAILURES ===================================",
            "_________________________________ test_total __________________________________",
            "",
            "    def test_total():",
            ">       assert total([1]) == 1",
            "E       assert 2 == 1",
            "E        +  where 2 = total([1])",
            "",
            "tests/test_cart.py:4: AssertionError",
            "=========================== short test summary info ============================",
            "FAILED tests/test_cart.py::test_total - assert 2 == 1",
            "========================= 1 failed, 213 passed in 12.31s ========================",
        ],
        EXIT_1,
    )
}

pub fn rust() -> String {
    job(
        "##[group]Run cargo build --locked",
        &[
            "   Compiling shop v0.1.0 (/home/runner/work/shop/shop)",
            "error[E0308]: mismatched types",
            " --> src/price.rs:3:5",
            "  |",
            "3 |     \"free\"",
            "  |     ^^^^^^ expected `u64`, found `&str`",
            "",
            "error: could not compile `shop` (lib) due to 1 previous error",
        ],
        "##[error]Process completed with exit code 101.",
    )
}

pub fn jest() -> String {
    job(
        "##[group]Run npx jest --ci",
        &[
            "FAIL src/checkout.test.ts",
            "  ● checkout › shows the total after a slow answer",
            "",
            "    thrown: \"Exceeded timeout of 5000 ms for a test.\"",
            "",
            "      at src/checkout.test.ts:18:3",
            "",
            "Tests:       1 failed, 88 passed, 89 total",
        ],
        EXIT_1,
    )
}

pub fn disk() -> String {
    job(
        "##[group]Run docker build -t shop .",
        &[
            "#11 [7/9] RUN npm run build",
            "#11 ERROR: failed to copy files: write /var/lib/docker/tmp/x: no space left on device",
        ],
        EXIT_1,
    )
}

pub fn glibc() -> String {
    job(
        "##[group]Run actions/upload-artifact@v4",
        &["/__e/node20/bin/node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /__e/node20/bin/node)"],
        EXIT_1,
    )
}
