//! Commands in a comment: whole lines of plain paragraphs. Code, quotes, lists and HTML are ignored.

use pulldown_cmark::{Event, Parser, Tag};
use std::ops::Range;

/// The most commands that one comment may give.
const COMMANDS_MAX: usize = 5;
/// Longer comments are ignored: GitHub's own limit, in characters.
const LENGTH_MAX: usize = 65_536;
/// Bare verbs that people know from other bots. `/hold` is not among them: it means something else there.
const BARE: [(&str, &str); 5] = [
    ("/retry", "retry"),
    ("/retest", "retry"),
    ("/rerun", "retry"),
    ("/healer retry", "retry"),
    ("/healer fix", "fix"),
];

/// The commands in a comment, in order, as they would be typed in chat. `name` is the bot's own.
#[must_use]
pub fn in_comment(text: &str, name: &str) -> Vec<String> {
    if text.chars().count() > LENGTH_MAX {
        return Vec::new();
    }
    let (paragraphs, hidden) = structure(text);
    let lines = paragraphs.into_iter().flat_map(|paragraph| {
        let mut at = paragraph.start;
        text[paragraph].split_inclusive('\n').map(move |line| {
            at += line.len();
            (at - line.len(), line.trim_end())
        })
    });
    let said = lines.filter_map(|(at, line)| Some((at, command(line, name)?)));
    let seen = said.filter(|(at, _)| !hidden.iter().any(|range| range.contains(at)));
    seen.map(|(_, command)| command).take(COMMANDS_MAX).collect()
}

/// The ranges of top-level paragraphs, and those of inline code and HTML. One pass.
fn structure(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut depth, mut paragraphs, mut hidden) = (0_usize, Vec::new(), Vec::new());
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 && tag == Tag::Paragraph {
                    paragraphs.push(range);
                }
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::InlineHtml(_) | Event::Html(_) | Event::Code(_) => hidden.push(range),
            _ => {}
        }
    }
    (paragraphs, hidden)
}

/// The command that a line begins with. Only a plain space or the end may follow: look-alikes are not commands.
fn command(line: &str, name: &str) -> Option<String> {
    let after = |prefix: &str| {
        let rest = line.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with([' ', '\t'])).then(|| rest.trim_start_matches([' ', '\t']))
    };
    if let Some(rest) =
        after("/rescue").or_else(|| after(&format!("@{name}"))).or_else(|| after(&format!("@{name}[bot]")))
    {
        return Some(rest.to_owned());
    }
    let picked = ["/cherry-pick", "/cherrypick"].into_iter().find_map(after);
    if let Some(rest) = picked {
        let onto = rest.split_whitespace().collect::<Vec<_>>().join(",");
        return Some(if onto.contains('=') { format!("backport {rest}") } else { format!("backport to={onto}") });
    }
    BARE.iter().find_map(|(bare, verb)| after(bare).map(|rest| format!("{verb} {rest}").trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commands_are_lines_of_plain_paragraphs() {
        for (text, want) in [
            ("/rescue retry 42", vec!["retry 42"]),
            ("Hm.\n/rescue retry 42 failed\nthanks", vec!["retry 42 failed"]),
            ("/retest", vec!["retry"]),
            ("/rerun 42 all", vec!["retry 42 all"]),
            ("/cherry-pick release-1", vec!["backport to=release-1"]),
            ("/cherrypick release-1 release-2", vec!["backport to=release-1,release-2"]),
            ("/cherry-pick to=release-1", vec!["backport to=release-1"]),
            ("@ci-rescue approve 42-1", vec!["approve 42-1"]),
            ("@ci-rescue[bot] help", vec!["help"]),
            ("/healer retry", vec!["retry"]),
            ("/rescue", vec![""]),
            ("/rescue ack\n\n/rescue why", vec!["ack", "why"]),
            // Shown, not given as a command.
            ("```\n/rescue revert\n```", vec![]),
            ("~~~sh\n/rescue revert\n~~~", vec![]),
            ("    /rescue revert", vec![]),
            ("> /rescue revert", vec![]),
            ("> quoted\n/rescue revert", vec![]),
            ("- /rescue revert", vec![]),
            ("# /rescue revert", vec![]),
            ("<!-- /rescue revert -->", vec![]),
            ("<!--\n/rescue revert\n-->", vec![]),
            ("a <!--\n/rescue revert\n--> b", vec![]),
            ("a `b\n/rescue revert\nc` d", vec![]),
            ("<details>\n/rescue revert\n</details>", vec![]),
            ("say `/rescue revert`", vec![]),
            ("try /rescue revert", vec![]),
            // Look-alikes.
            ("/res\u{200b}cue revert", vec![]),
            ("\u{202e}/rescue revert", vec![]),
            ("/r\u{435}scue revert", vec![]),
            ("/rescue\u{a0}revert", vec![]),
            ("/rescues revert", vec![]),
            ("/hold", vec![]),
            ("@ci-rescuer help", vec![]),
        ] {
            assert_eq!(in_comment(text, "ci-rescue"), want, "{text:?}");
        }
    }

    #[test]
    fn a_comment_full_of_commands_has_a_limit() {
        assert_eq!(in_comment(&"/rescue retry 1\n".repeat(100), "x").len(), COMMANDS_MAX);
        assert_eq!(in_comment(&"/rescue retry 1\n".repeat(10_000), "x").len(), 0);
        // As long as a comment can be, and not a command in it: one pass each.
        for line in ["a\n", "`a`\n", "<b>\n", "/rescue \n", "> /rescue\n", "<!--\n"] {
            assert!(in_comment(&line.repeat(LENGTH_MAX / line.len()), "x").len() <= COMMANDS_MAX);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_ignores_quotes(text in "[ -~\n`>é]{0,120}") {
            let _ = in_comment(&text, "ci-rescue");
            let quoted: String = text.lines().flat_map(|line| ["> ", line, "\n"]).collect();
            prop_assert!(in_comment(&quoted, "ci-rescue").is_empty());
        }
    }
}
