//! JUnit as Maven Surefire (`Class.test  Time elapsed: … <<< FAILURE!`), Gradle (`Class > test() FAILED`), Ant
//! (`Testcase: test(Class): FAILED`) and JUnit's own console (`1) test(Class)`) print it.

use super::name::without_target;
use super::summary::Summary;
use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

/// `test(package.Class)  Time elapsed: …`, up to Surefire 2.
static SUREFIRE_2: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[ERROR\] )?\s*(\S.*?)\(([\w.$]+)\)\s+(?:Time elapsed: .*?)?<<< (?:FAILURE|ERROR)!")
        .expect("a pattern")
});
/// `package.Class.test  Time elapsed: …` or `-- Time elapsed`, from Surefire 3 on.
static SUREFIRE_3: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\[ERROR\] )?\s*((?:[a-z_]\w*\.)*[A-Z][\w$]*)\.(\S.*?)\s+(?:-- )?Time elapsed: .*?<<< (?:FAILURE|ERROR)!",
    )
    .expect("a pattern")
});
static ANT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Testcase: (\S.*?)(?:\(([\w.$]+)\))?(?: took [\d.]+ sec)?(:.*)?$").expect("a pattern")
});
static ANT_CLASS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"Testsuite: ([\w.$]+)").expect("a pattern"));
static ANT_VERDICT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\[\w+\])?[:\s]*(?:FAILED|Caused an ERROR)").expect("a pattern"));
static SBT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bTest ((?:\w+\.)*\w+)\.(\w+)(?:\(\))? failed: ").expect("a pattern"));
static CONSOLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[\w+\])?\s*\d{1,4}\) (\w+(?:\[.*\])?)\(([\w.$]+)\)(?:(?:junit|java|org)\.\S.*)?\s*$")
        .expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Ant names the class once and a test before its verdict.
    class: Option<String>,
    test: Option<String>,
    summary: Summary,
}

impl Reader {
    /// `name` as JUnit itself describes a test; Maven's `-Dtest` takes `Class#method`.
    fn maven(&mut self, class: &str, test: &str) {
        let method = method_of(test);
        self.names.add_selected("junit", &format!("{test}({class})"), Some(&format!("{class}#{method}")), None);
    }

    /// Gradle's `--tests` takes `Class.method`.
    fn qualified(&mut self, class: &str, test: &str) {
        let method = method_of(test);
        self.names.add_selected("junit", &format!("{class}.{test}"), Some(&format!("{class}.{method}")), None);
    }

    fn surefire(&mut self, line: &str) {
        // Whole classes are summed up in the same words.
        if line.contains("Tests run:") {
            return;
        }
        if let Some(found) = SUREFIRE_3.captures(line) {
            self.maven(&found[1], &found[2]);
        } else if let Some(found) = SUREFIRE_2.captures(line) {
            self.maven(&found[2], &found[1]);
        }
    }

    /// `Class > test() FAILED`, with nested classes or containers between them, or `Class.test FAILED`.
    fn gradle(&mut self, line: &str) {
        let Some(path) = line.strip_suffix(" FAILED").map(without_target) else { return };
        let parts: Vec<&str> = path.split(" > ").filter(|part| !part.starts_with("Gradle Test ")).collect();
        match parts.as_slice() {
            [one] if !one.contains(' ') => {
                let end = one.find(['[', '(']).unwrap_or(one.len());
                if let Some((class, _)) = one[..end].rsplit_once('.').filter(|(class, _)| is_class(class)) {
                    self.qualified(class, &one[class.len() + 1..]);
                }
            }
            [class, .., last] if is_class(class) && last.starts_with(&format!("{class}.")) => {
                self.qualified(class, &last[class.len() + 1..]);
            }
            [class, between @ .., test] if is_class(class) => {
                let nested: String =
                    between.iter().filter(|part| is_class(part)).flat_map(|part| ["$", *part]).collect();
                // A parametrised case stands below its method: `works(String) > [1] foo`.
                let method = between.last().filter(|part| part.contains('(') && test.starts_with('['));
                if let Some(method) = method {
                    let plain = method.split('(').next().unwrap_or(method);
                    let name = format!("{class}.{method} > {test}");
                    self.names.add_selected("junit", &name, Some(&format!("{class}.{plain}")), None);
                    return;
                }
                let full = test.find(['[', '(']).and_then(|end| test[..end].rsplit_once('.'));
                match full.filter(|(own, _)| is_class(own)) {
                    Some((own, _)) => self.qualified(own, &test[own.len() + 1..]),
                    None => self.qualified(&format!("{class}{nested}"), test),
                }
            }
            _ => {}
        }
    }

    /// A verdict stands on the line of its test or on the next. Answers whether the next line is wanted.
    fn ant(&mut self, line: &str) -> bool {
        let says = |what: &str, pattern: &'static Regex| line.contains(what).then(|| pattern.captures(line)).flatten();
        if let Some(found) = says("Testsuite: ", &ANT_CLASS) {
            self.class = Some(found[1].to_owned());
            self.test = None;
        } else if let Some(found) = says("Testcase: ", &ANT) {
            if let Some(class) = found.get(2) {
                self.class = Some(class.as_str().to_owned());
            }
            self.test = Some(super::super::cut(&found[1]));
            if found.get(3).is_some_and(|rest| ANT_VERDICT.is_match(rest.as_str())) {
                self.ant_failed();
            }
        } else if self.test.is_some() && ANT_VERDICT.is_match(line) {
            self.ant_failed();
        }
        self.test.is_some()
    }

    fn ant_failed(&mut self) {
        if let Some(test) = self.test.take() {
            match self.class.clone() {
                Some(class) => self.qualified(&class, &test),
                None => self.names.add("junit", &test, None),
            }
        }
    }
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let summed = self.summary.line(line);
        if line.contains("<<< ") {
            self.surefire(line);
        } else if line.ends_with(" FAILED") && !line.contains("Testcase:") && self.test.is_none() {
            self.gradle(line);
        } else if let Some(found) = Some(line)
            .filter(|line| line.contains("] Test ") || line.starts_with("Test "))
            .and_then(|line| SBT.captures(line))
        {
            self.qualified(&found[1], &found[2]);
        } else if let Some(found) = Some(line).filter(|line| line.contains(')')).and_then(|line| CONSOLE.captures(line))
        {
            self.qualified(&found[2], &found[1]);
        } else {
            return self.ant(line) || summed;
        }
        summed
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.summary.finish() }
    }
}

/// A method's name, without its run and its parameters' types. In Kotlin it may hold spaces and parentheses.
fn method_of(test: &str) -> &str {
    let test = test.split(['[', '{']).next().unwrap_or(test).trim();
    test.strip_suffix(')').and_then(|test| test.rsplit_once('(')).map_or(test, |(method, _)| method).trim()
}

/// The last part of a class's name begins with a capital, and there are no spaces in it.
fn is_class(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'_'))
        && name.rsplit(['.', '$']).next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{TestFramework, junit::Junit, read_lines};

    #[test]
    fn methods_are_selected_by_their_names() {
        for (line, want) in [
            ("CartTest > adds two() FAILED", "CartTest.adds two"),
            ("CartTest > adds two (at once)() FAILED", "CartTest.adds two (at once)"),
            ("com.acme.CartTest[jvm] > adds two[jvm] FAILED", "com.acme.CartTest.adds two"),
            ("[ERROR] com.acme.CartTest.adds two -- Time elapsed: 0.1 s <<< FAILURE!", "com.acme.CartTest#adds two"),
            ("[ERROR] adds two(com.acme.CartTest)  Time elapsed: 0.1 s  <<< FAILURE!", "com.acme.CartTest#adds two"),
            ("[ERROR] com.acme.CartTest.adds(int)[1] -- Time elapsed: 0.1 s <<< FAILURE!", "com.acme.CartTest#adds"),
        ] {
            let mut observer = Junit.observer();
            observer.line(line);
            let test = observer.finish().tests.remove(0);
            assert_eq!(test.selector.unwrap().raw(), want, "{line}");
        }
    }

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("[ERROR] works(com.acme.AppTest)  Time elapsed: 7.5 s  <<< ERROR!", &["works(com.acme.AppTest)"][..]),
            ("[ERROR] com.acme.AppTest.works  Time elapsed: 7.5 s  <<< ERROR!", &["works(com.acme.AppTest)"][..]),
            (
                "[ERROR] com.acme.AppTest$Inner.works -- Time elapsed: 0.01 s <<< FAILURE!",
                &["works(com.acme.AppTest$Inner)"][..],
            ),
            ("Tests run: 2, Failures: 1 Time elapsed: 1 sec <<< FAILURE! - in com.acme.AppTest", &[""; 0][..]),
            ("RetryInterceptorTest > connectTimeout() FAILED", &["RetryInterceptorTest.connectTimeout()"][..]),
            ("com.acme.AppTest.works FAILED", &["com.acme.AppTest.works"][..]),
            ("> Task :test FAILED\nBUILD FAILED", &[""; 0][..]),
            ("    [junit] Testcase: testInvoke(com.acme.CallTest):\tFAILED", &["com.acme.CallTest.testInvoke"][..]),
            (
                "[junit] Testsuite: a.AllTest\n[junit] Testcase: valid[X_1] took 0.1 sec\n[junit] Testcase: bad[X_2] took 0 sec\n[junit] \tFAILED",
                &["a.AllTest.bad[X_2]"][..],
            ),
            (
                "A.B$C > D > x = y() FAILED\nUserTest > Get > works() FAILED",
                &["A.B$C$D.x = y()", "UserTest$Get.works()"][..],
            ),
            ("AppTest > works(String) > [1] foo FAILED", &["AppTest.works(String) > [1] foo"][..]),
            ("FooTest > t(A) > io.x.FooTest.t(A)[3] FAILED", &["io.x.FooTest.t(A)[3]"][..]),
            (
                "[info] [error] Test basic.FooTest.fails failed: java.lang.AssertionError: no",
                &["basic.FooTest.fails"][..],
            ),
            (
                "Failed tests:   adds(com.acme.CartTest): expected:<1> but was:<2>\n  CartTest.pays:12 expected\n\nTests in error: \n  opens(com.acme.ShopTest)\n\nTests run: 5",
                &["adds(com.acme.CartTest)", "pays(CartTest)", "opens(com.acme.ShopTest)"][..],
            ),
            (
                "[ERROR] Failures: \n[ERROR]   CartTest.adds:12->sum:30 expected: <1> but was: <2>\n[ERROR] Errors: \n[ERROR]   ShopTest>Base.opens:33 » NullPointer\n[INFO] ",
                &["adds(CartTest)", "opens(ShopTest)"][..],
            ),
            (
                "[ERROR] Failures: \n[ERROR]   CartTest.adds two:12 expected: <1> but was: <2>\n[ERROR]   CartTest.adds two (at once):15->sum:30 no\n[ERROR]   CartTest.pays in €:16\n[ERROR] Errors: \n[ERROR]   ShopTest.opens at nine » NullPointer\n[INFO] ",
                &[
                    "adds two(CartTest)",
                    "adds two (at once)(CartTest)",
                    "pays in €(CartTest)",
                    "opens at nine(ShopTest)",
                ][..],
            ),
            (
                "Failed tests:   adds two(com.acme.CartTest): expected\n  it was seen by him(Ada)\n\nTests run: 5",
                &["adds two(com.acme.CartTest)"][..],
            ),
            (
                "    MethodSource [className = 'com.acme.CartTest', methodName = 'adds two$shop_test', methodParameterTypes = '']",
                &["adds two$shop_test(com.acme.CartTest)"][..],
            ),
            (
                "FAILED: com.acme.CartTest.adds\njava.lang.AssertionError: x\nTotal tests run: 2, Passes: 1, Failures: 1",
                &["com.acme.CartTest.adds"][..],
            ),
            ("FAILED: obj.o", &[""; 0][..]),
            (
                "    MethodSource [className = 'com.acme.CartTest', methodName = 'adds', methodParameterTypes = '']",
                &["adds(com.acme.CartTest)"][..],
            ),
            ("1) adds(com.acme.CartTest)junit.framework.AssertionFailedError: x", &["com.acme.CartTest.adds"][..]),
            ("1) invalid[Import_1](wyc.testing.AllInvalidTest)", &["wyc.testing.AllInvalidTest.invalid[Import_1]"][..]),
        ] {
            assert_eq!(read_lines(&Junit, text), want, "{text}");
        }
    }
}
