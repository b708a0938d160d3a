//! The formatting of chat platforms as HTML: what a reader would see of a message, and nothing that a message could
//! bring in by itself.

/// Text as text.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\n' => out.push_str("<br>"),
        c => out.push(c),
    }
}

fn link(label: &str, url: &str) -> String {
    if url.starts_with("https://") || url.starts_with("http://") {
        format!("<a href=\"{}\" rel=\"noreferrer\">{label}</a>", plain(url))
    } else {
        label.to_owned()
    }
}

/// The entities that Slack asks for, as their characters.
fn decoded(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Where a pair's second half stands, on the same line.
fn closes(rest: &str, mark: &str) -> Option<usize> {
    rest.find(mark).filter(|at| *at > 0 && !rest[..*at].contains('\n'))
}

/// Slack's mrkdwn: bold, code, links, dates.
pub fn mrkdwn(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '`' if closes(after, "`").is_some() => {
                let at = closes(after, "`").unwrap_or(0);
                out.push_str(&format!("<code>{}</code>", plain(&decoded(&after[..at]))));
                rest = &after[at + 1..];
                continue;
            }
            '*' if closes(after, "*").is_some() => {
                let at = closes(after, "*").unwrap_or(0);
                out.push_str(&format!("<strong>{}</strong>", mrkdwn(&after[..at])));
                rest = &after[at + 1..];
                continue;
            }
            '<' if after.contains('>') => {
                let (token, behind) = after.split_once('>').unwrap_or((after, ""));
                out.push_str(&slack_token(token));
                rest = behind;
                continue;
            }
            '&' => {
                let entity = ["&lt;", "&gt;", "&amp;"].into_iter().find(|entity| rest.starts_with(entity));
                if let Some(entity) = entity {
                    out.push_str(entity);
                    rest = &rest[entity.len()..];
                    continue;
                }
                push(&mut out, c);
            }
            c => push(&mut out, c),
        }
        rest = after;
    }
    out
}

/// `<url|label>`, `<!date^…|fallback>`.
fn slack_token(token: &str) -> String {
    let (target, label) = token.split_once('|').unwrap_or((token, token));
    let label = plain(&decoded(label));
    if target.starts_with('!') { label } else { link(&label, &decoded(target)) }
}

/// Discord's Markdown: bold, code, masked links, dates, backslash escapes.
pub fn markdown(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                if let Some(next) = after.chars().next() {
                    push(&mut out, next);
                    rest = &after[next.len_utf8()..];
                    continue;
                }
            }
            '`' if closes(after, "`").is_some() => {
                let at = closes(after, "`").unwrap_or(0);
                out.push_str(&format!("<code>{}</code>", plain(&after[..at])));
                rest = &after[at + 1..];
                continue;
            }
            '*' if after.starts_with('*') && closes(&after[1..], "**").is_some() => {
                let inner = &after[1..];
                let at = closes(inner, "**").unwrap_or(0);
                out.push_str(&format!("<strong>{}</strong>", markdown(&inner[..at])));
                rest = &inner[at + 2..];
                continue;
            }
            '[' => {
                if let Some((label, url, behind)) = masked(after) {
                    out.push_str(&link(&markdown(label), url));
                    rest = behind;
                    continue;
                }
                push(&mut out, c);
            }
            '<' if after.starts_with("t:") && after.contains('>') => {
                let (token, behind) = after.split_once('>').unwrap_or((after, ""));
                out.push_str(&date(token));
                rest = behind;
                continue;
            }
            c => push(&mut out, c),
        }
        rest = after;
    }
    out
}

/// `label](url)` and what follows it.
fn masked(text: &str) -> Option<(&str, &str, &str)> {
    let mut escaped = false;
    let at = text.char_indices().find(|(_, c)| {
        let end = !escaped && matches!(c, ']' | '\n');
        escaped = !escaped && *c == '\\';
        end
    });
    let (at, _) = at.filter(|(_, c)| *c == ']')?;
    let url = text[at + 1..].strip_prefix('(')?;
    let (url, behind) = url.split_once(')')?;
    Some((&text[..at], url, behind))
}

/// `t:1767268800:R`, in UTC.
fn date(token: &str) -> String {
    let seconds = token.split(':').nth(1).and_then(|seconds| seconds.parse().ok());
    let at = seconds.and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    at.map_or_else(|| plain(&format!("<{token}>")), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formats() {
        for (text, want) in [
            ("*a* `b` c_d", "<strong>a</strong> <code>b</code> c_d"),
            ("<!date^1^{date}|2026-01-01 12:00 UTC>", "2026-01-01 12:00 UTC"),
            ("a &lt;!channel&gt; <b", "a &lt;!channel&gt; &lt;b"),
            ("<javascript:alert(1)|x>", "x"),
        ] {
            assert_eq!(mrkdwn(text), want, "{text}");
        }
        for (text, want) in [
            ("**a** `b` \\`c\\`", "<strong>a</strong> <code>b</code> `c`"),
            ("[a\\](b](javascript:x)", "a](b"),
            ("<t:1767268800:R> <@1>", "2026-01-01 12:00 UTC &lt;@1&gt;"),
        ] {
            assert_eq!(markdown(text), want, "{text}");
        }
    }

    proptest! {
        /// Whatever a message holds: only our own tags come out, and attributes stay closed.
        #[test]
        fn nothing_else_comes_alive(text in "[a<>&\"'*`\\\\\\[\\]()!|:^t/h ]{0,80}|\\PC{0,60}") {
            for html in [mrkdwn(&text), markdown(&text), plain(&text)] {
                let mut rest = html.as_str();
                while let Some((_, tag)) = rest.split_once('<') {
                    let (tag, behind) = tag.split_once('>').unwrap_or((tag, ""));
                    let ours = ["code", "/code", "strong", "/strong", "br", "/a"].contains(&tag);
                    let anchor = tag.starts_with("a href=\"http")
                        && tag.ends_with("\" rel=\"noreferrer\"")
                        && tag.matches('"').count() == 4;
                    prop_assert!(ours || anchor, "<{}> in {}", tag, html);
                    rest = behind;
                }
            }
        }
    }
}
