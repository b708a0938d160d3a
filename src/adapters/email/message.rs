//! A letter as a message of the Internet: headers that no stranger writes, plain text and HTML.

use crate::card::Mail;
use crate::domain::ids::Digest;
use crate::domain::text::clean_line;
use crate::ports::Letter;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use std::time::{Duration, UNIX_EPOCH};

/// A subject that mail programs show whole, in characters.
const SUBJECT_MAX: usize = 150;
/// One part of a message, in bytes.
const PART_MAX: usize = 256 << 10;

/// Whether mail can be sent to it: one address and nothing else.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok() && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// Who writes.
pub struct Sender {
    from: Mailbox,
    domain: String,
}

impl Sender {
    pub fn new(from: Mailbox) -> Self {
        let domain = from.email.domain().to_owned();
        Self { from, domain }
    }

    /// `ci-rescue/AAAAAAAA/42/card` for one address as a Message-ID. What two addresses are told may differ, and so do
    /// the names.
    fn id(&self, name: &str, to: &str) -> String {
        let whose = Digest::of([name.as_bytes(), to.to_lowercase().as_bytes()]);
        let word = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '.' };
        let name: String = name.chars().map(word).collect();
        format!("<{name}.{}@{}>", whose.short(), self.domain)
    }

    /// # Errors
    /// It cannot be written: a sentence.
    pub fn message(&self, to: &str, letter: &Letter<'_>, mail: Mail) -> Result<Message, String> {
        let address: lettre::Address = to.parse().map_err(|_| format!("\"{to:.80}\" is no mail address"))?;
        let title = letter.first.map_or(letter.plain.title.as_str(), |(_, title)| title);
        let re = if letter.first.is_some() { "Re: " } else { "" };
        let sent = UNIX_EPOCH + Duration::from_millis(u64::try_from(letter.at.0).unwrap_or(0));
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(format!("{re}{}", clean_line(title, SUBJECT_MAX)))
            .date(sent)
            .message_id(Some(self.id(letter.id, to)))
            .user_agent(concat!("ci-rescue/", env!("CARGO_PKG_VERSION")).to_owned());
        if let Some((first, _)) = letter.first {
            let first = self.id(first, to);
            builder = builder.in_reply_to(first.clone()).references(first);
        }
        for (name, value) in [
            (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()),
            (HeaderName::new_from_ascii_str("Precedence"), "bulk".to_owned()),
            (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All".to_owned()),
            (HeaderName::new_from_ascii_str("List-Id"), format!("CI Rescue <ci-rescue.{}>", self.domain)),
        ] {
            builder = builder.raw_header(HeaderValue::new(name, value));
        }
        let both = MultiPart::alternative_plain_html(cut(mail.plain), cut(mail.html));
        builder.multipart(both).map_err(|why| format!("the mail cannot be written: {why}"))
    }
}

/// Cards are short: only a template of the operator's can be this long.
fn cut(mut text: String) -> String {
    if text.len() > PART_MAX {
        text.truncate(text.floor_char_boundary(PART_MAX));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::news::News;
    use crate::domain::time::Time;
    use proptest::prelude::*;

    fn headers(text: &str) -> Vec<String> {
        let (head, _) = text.split_once("\r\n\r\n").expect("headers and a body");
        head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
    }

    fn write(card: &crate::card::Card, first: Option<(&str, &str)>) -> String {
        let sender = Sender::new("CI Rescue <ci@example.org>".parse().unwrap());
        let letter = Letter {
            card,
            plain: card,
            news: News::Opened,
            id: "ci-rescue/A_B/7/card",
            first,
            again: false,
            at: Time(0),
        };
        let mail = Mail { html: format!("<p>{}</p>", card.title), plain: card.title.clone() };
        String::from_utf8(sender.message("dev@example.org", &letter, mail).unwrap().formatted()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whatever strangers wrote, it adds no header, and no line is too long for SMTP (RFC 5321: 998 bytes).
        #[test]
        fn no_words_become_headers(card in crate::card::samples::any_card("plain")) {
            let text = write(&card, Some(("ci-rescue/A_B/7/card", &card.title)));
            let names: Vec<String> = headers(&text).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
            let known = ["From", "To", "Subject", "Date", "Message-ID", "User-Agent", "In-Reply-To", "References",
                "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "List-Id", "MIME-Version", "Content-Type"];
            prop_assert_eq!(names.len(), known.len(), "{:?}", names);
            prop_assert!(names.iter().all(|name| known.contains(&name.as_str())), "{:?}", names);
            prop_assert!(text.is_ascii());
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
        }
    }

    #[test]
    fn a_thread_has_one_subject_and_names_its_first_letter() {
        let mut card = crate::card::samples::plain("shop@abc failed: test_ü");
        let first = write(&card, None);
        card.title = "shop@abc resolved\r\nBcc: all@example.org".into();
        let second = write(&card, Some(("ci-rescue/A_B/7/card", "shop@abc failed: test_ü")));
        let of = |text: &str, name: &str| {
            headers(text).iter().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
        };
        assert_eq!(of(&second, "In-Reply-To"), of(&first, "Message-ID"));
        assert_eq!(of(&second, "References"), of(&first, "Message-ID"));
        assert!(of(&second, "Subject").unwrap().starts_with("Re: shop@abc failed: "), "{second}");
        assert!(of(&second, "Bcc").is_none() && second.contains("Auto-Submitted: auto-generated"));
        assert!(of(&write(&card, None), "Bcc").is_none());
    }

    #[test]
    fn addresses_are_one_address() {
        for good in ["dev@example.org", "a+b@mail.example.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "dev", "dev@", "a@b.c\r\nBcc: x@y.z", "a@b.c, d@e.f", "Dev <a@b.c>", "a b@c.d"] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }
}
