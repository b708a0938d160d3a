//! What nobody writes on purpose, except to do harm: nothing may panic, hang or be edited wrongly.

use std::fs;

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

fn all() -> [&'static dyn Editor; 4] {
    [super::editor("rspec"), super::editor("phpunit"), super::editor("xunit"), super::editor("nunit")]
}

fn mark() -> Mark {
    Mark::new("q-1", "2031-02-03", "flaky")
}

/// Tries one text with names of every form; what is ready must be releasable, and the rest is only not to panic.
fn try_all(editor: &dyn Editor, text: &str, names: &[String]) {
    let path = "tests/x_spec.rb".to_owned();
    let source = Source { path, text: text.to_owned() };
    for name in names {
        let _ = (editor.file_of(name), editor.needle(name));
        if let Edited::Ready(edit) = editor.quarantine(&source, name, &mark()) {
            assert_eq!(editor.release(&edit.files[0], "q-1").as_deref(), Some(text), "{name}");
        }
    }
    let _ = editor.release(&source, "q-1");
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " ",
        "a",
        "A",
        "testA",
        "A::testA",
        "A.M",
        "NS.A+B.M(1, \"é",
        "M(",
        "((((",
        "<<<<",
        "é",
        "\u{0}",
        "::",
        "\\",
        ".",
        "+",
        "x_spec.rb:1",
        "./tests/x_spec.rb:1",
        "tests/x_spec.rb[1:1]",
        "tests/x_spec.rb[]",
        "tests/x_spec.rb:99999999999999999999",
        "rspec # #",
        "A with data set ",
        "testA with data set \"é\"",
        "testA#99999999999999999999",
        "testA@",
        "M('",
        "M(\"\\",
        "#",
        "`9",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("(".repeat(900));
    names.push("A.".repeat(450));
    names.push("a".repeat(200_000));
    names
}

#[test]
fn texts_that_harm() {
    let many = |piece: &str, count: usize| piece.repeat(count);
    let texts = [
        String::new(),
        "\u{feff}".to_owned(),
        "\u{0}".to_owned(),
        many("(", 100_000),
        format!("<?php class A {{ function testA() {{ {}", many("(", 100_000)),
        format!("class A {{ [Fact] void M() {{ {}", many("(", 100_000)),
        format!("class A {{ [Test] void M() {{ x = {} }} }}", many("a<", 50_000)),
        many("describe 'a' do\n", 2000) + "it('a') { 1 }\n" + &many("end\n", 2000),
        many("class A { ", 3000) + "[Fact] [Test] void M() { }" + &many("}", 3000),
        many("namespace A.B { ", 3000) + &many("}", 3000),
        many("module A\n", 3000) + &many("end\n", 3000),
        "<?php ".to_owned() + &many("class A { function testA() {} }\n", 500),
        many("describe \"#{a}\" do\n", 1000) + "it('a') { 1 }\n" + &many("end\n", 1000),
        many("it \"a", 500),
        many("<<~A\n", 2000),
        many("class A { [Fact(\"", 500),
        "<?php class A { function testA() { $x = <<<T\n".to_owned() + &many("testA\n", 1000),
        "it 'a' do\u{0}end".to_owned(),
        "<?php class A { function testA() {\u{0}} }".to_owned(),
        "class A { [Fact]\u{0} void M() {} }".to_owned(),
        "a".repeat(600 << 10),
    ];
    let likely: Vec<String> = ["a", "testA", "A.M", "./tests/x_spec.rb:1"].map(str::to_owned).to_vec();
    for editor in all() {
        for text in &texts {
            try_all(editor, text, &likely);
        }
    }
}

#[test]
fn names_that_harm() {
    for (editor, file) in all().iter().zip(["cart_spec.rb", "CartTest.php", "SumTests.cs", "CaseTests.cs"]) {
        let path = super::data(editor.id()).join(file);
        try_all(*editor, &fs::read_to_string(path).unwrap(), &names());
    }
}

#[test]
fn texts_that_are_cut_off() {
    for editor in all() {
        let folder = super::data(editor.id());
        let table = fs::read_to_string(folder.join("cases.txt")).unwrap();
        for row in table.lines().filter(|line| line.contains("| skip |")).step_by(4) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let text = fs::read_to_string(folder.join(cells[0])).unwrap();
            for at in (0..text.len()).step_by(41).filter(|at| text.is_char_boundary(*at)) {
                try_all(editor, &text[..at], &[cells[1].to_owned()]);
            }
        }
    }
}

#[test]
fn marks_that_are_forged_or_changed() {
    let words = "ci-rescue id=q-1 until=2031-02-03: flaky";
    let release = |editor: &dyn Editor, text: &str| {
        editor.release(&Source { path: "tests/x".to_owned(), text: text.to_owned() }, "q-1")
    };
    for editor in all() {
        for text in [
            words.to_owned(),
            format!("\"{words}"),
            format!("'{words}\n'"),
            format!("é\"{words}\""),
            format!("(é\"{words}\")]"),
            format!("x = \"{words}\""),
            format!("it 'a', skip: \"{words}\" and skip: \"{words}\" do end"),
            format!("Ignore(\"{words}\")]"),
            format!("[é.Ignore(\"{words}\")"),
            format!("markTestSkipped('{words}');"),
            format!("é$this->markTestSkipped('{words}');é"),
            format!("it 'a', skip: '{words}: it is \"quoted\" do end"),
        ] {
            assert_eq!(release(editor, &text), None, "{}: {text}", editor.id());
        }
    }
    // What a person changed around the mark stays, where the mark can be told from it.
    let changed = format!("it 'a', skip: \"{words} and more\", slow: true do end");
    assert_eq!(release(super::editor("rspec"), &changed).as_deref(), Some("it 'a', slow: true do end"));
    let moved = format!("class A {{\n[Test]\n[Ignore(\"{words}\")]\npublic void M() {{}} }}");
    assert_eq!(release(super::editor("nunit"), &moved).as_deref(), Some("class A {\n[Test]\npublic void M() {} }"));
    let joined = format!("class A {{ [Test, Ignore(\"{words}\")] public void M() {{}} }}");
    assert_eq!(release(super::editor("nunit"), &joined), None);
    let guarded =
        format!("<?php class A {{ function testA() {{\nif ($x) {{\n$this->markTestSkipped('{words}');\n}}\n}} }}");
    assert_eq!(
        release(super::editor("phpunit"), &guarded).as_deref(),
        Some("<?php class A { function testA() {\nif ($x) {\n}\n} }")
    );
}
