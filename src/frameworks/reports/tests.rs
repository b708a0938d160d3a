//! Each format from its tool's own documents, and what hostile files come to.

use super::*;
use proptest::prelude::*;

fn plain(text: &str) -> String {
    text.to_owned()
}

const PLAIN: Cleaner<'static> = Cleaner { name: &plain, text: &plain };

/// The format that takes the bytes, its items, and how it ended.
fn read(bytes: &[u8]) -> (Option<&'static str>, Vec<Item>, Result<(), String>) {
    let Some(format) = of(&bytes[..bytes.len().min(8 << 10)]) else { return (None, Vec::new(), Ok(())) };
    let mut items = Vec::new();
    let done = format.read(bytes, PLAIN, &mut |item| items.push(item));
    (Some(format.id), items, done)
}

/// Framework, name, ending, milliseconds and message of a test.
type Row = (&'static str, String, Ended, Option<u64>, Option<String>);

fn tests(text: &str, format: &str) -> Vec<Row> {
    let (id, items, done) = read(text.as_bytes());
    assert_eq!((id, done), (Some(format), Ok(())), "{text}");
    let case = |item| match item {
        Item::Test(case) => (case.framework, case.name, case.ended, case.duration_ms, case.message),
        Item::Finding(found) => panic!("{found:?}"),
    };
    items.into_iter().map(case).collect()
}

#[test]
fn junit() {
    let xml = r#"<?xml version="1.0"?><!-- by hand --><testsuites><testsuite name="a">
        <testcase classname="com.acme.CartTest" name="adds" time="1,234.5"/>
        <testcase classname="com.acme.CartTest" name="pays[x &lt; y]" time="0.002"><failure message="boom&#10;more">t</failure></testcase>
        <testcase classname="" name="alone"><error type="E"><![CDATA[
            in the text
            more]]></error></testcase>
        <testcase classname="s" name="skipped"><skipped/></testcase>
        <testcase classname="G" name="idle" status="notrun"/>
        <testcase classname="c it" name="c it" time="NaN"/></testsuite></testsuites>"#;
    assert_eq!(
        tests(xml, "junit"),
        [
            ("junit", "com.acme.CartTest.adds".into(), Ended::Pass, Some(1_234_500), None),
            ("junit", "com.acme.CartTest.pays[x < y]".into(), Ended::Fail, Some(2), Some("boom".into())),
            ("junit", "alone".into(), Ended::Fail, None, Some("in the text".into())),
            ("junit", "s.skipped".into(), Ended::Skip, None, None),
            ("junit", "G.idle".into(), Ended::Skip, None, None),
            ("junit", "c it".into(), Ended::Pass, None, None),
        ]
    );
}

#[test]
fn junit_of_pytest_and_go_names_tests_as_their_logs_do() {
    let of_pytest = r#"<testsuites><testsuite name="pytest" errors="0"><testcase classname="tests.test_cart" name="test_total" time="0.1"/>
        <testcase classname="tests.test_cart.TestCart" name="test_sum[a-1]"><failure message="x"/></testcase></testsuite></testsuites>"#;
    let names = |xml: &str| tests(xml, "junit").into_iter().map(|test| (test.0, test.1)).collect::<Vec<_>>();
    assert_eq!(
        names(of_pytest),
        [
            ("pytest", "tests/test_cart.py::test_total".to_owned()),
            ("pytest", "tests/test_cart.py::TestCart::test_sum[a-1]".to_owned())
        ]
    );
    let of_go = r#"<testsuites><testsuite name="acme.dev/shop/cart"><testcase classname="acme.dev/shop/cart" name="TestTotal/empty_cart"/></testsuite></testsuites>"#;
    assert_eq!(names(of_go), [("go", "TestTotal/empty_cart".to_owned())]);
}

#[test]
fn trx() {
    let xml = r#"<?xml version="1.0"?><TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
        <UnitTestResult testName="Shop.CartTests.Adds" outcome="Passed" duration="00:01:02.5000000"/>
        <UnitTestResult testName="Shop.CartTests.Pays(x: 1)" outcome="Failed" duration="later"><Output><ErrorInfo><Message>Assert.Equal()
        Expected: 1</Message></ErrorInfo></Output></UnitTestResult>
        <UnitTestResult testName="Shop.CartTests.Later" outcome="NotExecuted"/></Results></TestRun>"#;
    assert_eq!(
        tests(xml, "trx"),
        [
            ("dotnet", "Shop.CartTests.Adds".into(), Ended::Pass, Some(62_500), None),
            ("dotnet", "Shop.CartTests.Pays(x: 1)".into(), Ended::Fail, None, Some("Assert.Equal()".into())),
            ("dotnet", "Shop.CartTests.Later".into(), Ended::Skip, None, None),
        ]
    );
}

#[test]
fn go() {
    let lines = concat!(
        r#"{"Time":"2026-01-01T00:00:00Z","Action":"start","Package":"acme.dev/shop"}"#,
        "\n",
        r#"{"Action":"run","Package":"acme.dev/shop","Test":"TestTotal/empty"}"#,
        "\n# a line of the build\n",
        r#"{"Action":"output","Package":"acme.dev/shop","Test":"TestTotal/empty","Output":"=== RUN   TestTotal/empty\n"}"#,
        "\n",
        r#"{"Action":"output","Package":"acme.dev/shop","Test":"TestTotal/empty","Output":"    cart_test.go:9: got 2, want 1\n"}"#,
        "\n",
        r#"{"Action":"fail","Package":"acme.dev/shop","Test":"TestTotal/empty","Elapsed":0.25}"#,
        "\n",
        r#"{"Action":"pass","Package":"acme.dev/shop","Test":"TestAdd","Elapsed":0}"#,
        "\n",
        r#"{"Action":"skip","Package":"acme.dev/shop","Test":"TestSlow","Elapsed":0}"#,
        "\n",
        r#"{"Action":"fail","Package":"acme.dev/shop","Elapsed":0.3}"#,
    );
    assert_eq!(
        tests(lines, "go-json"),
        [
            ("go", "TestTotal/empty".into(), Ended::Fail, Some(250), Some("cart_test.go:9: got 2, want 1".into())),
            ("go", "TestAdd".into(), Ended::Pass, Some(0), None),
            ("go", "TestSlow".into(), Ended::Skip, Some(0), None),
        ]
    );
}

#[test]
fn pytest_json() {
    let json = r#"{"created":1518371686.7,"duration":0.123,"exitcode":1,"root":"/work","environment":{},"summary":{"total":2},
        "tests":[{"nodeid":"tests/test_a.py::test_ok","lineno":1,"keywords":[],"outcome":"passed","setup":{"duration":0.25},"call":{"duration":0.5,"outcome":"passed"}},
        {"nodeid":"tests/test_a.py::test_b[1]","outcome":"failed","call":{"duration":1.0,"outcome":"failed","crash":{"path":"a","lineno":5,"message":"TypeError: blah"}}},
        {"nodeid":"tests/test_a.py::test_c","outcome":"xfailed"}]}"#;
    assert_eq!(
        tests(json, "pytest-json"),
        [
            ("pytest", "tests/test_a.py::test_ok".into(), Ended::Pass, Some(750), None),
            ("pytest", "tests/test_a.py::test_b[1]".into(), Ended::Fail, Some(1_000), Some("TypeError: blah".into())),
            ("pytest", "tests/test_a.py::test_c".into(), Ended::Skip, None, None),
        ]
    );
}

#[test]
fn jest_and_vitest() {
    let json = r#"{"numFailedTestSuites":1,"numRuntimeErrorTestSuites":0,"numTotalTestSuites":1,"testResults":[{"assertionResults":[
        {"ancestorTitles":["checkout"],"duration":5.4,"failureMessages":["Error: slow\n    at x"],"status":"failed","title":"shows the total"},
        {"ancestorTitles":[],"duration":null,"failureMessages":[],"status":"todo","title":"later"}],
        "name":"/home/runner/work/shop/shop/src/checkout.test.ts","status":"failed"}]}"#;
    assert_eq!(
        tests(json, "jest"),
        [
            ("jest", "checkout › shows the total".into(), Ended::Fail, Some(5), Some("Error: slow".into())),
            ("jest", "later".into(), Ended::Skip, None, None),
        ]
    );
    let (_, items, _) = read(json.as_bytes());
    let Item::Test(case) = &items[0] else { panic!("{items:?}") };
    assert_eq!(case.file.as_deref(), Some("src/checkout.test.ts"));
    let of_vitest = r#"{"numTotalTestSuites":1,"testResults":[{"name":"a.test.ts","assertionResults":[{"ancestorTitles":["","adds"],"status":"passed","title":"two","duration":1}]}]}"#;
    assert_eq!(tests(of_vitest, "jest"), [("vitest", "adds > two".into(), Ended::Pass, Some(1), None)]);
}

#[test]
fn tap() {
    let text = "TAP version 14\n1..5\n# Subtest: cart\n    ok 1 - adds # time=12.5ms\n    not ok 2 - pays\n      ---\n      duration_ms: 7.9\n      ...\n\
                not ok 3 - later # TODO write it\nok 4 - other # SKIP no network\nok\n";
    assert_eq!(
        tests(text, "tap"),
        [
            ("tap", "adds".into(), Ended::Pass, Some(12), None),
            ("tap", "pays".into(), Ended::Fail, Some(7), None),
            ("tap", "later".into(), Ended::Skip, None, None),
            ("tap", "other".into(), Ended::Skip, None, None),
        ]
    );
}

#[test]
fn linters() {
    let finding = |file: &str, line, text: &str| Item::Finding(Finding { file: file.into(), line, text: text.into() });
    let xml = r#"<?xml version="1.0"?><checkstyle version="8"><file name="src/A.java"><error line="3" severity="error" message="Unused import"/>
        <error line="4" severity="warning" message="Long line"/></file></checkstyle>"#;
    assert_eq!(
        read(xml.as_bytes()),
        (Some("checkstyle"), vec![finding("src/A.java", Some(3), "Unused import")], Ok(()))
    );
    let json = r#"{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"tool":{"driver":{"name":"x"}},"results":[
        {"ruleId":"js/sql","level":"error","message":{"text":"Injection"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.js"},"region":{"startLine":7}}}]},
        {"ruleId":"js/style","message":{"text":"Style"}}]},{"results":null}]}"#;
    assert_eq!(read(json.as_bytes()), (Some("sarif"), vec![finding("a.js", Some(7), "js/sql: Injection")], Ok(())));
}

#[test]
fn other_files_are_no_reports() {
    for other in [
        "<html></html>",
        "<?xml version=\"1.0\"?><coverage/>",
        "<!DOCTYPE testsuite",
        "{\"total\": {\"lines\": 1}}",
        "[]",
        "2026-01-01T00:00:00Z TAP version 13",
        "ok then",
        "",
    ] {
        assert_eq!(read(other.as_bytes()).0, None, "{other}");
    }
}

#[test]
fn threat_109_hostile_reports_are_refused_in_words() {
    let deep = "<testsuite>".repeat(100);
    assert!(read(deep.as_bytes()).2.unwrap_err().contains("more than 64 levels"));
    let deep = format!("{{\"numTotalTestSuites\":{}", "[".repeat(10_000));
    assert!(read(deep.as_bytes()).2.unwrap_err().starts_with("not a jest report: "));
    assert!(read(b"<testsuite><testcase").2.is_err());
    let bomb = br#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&b;&c;"><failure/></testcase></testsuite>"#;
    let (_, items, _) = read(bomb);
    assert!(!format!("{items:?}").contains("aaaa") && !format!("{items:?}").contains("root:"), "{items:?}");
    let not_text = b"<testsuite><testcase name=\"caf\xe9\"><failure message=\"\xff\xfe\"/></testcase></testsuite>";
    let _ = read(not_text);
    for big in [&b"TAP version 13\n"[..], b"<testsuite>", b"{\"Action\":\"start\",\"Package\":\"x\"}\n"] {
        let source = big.chain(std::io::BufReader::new(std::io::repeat(b' ')));
        let done = of(big).unwrap().read(source, PLAIN, &mut |_| {});
        assert!(done.unwrap_err().contains("more than 32 MiB"));
    }
}

#[test]
fn names_are_masked_before_they_are_cut_and_kept_in_one_line() {
    let long = format!("<testsuite><testcase name=\"a&#10;b\u{202e}{}\"/></testsuite>", "x".repeat(2_000));
    let mask = |text: &str| text.replace("xxx", "[redacted]");
    let mut names = Vec::new();
    of(long.as_bytes())
        .unwrap()
        .read(long.as_bytes(), Cleaner { name: &mask, text: &plain }, &mut |item| names.push(item))
        .unwrap();
    let Item::Test(case) = &names[0] else { panic!("{names:?}") };
    assert!(case.name.chars().count() <= 500 && !case.name.contains(['\n', '\u{202e}']), "{}", case.name);
}

/// Pieces of every format, in any order.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<?xml version=\"1.0\"?>",
        "<testsuite name=\"pytest\">",
        "<testcase classname=\"a.B\" name=\"c\" time=\"1e300\">",
        "<failure message=\"x\">",
        "</testcase>",
        "<TestRun>",
        "<UnitTestResult testName=\"a\" duration=\"99999999999999:1:1\">",
        "<checkstyle><file name=\"a\"><error line=\"-1\"/>",
        "{\"version\":\"2.1.0\",\"runs\":[",
        "{\"numTotalTestSuites\":1,\"testResults\":[",
        "{\"created\":1,\"exitcode\":1,\"root\":\"\",\"tests\":[",
        "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"T\",\"Elapsed\":-1}\n",
        "TAP version 13\n",
        "not ok 1 - a # time=1e9s\n",
        "duration_ms: 9e999\n",
        "]}",
        "&#0;",
        "\u{feff}",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #[test]
    fn no_reader_panics(pieces in prop::collection::vec(piece(), 0..12), tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut bytes = pieces.concat().into_bytes();
        bytes.extend(tail);
        for format in &FORMATS {
            let _ = format.read(bytes.as_slice(), PLAIN, &mut |_| {});
        }
        let _ = read(&bytes);
    }
}
