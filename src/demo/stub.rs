//! A fixing agent that needs no model: it knows the sandbox's one mistake, and gets it right at its second attempt.

use std::fs;
use std::io;
use std::path::Path;

/// The file that it knows.
pub const FILE: &str = "src/price.rs";
/// What is wrong there.
pub const WRONG: &str = "\"free\"";

/// Changes the files below `place`, as a prompt asks; answers what to print.
///
/// # Errors
/// The file cannot be read or written.
pub fn attempt(prompt: &str, place: &Path) -> io::Result<String> {
    let path = place.join(FILE);
    let Ok(text) = fs::read_to_string(&path) else {
        return Ok(format!("ESCALATE: this stub knows {FILE} alone; configure a real agent for the rest"));
    };
    if !text.contains(WRONG) {
        return Ok("ESCALATE: nothing is left to change".to_owned());
    }
    let (text, said) = if prompt.contains("\nAttempt 1 ") {
        (text.replace(WRONG, "0"), "The price is a number now.")
    } else {
        (text.replace(WRONG, &format!("{WRONG}.into()")), "Converted the text.")
    };
    fs::write(path, text)?;
    Ok(format!("{said}\ncost_usd=0.03"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_second_attempt_is_right() {
        let dir = tempfile::tempdir().unwrap();
        assert!(attempt("", dir.path()).unwrap().starts_with("ESCALATE"));
        fs::create_dir(dir.path().join("src")).unwrap();
        let (path, wrong) = (dir.path().join(FILE), "pub fn price() -> u64 {\n    \"free\"\n}\n");
        fs::write(&path, wrong).unwrap();
        assert!(attempt("Fix it.", dir.path()).unwrap().contains("cost_usd=0.03"));
        assert!(fs::read_to_string(&path).unwrap().contains("\"free\".into()"));
        fs::write(&path, wrong).unwrap();
        attempt("Fix it.\nAttempt 1 was pushed, and CI failed again.", dir.path()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "pub fn price() -> u64 {\n    0\n}\n");
    }
}
