//! Names of tests as unittest prints and accepts them.

use crate::domain::text::short;
use crate::frameworks::python::names::{TestName, identifiers, tidy};

/// Takes `pkg.module.Class.test`, `test (pkg.module.Class)` or `test (pkg.module.Class.test)` apart. What cannot be one
/// is refused with the reason.
pub fn read(name: &str) -> Result<TestName, String> {
    let name = tidy(name)?;
    let words = ["FAIL: ", "ERROR: ", "UNEXPECTED SUCCESS: "];
    let name = words.iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name);
    let (test, rest) = name.find([' ', '[']).map_or((name, ""), |at| (&name[..at], name[at..].trim_start()));
    let (class, behind) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((class, behind)) if !class.contains('=') => (class, behind.trim()),
        _ => ("", rest),
    };
    if class.contains("_FailedTest") {
        return Err(format!("{} could not be imported, so there is no test to skip; fix the import.", short(test)));
    }
    if matches!(test, "setUpClass" | "tearDownClass" | "setUpModule" | "tearDownModule") {
        return Err(format!("{test} is not a test; name the tests or the class that it belongs to."));
    }
    let parts: Vec<&str> = match class.strip_suffix(test).map(|before| before.ends_with('.')) {
        _ if class.is_empty() => test.split('.').collect(),
        Some(true) => class.split('.').collect(),
        _ => class.split('.').chain([test]).collect(),
    };
    let parts = identifiers(name, parts.into_iter())?;
    let subtest = behind.split(" ... ").next().unwrap_or("").trim();
    let mut wanted = TestName { dotted: true, parts, ..TestName::default() };
    if subtest.starts_with(['(', '[']) {
        let test = short(test);
        wanted.warnings.push(format!("This skips all of {test}, not only its subtest {}.", short(subtest)));
    }
    Ok(wanted)
}
