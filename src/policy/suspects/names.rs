//! What names say of files: which are tests, which are sources, and what a test tests.

use crate::domain::evidence::Evidence;

/// Folders of tests.
const FOLDERS: [&str; 5] = ["test", "tests", "spec", "specs", "__tests__"];
/// How the names of tests begin and end.
const BEGINNINGS: [&str; 2] = ["Test", "test_"];
const ENDINGS: [&str; 11] =
    ["TestCase", "Tests", "Test", "Spec", "IT", "_test", "_tests", "_spec", ".test", ".spec", "-test"];
/// Endings of files that are compiled or run.
const SOURCES: [&str; 27] = [
    "rs", "py", "go", "ts", "tsx", "js", "jsx", "mjs", "cjs", "java", "kt", "rb", "php", "cs", "cpp", "cc", "c", "h",
    "hpp", "swift", "scala", "vue", "ex", "exs", "groovy", "jj", "y",
];
/// A shorter name is that of too many things.
const NAME_MIN: usize = 3;

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A file's name without its ending: of `cart.test.ts`, `cart.test`.
fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// What a test of this name tests: of `CartTest`, `test_cart` and `cart.test`, the cart.
fn tested(name: &str) -> Option<&str> {
    let begun = BEGINNINGS.iter().find_map(|beginning| name.strip_prefix(beginning));
    let rest = begun.or_else(|| ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)))?;
    let another_word = name.starts_with("Test") && rest.starts_with(char::is_lowercase);
    (!rest.is_empty() && !another_word).then_some(rest)
}

pub fn is_test(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    tested(stem(path)).is_some() || folder.split('/').any(|part| FOLDERS.contains(&part))
}

pub fn is_source(path: &str) -> bool {
    let ending = file_name(path).rsplit_once('.').map_or("", |(_, ending)| ending);
    SOURCES.contains(&ending) && !is_test(path)
}

/// Names that are written differently in files and in classes are the same: `ShopCart`, `shop_cart`, `shop-cart`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// What the failing tests test, by their names.
pub fn subjects(evidence: &Evidence) -> Vec<String> {
    let files = evidence.failing_tests.iter().filter_map(|test| test.file.as_ref()).map(|file| stem(file.raw()));
    let frames = evidence.frames.iter().map(|frame| stem(frame.file.raw()));
    let names = evidence.failing_tests.iter().map(|test| class(test.selector.as_ref().unwrap_or(&test.name).raw()));
    let mut all: Vec<String> = files.chain(frames).chain(names).filter_map(tested).map(plain).collect();
    all.retain(|name| name.len() >= NAME_MIN);
    all.sort();
    all.dedup();
    all
}

/// The class or file that a test's name begins with, without its package.
fn class(name: &str) -> &str {
    let whole = name.split(['#', '$']).next().and_then(|name| name.split("::").next()).unwrap_or(name);
    if whole.contains('/') { stem(whole) } else { whole.rsplit('.').next().unwrap_or(whole) }
}

/// Whether a source file bears the name of what failing tests test.
pub fn is_tested(path: &str, subjects: &[String]) -> bool {
    is_source(path) && subjects.contains(&plain(stem(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::FailingTest;

    #[test]
    fn tests_and_sources_by_their_names() {
        for (path, test, source) in [
            ("src/main/java/Cart.java", false, true),
            ("src/main/java/CartTest.java", true, false),
            ("src/test/java/Samples.java", true, false),
            ("pkg/cart_test.go", true, false),
            ("web/cart.spec.ts", true, false),
            ("shop/testing.py", false, true),
            ("shop/Testing.java", false, true),
            ("README.md", false, false),
        ] {
            assert_eq!((is_test(path), is_source(path)), (test, source), "{path}");
        }
    }

    #[test]
    fn a_test_is_named_after_what_it_tests() {
        for (name, file, path) in [
            ("org.acme.ShopCartTest#adds", None, "src/main/java/org/acme/ShopCart.java"),
            ("org.acme.ShopCartTest$Empty#adds", None, "src/main/java/org/acme/ShopCart.java"),
            ("tests/test_shop_cart.py::test_adds", None, "shop_cart.py"),
            ("TestShopCart", Some("pkg/shop_cart_test.go"), "pkg/shop_cart.go"),
            ("cart > adds", Some("web/shop-cart.test.ts"), "web/shop-cart.ts"),
        ] {
            let file = file.map(Into::into);
            let test = FailingTest { framework: "x".into(), name: name.into(), selector: None, file };
            let subjects = subjects(&Evidence { failing_tests: vec![test], ..Evidence::default() });
            assert!(is_tested(path, &subjects), "{name}: {subjects:?}");
            assert!(!is_tested("web/other.ts", &subjects), "{name}");
        }
    }
}
