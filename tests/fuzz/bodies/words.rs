//! What people write: commands, comments, forms; names; and words of strangers as platforms are to see them.

use super::input::{cut, text};
use ci_rescue::card::{code, cut as shorten, escape};
use ci_rescue::command::{Mistake, filled, in_comment, parse};
use ci_rescue::domain::form::{Field, Fields, Form};
use ci_rescue::domain::ids::{Digest, IncidentNo, ProposalId, Repo};
use ci_rescue::domain::intent::{Intent, Target, Wish};
use ci_rescue::domain::mention::Mention;
use ci_rescue::domain::pointer::{Pointer, Sites};
use ci_rescue::domain::refs::{Branch, OWN_BRANCHES, OwnBranch};
use ci_rescue::domain::text::{clean_line, inert, is_invisible};
use ci_rescue::domain::{Platform, Untrusted};
use std::fmt::{Debug, Display};
use std::str::FromStr;

/// The incident that a conversation knows.
const HERE: IncidentNo = IncidentNo(7);

fn check_mistake(mistake: &Mistake) {
    assert!(!mistake.what.is_empty() && mistake.what.len() <= 4_000, "{}", mistake.what);
    assert_eq!(mistake.nearest.is_some(), mistake.example.is_some(), "an example goes with a usage: {mistake:?}");
    if let Some(example) = &mistake.example {
        assert!(parse(example, Some(HERE)).is_ok(), "{example}");
    }
}

/// What is understood is kept as it is, and means the same in a thread and with blanks around it; a mistake comes with an
/// example that works.
pub fn commands(data: &[u8]) {
    let text = text(data);
    let here = parse(&text, Some(HERE));
    assert_eq!(parse(&format!(" \n{text}\t "), Some(HERE)), here);
    match &here {
        Ok(intent) => {
            let printed = serde_json::to_string(intent).expect("an intent is JSON");
            assert_eq!(serde_json::from_str::<Intent>(&printed).ok().as_ref(), Some(intent), "{printed}");
            assert_ne!(intent.target(), Some(Target::Here));
        }
        Err(mistake) => check_mistake(mistake),
    }
    if let Ok(intent) = parse(&text, None) {
        assert_eq!(here, Ok(intent), "the thread changes what the command says by itself");
    }
}

/// The bot's own name in comments.
const NAME: &str = "ci-rescue";

/// At most five commands, a line each, are taken of a comment; of one that is quoted, shown as code or hidden, none is.
pub fn comments(data: &[u8]) {
    // A lone carriage return ends a line of Markdown, too.
    let text = text(data).replace('\r', "\n");
    let said = in_comment(&text, NAME);
    assert!(said.len() <= 5 && said.iter().all(|command| !command.contains('\n')), "{said:?}");
    let quoted: String = text.split('\n').flat_map(|line| ["> ", line, "\n"]).collect();
    assert_eq!(in_comment(&quoted, NAME), [""; 0], "{quoted}");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let fenced = format!("{fence}\n{text}\n{fence}\n");
    assert_eq!(in_comment(&fenced, NAME), [""; 0], "{fenced}");
    if !text.contains("-->") {
        let hidden = format!("<!--\n{text}\n-->\n");
        assert_eq!(in_comment(&hidden, NAME), [""; 0], "{hidden}");
    }
}

/// The forms that cards have, with their fields.
const FORMS: [(&str, &[&str]); 5] = [
    ("quarantine", &["test", "for", "reason"]),
    ("pin", &["package", "for"]),
    ("revert", &["words"]),
    ("backport", &["to", "pr"]),
    ("issue", &["reason"]),
];

fn is_given(said: Option<&str>, given: Option<&String>) -> bool {
    said == given.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// A command's name, then lines of `FIELD=text`, in which `\n` is a line break. Whatever is filled in, the remedy and the
/// incident are the card's, nothing is forced, and no text leaves its field.
pub fn forms(data: &[u8]) {
    let text = text(data);
    let (verb, rest) = cut(&text);
    let Some((verb, names)) = FORMS.iter().find(|(name, _)| *name == verb.trim()) else { return };
    let field = |(name, text): (&str, &str)| (name.to_owned(), text.replace("\\n", "\n"));
    let given: Fields = rest.lines().filter_map(|line| line.split_once('=')).map(field).collect();
    let fields = names.iter().map(|name| Field::line(name, name, "")).collect();
    let form = Form { title: "Form".into(), fields };
    let target = Target::Incident(HERE);
    match filled(verb, target, &form, &given) {
        Ok(Intent::Remedy { target: about, wish, force, .. }) => {
            assert_eq!((about, wish.remedy(), force), (target, *verb, false));
            if let Wish::Quarantine { test, reason, listed, .. } = &wish {
                assert!(is_given(test.as_ref().map(Untrusted::raw), given.get("test")), "{wish:?}");
                assert!(is_given(reason.as_ref().map(Untrusted::raw), given.get("reason")), "{wish:?}");
                assert!(!listed);
            }
        }
        Ok(other) => panic!("{other:?}"),
        Err(misfit) => {
            assert!(!misfit.what.is_empty());
            assert!(misfit.field.as_ref().is_none_or(|field| names.contains(&field.as_str())), "{misfit:?}");
        }
    }
}

/// With a mark in the place of each character that a backslash keeps dead: the platform still sees one there.
fn awake(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
            out.push('\u{fffc}');
        } else {
            out.push(c);
        }
    }
    out
}

/// What is live outside of code spans, and whether the last span is open.
fn outside_code(text: &str) -> (String, bool) {
    let (mut out, mut is_code, mut chars) = (String::new(), false, text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' if !is_code => {
                chars.next();
            }
            '`' => is_code = !is_code,
            c if !is_code => out.push(c),
            _ => {}
        }
    }
    (out, is_code)
}

fn check_markdown(markup: &str, text: &str) {
    let out = escape(markup, text);
    assert!(!out.lines().any(|line| line.starts_with('/')), "a command: {out}");
    let live = awake(&out).to_lowercase();
    for word in ["@everyone", "@here", "://", "](", "<@", "<t:", "<img", "<!--", "<!", "||", "```"] {
        assert!(!live.contains(word), "{word} in {out}");
    }
    assert!(code(markup, text).matches('`').count() <= 2);
}

fn check_entities(markup: &str, text: &str) {
    let spanned = code(markup, text).replace("<code>", "").replace("</code>", "");
    for out in [escape(markup, text), spanned] {
        assert!(!out.contains(['<', '>']), "{out}");
    }
}

/// The first line says to how many characters is cut. Nothing that a stranger wrote is alive on any platform: no mention,
/// no link, no tag, no command; nor does anything come alive where it is cut.
pub fn markup(data: &[u8]) {
    let all = text(data);
    let (max, text) = cut(&all);
    let max = max.trim().parse::<usize>().unwrap_or(20).clamp(2, 4_000);
    for markup in ["discord", "github"] {
        check_markdown(markup, text);
    }
    for markup in ["slack", "html"] {
        check_entities(markup, text);
    }
    assert!(!escape("slack", text).contains(['`', '*', '~']));
    let spanned = code("slack", text);
    assert!(spanned.matches('`').count().is_multiple_of(2) && !spanned.contains('\n'), "{spanned}");
    assert!(!escape("plain", text).chars().any(|c| is_invisible(c) && c != '\n'));
    for markup in ["slack", "discord", "github"] {
        let whole = format!("{} {} {}", escape(markup, text), code(markup, text), escape(markup, text));
        let kept = shorten(markup, &whole, max);
        assert!(kept.chars().count() <= max, "{markup}: {whole} -> {kept}");
        let (live, is_open) = outside_code(&kept);
        assert!(markup == "slack" || !is_open && !live.contains("]("), "{markup}: {whole} -> {kept}");
    }
}

/// What is printed is the same name again.
fn round<T: FromStr + Display + Debug + PartialEq>(text: &str) {
    if let Ok(name) = text.parse::<T>() {
        assert_eq!(name.to_string().parse::<T>().ok(), Some(name), "{text:?}");
    }
}

fn check_pointer(address: &str) {
    let sites = Sites::new(Some("https://github.com"), Some("https://rescue.example.org/ci"));
    let Some(pointer) = sites.read(address) else { return };
    let again = match &pointer {
        Pointer::Incident { no } => format!("https://rescue.example.org/ci/incidents/{}", no.0),
        Pointer::Run { repo, run } => format!("https://github.com/{repo}/actions/runs/{run}"),
        Pointer::Pull { repo, number } => format!("https://github.com/{repo}/pull/{number}"),
    };
    assert_eq!(sites.read(&again), Some(pointer), "{address:?}");
}

/// A stranger's words for a commit: forges obey nothing in them.
fn check_inert(text: &str) {
    let line = inert(text, 100);
    let lower = line.to_ascii_lowercase();
    let obeyed = ["[skip ", "[no ", "[ci ", "[actions "].iter().any(|word| lower.contains(word));
    assert!(!obeyed && !line.contains(['#', '@']), "{text:?} -> {line:?}");
}

/// A name or an address a line: what is taken for one is safe to use, and is printed and read again the same.
pub fn names(data: &[u8]) {
    for line in text(data).lines().take(40) {
        round::<Repo>(line);
        round::<IncidentNo>(line);
        round::<ProposalId>(line);
        round::<Branch>(line);
        if let Ok(own) = OwnBranch::try_from(line.to_owned()) {
            assert!(own.as_str().starts_with(OWN_BRANCHES) && own.as_str().parse::<Branch>().is_ok());
        }
        assert_eq!(Digest::from_hex(line).is_some(), line.len() == 64 && line.bytes().all(is_low_hex));
        for platform in ["slack", "discord", "github"].map(Platform::new) {
            let found = [Mention::account(&platform, line), Mention::group(&platform, line)];
            let plain = |mention: &Mention| mention.id() == line && line.bytes().all(|b| b.is_ascii_alphanumeric());
            assert!(found.iter().flatten().all(plain), "{line:?}");
        }
        check_pointer(line);
        check_inert(line);
        let clean = clean_line(line, 100);
        assert_eq!(clean_line(&clean, 100), clean, "{line:?}");
    }
}

fn is_low_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}
