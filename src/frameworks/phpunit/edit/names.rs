//! What the names of `PHPUnit`'s tests mean.

/// A name, taken apart.
pub struct TestName<'a> {
    /// With its namespace where the name has one, without a leading backslash.
    pub class: Option<&'a str>,
    pub method: Option<&'a str>,
    /// The data set as it is printed: `"two"` or `#1`, and perhaps its arguments.
    pub set: Option<String>,
}

impl<'a> TestName<'a> {
    /// The class without its namespace.
    pub fn class_name(&self) -> Option<&'a str> {
        let class = self.class.or_else(|| self.bare().filter(|name| name.starts_with(char::is_uppercase)))?;
        class.rsplit('\\').next()
    }

    /// A word alone, which may be a method or a class.
    pub fn bare(&self) -> Option<&'a str> {
        self.method.filter(|_| self.class.is_none() && self.set.is_none())
    }
}

/// Takes `App\Tests\CartTest::testAdds with data set "two" (1, 2)` and its shorter forms apart.
pub fn wanted(name: &str) -> TestName<'_> {
    let name = name.trim().trim_start_matches('\\');
    let (test, set) = match name.split_once(" with data set ") {
        Some((test, set)) => (test, Some(set.trim().to_owned())),
        None => short_set(name),
    };
    let test = test.trim();
    let test = test.strip_suffix("()").unwrap_or(test);
    match test.rsplit_once("::") {
        Some((class, method)) => TestName { class: Some(class), method: Some(method), set },
        None if test.contains('\\') => TestName { class: Some(test), method: None, set },
        None => TestName { class: None, method: Some(test), set },
    }
}

/// `testAdds#1` and `testAdds@two`, as `--filter` takes them.
fn short_set(name: &str) -> (&str, Option<String>) {
    if let Some((test, set)) = name.split_once('@') {
        return (test, Some(format!("\"{set}\"")));
    }
    match name.split_once('#') {
        Some((test, index)) => (test, Some(format!("#{index}"))),
        None => (name, None),
    }
}
