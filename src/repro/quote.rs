//! Words from outside, made safe for the shell and for the reader.

/// A longer word is no test name; an argument list has a limit too.
const WORD_LIMIT: usize = 4096;

/// Takes any word; answers it in single quotes, so that the shell takes it as it is, or why it is refused.
///
/// # Errors
/// It is too long, or holds characters that hide what it is.
pub fn quote(word: &str) -> Result<String, String> {
    if word.len() > WORD_LIMIT {
        return Err(format!("The word \"{}\" is over {WORD_LIMIT} bytes long; give a shorter one.", shown(word)));
    }
    if word.chars().any(deceives) {
        return Err(format!(
            "The word \"{}\" contains a newline, a control or a direction character; omit it.",
            shown(word)
        ));
    }
    Ok(format!("'{}'", word.replace('\'', r"'\''")))
}

/// Whether a character can make a line look like something else than it is.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Takes any text; answers it for a message: on one line and cut at 80 characters.
pub(super) fn shown(text: &str) -> String {
    let mut short: String =
        text.chars().take(80).map(|character| if deceives(character) { '?' } else { character }).collect();
    if text.chars().nth(80).is_some() {
        short.push('…');
    }
    short
}
