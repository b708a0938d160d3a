//! Names as frameworks print them: what stands in front of and behind the titles, and the file they tell.

use super::literal::one_line;
use super::source;
use super::words::Dialect;

/// Longer names are not looked for, in bytes.
pub const NAME_MAX: usize = 2000;

/// What joins titles, the most telling first.
pub const SEPARATORS: [&str; 3] = [" › ", " > ", " "];

/// What stands in front of a failed test in a report.
const SIGNS: [&str; 9] = ["● ", "FAIL ", "✕ ", "× ", "✗ ", "✘ ", "❯ ", "✖ ", "- "];

/// One way to read a printed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The titles, joined, in one line.
    pub titles: String,
    /// Where the test begins, when the name tells it.
    pub line: Option<usize>,
    pub column: Option<usize>,
}

/// The ways to read a name, the most literal first. None when the name tells another file than `path`.
pub fn readings(path: &str, name: &str) -> Option<Vec<Reading>> {
    let mut readings = Vec::new();
    let fronts = fronts(&one_line(name));
    if let Some(head) = fronts.last().and_then(|front| head(front))
        && !same_file(path, head.file)
    {
        return None;
    }
    for front in fronts {
        readings.push(Reading { titles: front.clone(), line: None, column: None });
        for separator in SEPARATORS {
            let Some((start, titles)) = front.split_once(separator) else { continue };
            let (file, line, column) = position(start);
            let begins = !titles.starts_with(['›', '>']);
            if begins && source::is_script(file) && same_file(path, file) {
                readings.push(Reading { titles: titles.to_owned(), line, column });
            }
        }
    }
    let mut all = Vec::new();
    for reading in readings {
        for titles in ends(&reading.titles) {
            let reading = Reading { titles, ..reading.clone() };
            if !all.contains(&reading) {
                all.push(reading);
            }
        }
    }
    Some(all)
}

/// The file that a name tells, as the end of a path.
pub fn file_of(name: &str) -> Option<String> {
    if name.len() > NAME_MAX {
        return None;
    }
    let fronts = fronts(&one_line(name));
    let file = fronts.last().and_then(|front| head(front))?.file.replace('\\', "/");
    let file = relative(&file);
    // An absolute path is that of another machine.
    let absolute = file.starts_with('/') || file.get(1..3) == Some(":/");
    (!absolute).then(|| file.to_owned())
}

/// A word that every file has which holds the test: the longest of the last title. Words alone are certain, because
/// longer runs may be joined from several literals. Empty when there is none.
pub fn needle(dialect: &Dialect, name: &str) -> String {
    if name.len() > NAME_MAX {
        return String::new();
    }
    let name = one_line(name);
    let front = fronts(&name).pop().unwrap_or_default();
    let titles = match head(&front) {
        Some(head) => head.titles,
        None => front.as_str(),
    };
    let titles = ends(titles).pop().unwrap_or_default();
    let last = match dialect.separator {
        " " => titles.as_str(),
        separator => titles.rsplit(separator).next().unwrap_or(""),
    };
    longest_word(last).to_owned()
}

/// The longest run of ASCII letters and digits that no placeholder touches.
fn longest_word(text: &str) -> &str {
    let mut longest = "";
    let mut from = 0;
    for piece in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let before = text[..from].chars().next_back();
        let placeholder = before.is_some_and(|c| "%$\\.{".contains(c));
        if !placeholder && piece.len() > longest.len() {
            longest = piece;
        }
        from += piece.len();
        from += text[from..].chars().next().map_or(0, char::len_utf8);
    }
    longest
}

/// A name that begins with a file.
struct Head<'a> {
    file: &'a str,
    titles: &'a str,
}

/// The file that a name begins with, where it is certain that it is one.
fn head(name: &str) -> Option<Head<'_>> {
    SEPARATORS[..2].iter().find_map(|separator| {
        let (start, titles) = name.split_once(separator)?;
        let (file, line, _) = position(start);
        let certain = line.is_some() || source::has_test_name(file) || file.contains(['/', '\\']);
        (source::is_script(file) && certain && !file.contains(" › ")).then_some(Head { file, titles })
    })
}

/// Splits `file:line:column`.
fn position(text: &str) -> (&str, Option<usize>, Option<usize>) {
    let number = |text: &str| text.parse::<usize>().ok();
    let Some((front, last)) = text.rsplit_once(':').and_then(|(front, last)| Some((front, number(last)?))) else {
        return (text, None, None);
    };
    match front.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) => (file, Some(line), Some(last)),
        None => (front, Some(last), None),
    }
}

fn relative(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix("../")) {
        path = rest;
    }
    path
}

/// Whether two paths may mean one file, one of them told from another folder.
fn same_file(path: &str, told: &str) -> bool {
    let told = told.replace('\\', "/");
    let told = relative(&told);
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    !told.is_empty() && (ends(path, told) || ends(told, path))
}

/// The name, and what is left of it when signs, numbers and projects are taken off its front.
fn fronts(name: &str) -> Vec<String> {
    let mut fronts = vec![name.to_owned()];
    while fronts.len() < 6 {
        let Some(less) = fronts.last().and_then(|front| without_front(front)) else { break };
        fronts.push(less.to_owned());
    }
    fronts
}

fn without_front(name: &str) -> Option<&str> {
    if let Some(rest) = SIGNS.iter().find_map(|sign| name.strip_prefix(sign)) {
        return Some(rest.trim_start());
    }
    if let Some((number, rest)) = name.split_once(") ")
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(rest);
    }
    if let Some((_, rest)) = name.strip_prefix('|').and_then(|rest| rest.split_once("| ")) {
        return Some(rest);
    }
    let (_, rest) = name.strip_prefix('[')?.split_once("] ")?;
    rest.strip_prefix("› ")
}

/// The titles, and what is left of them when a colon, a duration, a rule or tags are taken off their end.
fn ends(titles: &str) -> Vec<String> {
    let mut ends = vec![titles.to_owned()];
    while ends.len() < 8 {
        let Some(less) = ends.last().and_then(|end| without_end(end)) else { break };
        ends.push(less.to_owned());
    }
    ends
}

fn without_end(titles: &str) -> Option<&str> {
    let rest = titles.trim_end_matches(['─', '-', ' ']);
    if titles.ends_with('─') && !rest.is_empty() {
        return Some(rest);
    }
    if let Some(rest) = titles.strip_suffix(':') {
        return (!rest.is_empty()).then_some(rest);
    }
    let (rest, last) = titles.rsplit_once(' ')?;
    if last.starts_with('@') && last.len() > 1 {
        return Some(rest);
    }
    let last = last.trim_end_matches(')');
    let (rest, number) = match last.strip_suffix("ms").or_else(|| last.strip_suffix('s')) {
        // `(5 ms)`.
        Some("") => rest.rsplit_once(' ')?,
        Some(number) => (rest, number),
        None => return None,
    };
    let number = number.trim_start_matches('(');
    let duration = number.starts_with(|c: char| c.is_ascii_digit()) && number.parse::<f64>().is_ok();
    duration.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{file_of, longest_word, readings};

    fn titles(path: &str, name: &str) -> String {
        readings(path, name).and_then(|mut all| all.pop()).map(|reading| reading.titles).unwrap_or_default()
    }

    #[test]
    fn names_are_read_without_what_reports_add() {
        assert_eq!(titles("src/a.test.ts", "● math › adds"), "math › adds");
        assert_eq!(titles("src/a.test.ts", "FAIL  |unit| src/a.test.ts > math > adds 5ms"), "math > adds");
        assert_eq!(titles("a.spec.js", "  3) math adds numbers:"), "math adds numbers");
        assert_eq!(titles("e2e/a.spec.ts", "1) [chromium] › a.spec.ts:3:5 › g › t @smoke ────"), "g › t");
        assert_eq!(titles("src/a.test.ts", "✕ adds (5 ms)"), "adds");
        assert_eq!(titles("src/a.test.ts", "src\\a.test.ts › adds"), "adds");
        assert_eq!(readings("src/a.test.ts", "src/b.test.ts > adds"), None);
        assert_eq!(titles("src/a.test.ts", "index.js › adds"), "index.js › adds");
    }

    #[test]
    fn positions_are_read() {
        let all = readings("e2e/a.spec.ts", "[chromium] › a.spec.ts:3:5 › t").unwrap_or_default();
        assert!(all.iter().any(|r| (r.titles.as_str(), r.line, r.column) == ("t", Some(3), Some(5))));
    }

    #[test]
    fn files_are_told() {
        let file = |name| file_of(name).unwrap_or_default();
        assert_eq!(file("[firefox] › tests/login.spec.ts:3:5 › logs in"), "tests/login.spec.ts");
        assert_eq!(file("|web| ./src/a.test.ts > adds"), "src/a.test.ts");
        assert_eq!(file("login.ts:3:5 › logs in"), "login.ts");
        assert_eq!(file("/home/runner/work/x/src/a.test.ts > adds"), "");
        assert_eq!(file("index.js › adds"), "");
        assert_eq!(file("math › adds"), "");
    }

    #[test]
    fn words_are_certain() {
        assert_eq!(longest_word("adds %s to $variable"), "adds");
        assert_eq!(longest_word("don't störe it"), "don");
        assert_eq!(longest_word("%s"), "");
    }
}
