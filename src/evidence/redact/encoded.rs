//! Secrets in base64 (once or twice), hexadecimal or percent-encoding: told by what a secret's first letters become in
//! them, then by decoding the run of letters around.

use super::rules::{Counts, MASK, RULES};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt::Write;

/// A word that is shorter stands in too many texts.
const WORD_MIN: usize = 4;
/// A shorter run holds no secret.
const RUN_MIN: usize = 16;
/// How a key in PEM begins.
const KEY: &[u8] = b"-----BEGIN ";
/// How a JSON Web Token begins.
const JWT: &[u8] = b"eyJ";
/// Encoded how often at most.
const DEPTH: u32 = 2;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What these prefixes become when they are encoded, whatever stands before and after them.
pub fn words(prefixes: &[String]) -> Vec<String> {
    let mut words = vec!["%3a%2f%2f".to_owned(), "-----begin%20".to_owned()];
    words.extend(base64_inside(KEY));
    // A JSON Web Token has an encoding of its own, and is often encoded once more.
    words.extend(base64_inside(JWT));
    words.extend(base64_inside(JWT).iter().flat_map(|inside| base64_inside(inside.as_bytes())));
    for prefix in prefixes {
        words.push(hex(prefix.as_bytes()));
        words.push(
            hex(prefix.as_bytes())
                .as_bytes()
                .chunks(2)
                .flat_map(|pair| [b'%', pair[0], pair[1]])
                .map(char::from)
                .collect(),
        );
        let once = base64_inside(prefix.as_bytes());
        words.extend(once.iter().flat_map(|inside| base64_inside(inside.as_bytes())));
        words.extend(once);
    }
    words.retain(|word| word.len() >= WORD_MIN);
    words
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// The letters of the base64 of a text with `bytes` in it that do not depend on what stands around them, for each of
/// the three places in a group of bytes where they may begin.
fn base64_inside(bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(bytes);
            let all = STANDARD.encode(&padded);
            let (from, to) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
            all.get(from..to).unwrap_or_default().to_owned()
        })
        .collect()
}

/// The text with its encoded secrets masked, where it has any.
pub fn mask(text: &str, counts: &mut Counts) -> Option<String> {
    let mut out = String::new();
    let mut from = 0;
    for (start, end) in runs(text) {
        if hides_secret(&text[start..end], DEPTH) {
            out.push_str(&text[from..start]);
            out.push_str(MASK);
            from = end;
            *counts.entry("encoded".into()).or_default() += 1;
        }
    }
    if from == 0 {
        return None;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// Whether this run is the beginning of a private key in base64.
pub fn begins_key(run: &str) -> bool {
    let looked = run.len() >= RUN_MIN && run.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    looked
        && decodings(run.trim_end_matches('=')).iter().any(|decoded| {
            let key = |what: &[u8]| memchr::memmem::find(decoded, what).is_some();
            key(KEY) && key(b"PRIVATE KEY") && !key(b"-----END")
        })
}

/// Runs of letters that an encoding may consist of.
fn runs(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let of_run = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-' | b'%' | b'.');
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in bytes.iter().copied().chain([b' ']).enumerate() {
        match (of_run(byte), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                if at - from >= RUN_MIN {
                    runs.push((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    runs
}

fn hides_secret(run: &str, depth: u32) -> bool {
    decodings(run).iter().any(|decoded| {
        let text = String::from_utf8_lossy(decoded);
        let (vocabulary, range) = &*super::WORDS;
        let heard = vocabulary.look(text.as_bytes());
        let mut rules = heard.within(range.start..range.end - 1).map(|at| &RULES.all[at - range.start]);
        let masked = rules.any(|rule| rule.mask(&text, &mut Counts::new()).is_some());
        masked || (depth > 1 && runs(&text).into_iter().any(|(from, to)| hides_secret(&text[from..to], depth - 1)))
    })
}

/// What a run may stand for.
fn decodings(run: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    if run.contains('%') {
        all.push(percent_encoding::percent_decode_str(run).collect());
    }
    if run.bytes().all(|b| b.is_ascii_hexdigit()) {
        all.extend((0..2).filter_map(|skip| unhex(&run.as_bytes()[skip..])));
    }
    let engine = if run.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    for skip in 0..4 {
        let letters = run.get(skip..).unwrap_or_default();
        // A single letter over is six bits of nothing.
        let whole = letters.len() - usize::from(letters.len() % 4 == 1);
        all.extend(engine.decode(&letters[..whole]).ok());
    }
    all
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let pairs = digits.chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_encoding_hides_a_token() {
        let token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
        for before in ["", "x", "xy", "{\"t\":\""] {
            let plain = format!("{before}{token}\"}}");
            let once = STANDARD.encode(&plain);
            for hidden in [once.clone(), STANDARD.encode(&once), hex(plain.as_bytes()), URL_SAFE.encode(&plain)] {
                let masked =
                    crate::evidence::redact::text(&format!("out: {hidden} end"), &mut Counts::new()).into_owned();
                assert!(!masked.contains(&hidden[..20]), "{masked}");
                assert!(masked.starts_with("out: ") && masked.ends_with(" end"), "{masked}");
            }
        }
        let percent = hex(token.as_bytes())
            .as_bytes()
            .chunks(2)
            .fold(String::new(), |out, pair| out + "%" + std::str::from_utf8(pair).unwrap());
        assert!(crate::evidence::redact::text(&percent, &mut Counts::new()).contains(MASK));
        let url = "https%3A%2F%2Fbob%3Ahunter2hunter%40example.org";
        assert!(!crate::evidence::redact::text(url, &mut Counts::new()).contains("hunter2"));
    }
}
