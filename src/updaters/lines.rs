//! The lines of a YAML file: how far in they stand, and which belong together.

/// A line with its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// With its line end, if it has one.
    pub whole: &'a str,
}

impl<'a> Line<'a> {
    /// Without its line end and blanks at the end.
    pub fn content(self) -> &'a str {
        self.whole.trim_end()
    }

    /// How many blanks it begins with.
    pub fn indent(self) -> usize {
        self.whole.len() - self.whole.trim_start_matches(' ').len()
    }

    /// Neither blank nor a comment alone.
    pub fn says_something(self) -> bool {
        let content = self.content().trim_start();
        !content.is_empty() && !content.starts_with('#')
    }

    /// The dash of a list's element and the blanks behind it, as long as written; none where there is no element.
    pub fn dash(self) -> usize {
        let content = &self.content()[self.indent().min(self.content().len())..];
        let Some(rest) = content.strip_prefix('-') else { return 0 };
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        if blanks == 0 { 0 } else { blanks + 1 }
    }

    /// Where its first key stands, behind a dash.
    pub fn column(self) -> usize {
        self.indent() + self.dash()
    }

    /// What follows `key:`, where the line's first key is this one.
    pub fn after_key(self, key: &str) -> Option<&'a str> {
        let content = self.content().get(self.column()..)?;
        let rest = content.strip_prefix(key).or_else(|| {
            let quoted = content.strip_prefix(['"', '\''])?.strip_prefix(key)?;
            quoted.strip_prefix(['"', '\''])
        })?;
        let rest = rest.trim_start_matches(' ').strip_prefix(':')?;
        (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
    }
}

/// A text by lines.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    text.split_inclusive('\n').map(|whole| Line { whole }).collect()
}

/// The last line that says something among those from `first` on for which `belongs` holds; comments and blank lines
/// between them belong too.
pub fn last_of(lines: &[Line<'_>], first: usize, belongs: impl Fn(Line<'_>) -> bool) -> usize {
    let mut last = first;
    for (index, line) in lines.iter().enumerate().skip(first + 1) {
        if !line.says_something() {
            continue;
        }
        if !belongs(*line) {
            break;
        }
        last = index;
    }
    last
}

/// The text of these lines with others added behind some of them, in the file's line ends; a last line without an end
/// leaves the text without one.
pub fn with_added(lines: &[Line<'_>], added: &[(usize, Vec<String>)], line_end: &str) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push_str(line.whole);
        for new in added.iter().filter(|(after, _)| *after == index).flat_map(|(_, new)| new) {
            if line.whole.ends_with('\n') {
                text.push_str(&format!("{new}{line_end}"));
            } else {
                text.push_str(&format!("{line_end}{new}"));
            }
        }
    }
    text
}

/// The text of these lines, some of them left out (`None`) or written anew.
pub fn with_changed(lines: &[Line<'_>], change: impl Fn(usize, &str) -> Option<String>) -> String {
    let mut text: String = lines.iter().enumerate().filter_map(|(index, line)| change(index, line.whole)).collect();
    if lines.last().is_some_and(|line| !line.whole.ends_with('\n')) && text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
