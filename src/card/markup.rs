//! How each platform wants untrusted text escaped, and how it writes bold, code, links and dates.
//!
//! Slack: `&`, `<`, `>` as entities and nothing else (docs.slack.dev, "Formatting message text"). Everywhere, invisible
//! and overriding characters are dropped before.

use crate::domain::text::is_invisible;
use crate::domain::time::Time;

/// The markups that words can be rendered in.
pub const MARKUPS: [&str; 3] = ["plain", "slack", "html"];

/// Text as harmless text.
#[must_use]
pub fn escape(markup: &str, text: &str) -> String {
    let seen = text.chars().filter(|c| !is_invisible(*c) || *c == '\n');
    match markup {
        "slack" => seen.fold(String::with_capacity(text.len()), |mut out, c| {
            push_entity(&mut out, c);
            out
        }),
        "html" => seen.fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#x27;"),
                c => push_entity(&mut out, c),
            }
            out
        }),
        _ => seen.collect(),
    }
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
pub(super) fn code(markup: &str, text: &str) -> String {
    match markup {
        "slack" => {
            let inner = escape(markup, &text.replace('`', "'"));
            if inner.trim().is_empty() { String::new() } else { format!("`{inner}`") }
        }
        "html" => format!("<code>{}</code>", escape(markup, text)),
        _ => escape(markup, text),
    }
}

pub(super) fn bold(markup: &str, text: &str) -> String {
    let inner = escape(markup, text);
    match markup {
        "slack" => format!("*{}*", inner.replace('*', "∗")),
        "html" => format!("<strong>{inner}</strong>"),
        _ => inner,
    }
}

/// A moment in the reader's own time, by the platform's date token.
pub(super) fn when(markup: &str, at: Time) -> String {
    let utc = chrono::DateTime::from_timestamp(at.unix_s(), 0).unwrap_or_default();
    let words = utc.format("%Y-%m-%d %H:%M UTC").to_string();
    match markup {
        "slack" => format!("<!date^{}^{{date_short_pretty}} {{time}}|{words}>", at.unix_s()),
        "html" => format!("<time datetime=\"{}\">{words}</time>", utc.format("%Y-%m-%dT%H:%M:%SZ")),
        _ => words,
    }
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
        assert_eq!(escape("slack", "&lt;!channel&gt;"), "&amp;lt;!channel&amp;gt;");
        assert_eq!(escape("html", "<img src=x onerror='a\"'>"), "&lt;img src=x onerror=&#x27;a&quot;&#x27;&gt;");
        assert_eq!(code("slack", "a```b`c"), "`a'''b'c`");
        assert_eq!(escape("plain", "a\u{202e}b\u{1b}[31mc"), "ab[31mc");
    }

    proptest! {
        #[test]
        fn no_live_markup_survives(text in any::<String>()) {
            for markup in ["slack", "html"] {
                for out in [escape(markup, &text), bold(markup, &text).replace("<strong>", "").replace("</strong>", ""),
                            code(markup, &text).replace("<code>", "").replace("</code>", "")] {
                    prop_assert!(!out.contains(['<', '>']), "{}", out);
                }
            }
            prop_assert!(code("slack", &text).matches('`').count().is_multiple_of(2));
        }
    }
}
