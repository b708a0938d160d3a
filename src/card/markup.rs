//! How each platform wants untrusted text escaped, and how it writes bold, code, links and dates.
//!
//! Slack: `&`, `<`, `>` as entities (docs.slack.dev, "Formatting message text"); it has no escape for `*`, `_`, `~` and
//! backticks, so where those would format they become letters that look alike. Discord and GitHub:
//! a backslash before what Markdown reads (commonmark.org, "Backslash escapes"), and a space of no width in what they
//! find in plain words: mentions, addresses, references. Everywhere, invisible and overriding characters are dropped
//! before.

use crate::domain::text::is_invisible;
use crate::domain::time::Time;

/// The markups that words can be rendered in.
pub const MARKUPS: [&str; 5] = ["plain", "slack", "discord", "github", "html"];

/// Text as harmless text.
#[must_use]
pub fn escape(markup: &str, text: &str) -> String {
    let seen = text.chars().filter(|c| !is_invisible(*c) || *c == '\n');
    match markup {
        "slack" => mrkdwn(&seen.collect::<String>()),
        "html" => seen.fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#x27;"),
                c => push_entity(&mut out, c),
            }
            out
        }),
        "discord" | "github" => markdown(markup, &seen.collect::<String>()),
        _ => seen.collect(),
    }
}

/// Slack formats by pairs of marks at the edges of words, and quotes by `>` at the start of a line. An underscore inside
/// a word formats nothing and stays: names can be copied.
fn mrkdwn(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut before = '\n';
    while let Some(c) = chars.next() {
        match c {
            '`' => out.push('\u{2cb}'),
            '*' => out.push('\u{2217}'),
            '~' => out.push('\u{223c}'),
            '_' if !(before.is_ascii_alphanumeric() && chars.peek().is_some_and(char::is_ascii_alphanumeric)) => {
                out.push('\u{2cd}');
            }
            '>' if before == '\n' => out.extend([GAP, '&', 'g', 't', ';']),
            c => push_entity(&mut out, c),
        }
        before = c;
    }
    out
}

/// Text with `&`, `<` and `>` as entities and nothing else changed.
fn entities(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).fold(String::with_capacity(text.len()), |mut out, c| {
        push_entity(&mut out, c);
        out
    })
}

/// Breaks words that a platform would link or mention by itself.
const GAP: char = '\u{200b}';

/// Discord takes two words for a mention, and writes the others with `<`; GitHub takes every name, but not inside a
/// word unless that is an address.
fn mentions(markup: &str, before: char, rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let word: String = rest.clone().take_while(|c| !c.is_whitespace()).take(MENTION_LOOK).collect();
    if markup == "discord" {
        return ["everyone", "here"].iter().any(|name| word.to_lowercase().starts_with(name));
    }
    !before.is_ascii_alphanumeric() || word.contains('.')
}

/// No address is longer (RFC 5321), in characters.
const MENTION_LOOK: usize = 254;

fn markdown(markup: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut before = '\n';
    while let Some(c) = chars.next() {
        match c {
            // Entities are decoded before mentions are looked for.
            '&' | '<' | '>' if markup == "github" => push_entity(&mut out, c),
            '@' if mentions(markup, before, &chars) => out.extend(['@', GAP]),
            '#' if markup == "github" => out.extend(['\\', '#', GAP]),
            '#' => out.extend(['\\', '#']),
            ':' if chars.peek() == Some(&'/') => out.extend([':', GAP]),
            '.' if before.eq_ignore_ascii_case(&'w') => out.extend([GAP, '.']),
            '-' if before.eq_ignore_ascii_case(&'h') => out.extend([GAP, '-']),
            // At the start of a line these make lists, headings, quotes and commands.
            '/' if before == '\n' => out.extend([GAP, '/']),
            '-' | '+' | '=' if before == '\n' => out.extend(['\\', c]),
            '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '(' | ')' | '!' | '<' | '>' | '{' | '}' | '$' => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

fn push_entity(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}

/// `text` as code, in a span that it cannot leave.
#[must_use]
pub fn code(markup: &str, text: &str) -> String {
    match markup {
        "slack" => {
            let inner = entities(&text.replace('`', "'").replace('\n', " "));
            if inner.trim().is_empty() { String::new() } else { format!("`{}`", inner.trim()) }
        }
        // Nothing is read inside a span but its end.
        "discord" | "github" => {
            let inner = escape("plain", &text.replace('`', "'").replace('\n', " "));
            if inner.trim().is_empty() { String::new() } else { format!("`{}`", inner.trim()) }
        }
        "html" => format!("<code>{}</code>", escape(markup, text)),
        _ => escape(markup, text),
    }
}

/// Characters of a line of code that are shown.
const CODE_CHARS: usize = 160;

/// Lines of code as a block of GitHub's, which no line of them can end.
pub(super) fn fenced(lines: &[String]) -> String {
    let shown = |line: &String| -> String {
        let seen = line.chars().filter(|c| *c == '\t' || !(c.is_control() || is_invisible(*c)));
        seen.take(CODE_CHARS).collect()
    };
    let lines: Vec<String> = lines.iter().map(shown).collect();
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", lines.join("\n"))
}

pub(super) fn bold(markup: &str, text: &str) -> String {
    let inner = escape(markup, text);
    match markup {
        "slack" if !inner.trim().is_empty() => format!("*{}*", inner.trim().replace('\n', " ")),
        "discord" | "github" if !inner.trim().is_empty() => format!("**{}**", inner.trim()),
        "html" => format!("<strong>{inner}</strong>"),
        _ => inner,
    }
}

/// A place to go, called `label`. Only addresses at configured hosts get here.
pub(super) fn link(markup: &str, label: &str, url: &str) -> String {
    let shown = escape(markup, label);
    let Some(address) = address(markup, url) else { return shown };
    match markup {
        "slack" => format!("<{address}|{}>", shown.replace('|', "¦")),
        "discord" | "github" => format!("[{shown}]({address})"),
        "html" => format!("<a href=\"{address}\">{shown}</a>"),
        _ => shown,
    }
}

/// An address in the place that this markup has for one; `None` where it is not one of the web. Nothing of it ends that
/// place.
#[must_use]
pub fn address(markup: &str, url: &str) -> Option<String> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return None;
    }
    let safe = |bad: &[char]| {
        url.chars().filter(|c| !c.is_control()).fold(String::with_capacity(url.len()), |mut out, c| {
            if bad.contains(&c) || c.is_whitespace() {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
            } else {
                out.push(c);
            }
            out
        })
    };
    Some(match markup {
        "slack" => safe(&['<', '>', '|', '`']).replace('&', "&amp;"),
        "discord" | "github" => safe(&['(', ')', '<', '>', '`', '\\']),
        "html" => escape(markup, &safe(&[])),
        _ => url.to_owned(),
    })
}

/// A moment in the reader's own time, by the platform's date token.
pub(super) fn when(markup: &str, at: Time) -> String {
    let utc = chrono::DateTime::from_timestamp(at.unix_s(), 0).unwrap_or_default();
    let words = utc.format("%Y-%m-%d %H:%M UTC").to_string();
    match markup {
        "slack" => format!("<!date^{}^{{date_short_pretty}} {{time}}|{words}>", at.unix_s()),
        "discord" => format!("<t:{}:R>", at.unix_s()),
        "html" => format!("<time datetime=\"{}\">{words}</time>", utc.format("%Y-%m-%dT%H:%M:%SZ")),
        _ => words,
    }
}

/// At most so many characters, cut where nothing comes alive by it: never inside an entity, an escape or a code span.
/// A page has room for everything, and a tag must not be cut.
#[must_use]
pub fn cut(markup: &str, text: &str, max: usize) -> String {
    if markup == "html" || text.chars().count() <= max {
        return text.to_owned();
    }
    let (mut end, mut code) = (0, false);
    let mut chars = text.char_indices().take(max.saturating_sub(1));
    while let Some((at, c)) = chars.next() {
        let mut next = at + c.len_utf8();
        match c {
            '\\' if !code && markup != "slack" => match chars.next() {
                Some((at, c)) => next = at + c.len_utf8(),
                None => break,
            },
            '`' => code = !code,
            '&' if markup == "slack" || (markup == "github" && !code) => {
                let Some((at, _)) = chars.find(|(_, c)| *c == ';') else { break };
                next = at + 1;
            }
            '<' if markup != "github" && !code => {
                let Some((at, _)) = chars.find(|(_, c)| *c == '>') else { break };
                next = at + 1;
            }
            _ => {}
        }
        if !code {
            end = next;
        }
    }
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_words_come_out_dead() {
        assert_eq!(
            escape("slack", "<!channel> & <@U1> <http://e|x>"),
            "&lt;!channel&gt; &amp; &lt;@U1&gt; &lt;http://e|x&gt;"
        );
        assert_eq!(escape("slack", "*a* _b_ ~c~ `d` test_total __init__"), "∗a∗ ˍbˍ ∼c∼ ˋdˋ test_total ˍˍinitˍˍ");
        assert_eq!(escape("slack", "> a\n>b"), "\u{200b}&gt; a\n\u{200b}&gt;b");
        assert_eq!(code("slack", "a\nb"), "`a b`");
        assert_eq!(bold("slack", " a*b\nc "), "*a∗b c*");
        assert_eq!(link("slack", "a|b>", "https://h/x?a=1&b=<|>"), "<https://h/x?a=1&amp;b=%3C%7C%3E|a¦b&gt;>");
        assert_eq!(link("github", "#9](x", "https://h/a(b) c"), "[\\#\u{200b}9\\]\\(x](https://h/a%28b%29%20c)");
        assert_eq!(link("html", "<b>", "https://h/\"x"), "<a href=\"https://h/&quot;x\">&lt;b&gt;</a>");
        assert_eq!(link("slack", "x", "javascript:alert(1)"), "x");
        assert_eq!(escape("slack", "&lt;!channel&gt;"), "&amp;lt;!channel&amp;gt;");
        assert_eq!(escape("html", "<img src=x onerror='a\"'>"), "&lt;img src=x onerror=&#x27;a&quot;&#x27;&gt;");
        assert_eq!(code("slack", "a```b`c"), "`a'''b'c`");
        assert_eq!(escape("discord", "@everyone <@1> shop@1a2b"), "@\u{200b}everyone \\<@1\\> shop@1a2b");
        assert_eq!(escape("github", "@org/team a@b.de shop@1a2b"), "@\u{200b}org/team a@\u{200b}b.de shop@1a2b");
        assert_eq!(
            escape("github", "Fixes #1, GH-2, https://e <img>"),
            "Fixes \\#\u{200b}1, GH\u{200b}-2, https:\u{200b}//e &lt;img&gt;"
        );
        assert_eq!(escape("discord", "[a](b) ||c|| *d* `e`"), "\\[a\\]\\(b\\) \\|\\|c\\|\\| \\*d\\* \\`e\\`");
        assert_eq!(escape("plain", "a\u{202e}b\u{1b}[31mc"), "ab[31mc");
        assert_eq!(escape("github", ":[//"), ":\\[//");
    }

    /// What is live outside code spans, and whether the last span is open.
    fn outside_code(text: &str) -> (String, bool) {
        let (mut out, mut code, mut chars) = (String::new(), false, text.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' if !code => {
                    chars.next();
                }
                '`' => code = !code,
                c if !code => out.push(c),
                _ => {}
            }
        }
        (out, code)
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

    proptest! {
        #[test]
        fn a_cut_leaves_nothing_open(text in "[a`&<>@!\\\\\\[\\]() ]{0,60}", max in 2_usize..80) {
            for markup in ["slack", "discord", "github"] {
                let whole = format!("{} {} {}", escape(markup, &text), code(markup, &text), escape(markup, &text));
                let kept = cut(markup, &whole, max);
                prop_assert!(kept.chars().count() <= max);
                if markup != "slack" {
                    let (live, open) = outside_code(&kept);
                    prop_assert!(!open && !live.contains("]("), "{markup}: {whole} -> {kept}");
                }
            }
        }

        #[test]
        fn no_live_markup_survives(text in any::<String>()) {
            for markup in ["discord", "github"] {
                let out = escape(markup, &text);
                prop_assert!(!out.lines().any(|line| line.starts_with('/')), "{}", out);
                let out = awake(&out);
                for live in ["@everyone", "@here", "://", "](", "<@", "<t:", "<img", "<!--", "||", "```"] {
                    prop_assert!(!out.contains(live), "{live} in {out}");
                }
                prop_assert!(code(markup, &text).matches('`').count() <= 2);
            }
            for markup in ["slack", "html"] {
                for out in [escape(markup, &text), bold(markup, &text).replace("<strong>", "").replace("</strong>", ""),
                            code(markup, &text).replace("<code>", "").replace("</code>", "")] {
                    prop_assert!(!out.contains(['<', '>']), "{}", out);
                }
            }
            prop_assert!(code("slack", &text).matches('`').count().is_multiple_of(2));
            prop_assert!(!code("slack", &text).contains('\n'));
            let plain = escape("slack", &text);
            prop_assert!(!plain.contains(['`', '*', '~']), "{}", plain);
            let edges = format!(" {plain} ");
            let edges: Vec<char> = edges.chars().collect();
            let lone = |w: &[char]| w[1] == '_' && !(w[0].is_ascii_alphanumeric() && w[2].is_ascii_alphanumeric());
            prop_assert!(!edges.windows(3).any(lone), "{}", plain);
        }
    }
}
