//! Names of `JUnit` tests: what Gradle, Maven's Surefire and report files print.

use regex::Regex;
use std::sync::LazyLock;

/// One way to read a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Packages and classes from the outside in, as far as they are given.
    pub classes: Vec<String>,
    /// A method's name or its title.
    pub label: String,
    /// The types in the parentheses, without their packages.
    pub parameters: Option<Vec<String>>,
    /// Whether one invocation of a test with parameters is meant.
    pub row: bool,
}

/// A name without what logs write around it.
pub fn bare(name: &str) -> &str {
    let mut name = name.trim();
    for prefix in ["[ERROR]", "[WARNING]", "[INFO]"] {
        name = name.strip_prefix(prefix).unwrap_or(name).trim_start();
    }
    for end in [" -- Time elapsed", "  Time elapsed", " <<< ", " FAILED", " PASSED", " SKIPPED"] {
        name = name.find(end).map_or(name, |at| &name[..at]);
    }
    name.trim()
}

/// Without the target that Kotlin's multiplatform builds print too: `CartTest[jvm] > adds[jvm]`.
pub fn without_target(name: &str) -> String {
    let class = name.split_once(" > ").map_or("", |(class, _)| class);
    let target = class.rfind('[').map(|at| &class[at..]);
    let is_target = |target: &&str| target[1..].starts_with(char::is_alphabetic) && target.ends_with(']');
    target.filter(is_target).map_or_else(|| name.to_owned(), |target| name.replace(target, ""))
}

/// The module of an `internal` function of Kotlin, which the JVM knows as `name$module`.
static MODULE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$[A-Za-z_][\w-]*([(\[]|$)").expect("a pattern"));

/// Without the module that stands behind the name of an `internal` function.
pub fn without_module(name: &str) -> Option<String> {
    let name = bare(name);
    MODULE.is_match(name).then(|| MODULE.replace(name, "$1").into_owned())
}

/// Whether a character stands in no plain identifier: in Kotlin, any text between backticks is a name.
pub fn odd(c: char) -> bool {
    !c.is_alphanumeric() && c != '_'
}

/// The ways to read a name as one of a method, the likelier first.
pub fn readings(name: &str) -> Vec<Reading> {
    let name = &without_target(bare(name));
    let parts = name.split(" > ").map(str::trim).collect::<Vec<_>>();
    if let [outer @ .., last] = &parts[..]
        && !outer.is_empty()
    {
        let mut out = vec![method(&class_path(outer), last)];
        if let [outer @ .., method_name, _] = &parts[..]
            && !outer.is_empty()
        {
            out.push(Reading { row: true, ..method(&class_path(outer), method_name) });
        }
        return out;
    }
    let title = Reading { label: name.to_owned(), ..Reading::default() };
    in_parentheses(name).into_iter().chain([dotted(name), title]).collect()
}

/// A name that ends with this title, read as the method of the title.
pub fn titled(name: &str, title: &str) -> Option<Reading> {
    let name = without_target(bare(name));
    let called = || name.strip_suffix(')')?.rsplit_once('(')?.0.strip_suffix(title);
    let before = name.strip_suffix(title).or_else(called)?.trim_end_matches([' ', '.', '#', '>', '$', ':']);
    Some(Reading { classes: segments(before), label: title.to_owned(), ..Reading::default() })
}

/// A name read as one of a class.
pub fn class(name: &str) -> Vec<String> {
    class_path(&without_target(bare(name)).split(" > ").map(str::trim).collect::<Vec<_>>())
}

/// The file of a name's outermost class: the first segment that begins as a class's name does.
pub fn file_of(name: &str, ending: &str) -> Option<String> {
    let reading = readings(name).into_iter().next()?;
    let segments = reading.classes.iter().chain([&reading.label]).collect::<Vec<_>>();
    let class = segments.iter().position(|segment| segment.starts_with(char::is_uppercase))?;
    let plain = |segment: &&&String| segment.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !segments[..=class].iter().all(|segment| plain(&segment)) {
        return None;
    }
    let path = segments[..=class].iter().map(|segment| segment.as_str()).collect::<Vec<_>>();
    Some(format!("{}.{ending}", path.join("/")))
}

/// A piece of the source of a test of this name: its method or class, or the longest plain piece of a title.
pub fn needle(name: &str) -> String {
    let readings = readings(name);
    // Behind a method's name may stand one of its invocations.
    let row = readings.get(1).filter(|row| row.row && (row.parameters.is_some() || readings[0].label.is_empty()));
    let label = row.or(readings.first()).map_or("", |reading| reading.label.as_str());
    let pieces = label.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ' ');
    pieces.max_by_key(|piece| piece.len()).unwrap_or("").trim().to_owned()
}

/// `m(Class)` and `m(pkg.Class)`, as old versions of Surefire print; it may as well be a parameter.
fn in_parentheses(name: &str) -> Option<Reading> {
    let (label, class) = name.strip_suffix(')')?.split_once('(')?;
    let (label, row) = without_row(label);
    let classes = segments(class);
    let plain = |c: char| c.is_alphanumeric() || "_$.".contains(c);
    let is_class = class.chars().all(plain) && classes.last()?.starts_with(char::is_uppercase);
    let is_label = !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
    (is_class && is_label).then(|| Reading { classes, label: label.to_owned(), parameters: None, row })
}

/// `pkg.Class$Inner.m`, `pkg.Class#m(String)[1]`, `Class.m:42 message`.
fn dotted(name: &str) -> Reading {
    let (name, row) = without_row(name);
    let name = without_line(name);
    let (path, parameters) = without_parameters(name);
    let (classes, label) = path.rsplit_once(['.', '#', '$']).unwrap_or(("", path));
    Reading { classes: segments(classes), label: label.to_owned(), parameters, row }
}

fn method(classes: &[String], label: &str) -> Reading {
    let (label, row) = without_row(label);
    let (label, parameters) = without_parameters(label);
    Reading { classes: classes.to_vec(), label: label.trim().to_owned(), parameters, row }
}

/// Without `[1]` and what follows; `[]` is of a parameter's type.
fn without_row(name: &str) -> (&str, bool) {
    let at = name.match_indices('[').find(|(at, _)| !name[at + 1..].starts_with(']'));
    at.map_or((name, false), |(at, _)| (name[..at].trim_end(), true))
}

fn without_line(name: &str) -> &str {
    let at = name.match_indices(':').find(|(at, _)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    at.map_or(name, |(at, _)| &name[..at])
}

fn without_parameters(name: &str) -> (&str, Option<Vec<String>>) {
    for (open, close) in [('(', ')'), ('{', '}')] {
        if let Some((label, types)) = name.strip_suffix(close).and_then(|name| name.split_once(open)) {
            let types = types.split(',').map(simple_type).filter(|kind| !kind.is_empty());
            return (label, Some(types.collect()));
        }
    }
    (name, None)
}

/// A type without its package, its type arguments and white space; `String...` is `String[]`.
pub fn simple_type(kind: &str) -> String {
    let (erased, dimensions) = match (kind.find('<'), kind.rfind('>')) {
        (Some(open), Some(close)) if open < close => (&kind[..open], &kind[close + 1..]),
        _ => (kind, ""),
    };
    let whole = format!("{erased}{dimensions}").replace("...", "[]");
    let whole = whole.split_whitespace().collect::<String>();
    whole.rsplit(['.', '$']).next().unwrap_or("").to_owned()
}

fn class_path(parts: &[&str]) -> Vec<String> {
    let (first, inner) = parts.split_first().map_or(("", &[][..]), |(first, inner)| (*first, inner));
    segments(first).into_iter().chain(inner.iter().map(|part| (*part).to_owned())).collect()
}

fn segments(path: &str) -> Vec<String> {
    let parts = path.split(['.', '$', '#', '/']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape() {
        let table = [
            ("com.acme.FooTest$Inner.bar", "com.acme.FooTest.Inner", "bar", None, false),
            ("com.acme.FooTest#bar", "com.acme.FooTest", "bar", None, false),
            ("FooTest.bar:42 expected:<1>", "FooTest", "bar", None, false),
            ("bar(FooTest)", "FooTest", "bar", None, false),
            ("bar[0](com.acme.FooTest)", "com.acme.FooTest", "bar", None, true),
            ("FooTest > Inner > bar()", "FooTest.Inner", "bar", Some(""), false),
            ("FooTest > bar(int[], String) FAILED", "FooTest", "bar", Some("int[],String"), false),
            ("bar(String)[1]", "", "bar", Some("String"), true),
            ("bar{java.lang.String, int}[2]", "", "bar", Some("String,int"), true),
            ("com.acme.FooTest[jvm] > adds two()[jvm] FAILED", "com.acme.FooTest", "adds two", Some(""), false),
            (
                "[ERROR] com.acme.FooTest.bar -- Time elapsed: 0.1 s <<< FAILURE!",
                "com.acme.FooTest",
                "bar",
                None,
                false,
            ),
        ];
        for (name, classes, label, parameters, row) in table {
            let read = readings(name).remove(0);
            assert_eq!(
                (read.classes.join(".").as_str(), read.label.as_str(), read.row),
                (classes, label, row),
                "{name}"
            );
            assert_eq!(read.parameters.map(|types| types.join(",")).as_deref(), parameters, "{name}");
        }
        assert_eq!(simple_type("java.util.List<Map<String, int[]>>[]"), "List[]");
    }

    #[test]
    fn files_and_needles() {
        let table = [
            ("com.acme.FooTest$Inner.bar", Some("com/acme/FooTest.java"), "bar"),
            ("FooTest > bar(int) > [1] 5 FAILED", Some("FooTest.java"), "bar"),
            ("FooTest > says \"hello there\" to all", Some("FooTest.java"), "hello there"),
            ("bar(com.acme.FooTest)", Some("com/acme/FooTest.java"), "bar"),
            ("com.acme.FooTest", Some("com/acme/FooTest.java"), "FooTest"),
            ("bar", None, "bar"),
            ("", None, ""),
        ];
        for (name, file, piece) in table {
            assert_eq!((file_of(name, "java").as_deref(), needle(name).as_str()), (file, piece), "{name}");
        }
    }
}
