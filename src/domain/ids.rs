//! Names of things: repositories, runs, incidents, proposals, digests.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// `owner/name`, with GitHub's alphabet only, so that it is safe in a path, a key and a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repo(String);

/// Why a text is not a name. The message says what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName(pub String);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadName {}

/// GitHub allows 39 characters in an owner and 100 in a repository name.
const OWNER_MAX: usize = 39;
const NAME_MAX: usize = 100;

impl Repo {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or("", |(owner, _)| owner)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }
}

impl FromStr for Repo {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let word = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        match text.split_once('/') {
            Some((owner, name))
                if (1..=OWNER_MAX).contains(&owner.len())
                    && (1..=NAME_MAX).contains(&name.len())
                    && word(owner)
                    && word(name)
                    && !owner.starts_with('.')
                    && name != "."
                    && name != ".." =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(BadName("a repository is written as owner/name".into())),
        }
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Repo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Repo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A workflow run's id at the CI provider. Attempts count from 1 within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An incident's number, counted per installation and written `#42`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentNo(pub u64);

impl fmt::Display for IncidentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl FromStr for IncidentNo {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number = if plain { digits.parse().ok() } else { None };
        number.filter(|n| *n > 0).map(Self).ok_or_else(|| BadName("an incident is written as #42 or 42".into()))
    }
}

/// A proposal's name: the incident's number and a count within it, `42-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposalId {
    pub incident: IncidentNo,
    pub n: u32,
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.incident.0, self.n)
    }
}

impl FromStr for ProposalId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName("a proposal is written as 42-1".into());
        let (incident, n) = text.split_once('-').ok_or_else(bad)?;
        let digits = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        let n = if digits { n.parse().map_err(|_| bad())? } else { return Err(bad()) };
        Ok(Self { incident: incident.parse().map_err(|_| bad())?, n })
    }
}

impl Serialize for ProposalId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProposalId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// SHA-256 in lower-case hex: a plan's identity, a stored file's name, a delivery's body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Hash of `parts`, each preceded by its length, so that no two lists of parts collide by concatenation.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex(&hash.finalize()))
    }

    /// A digest from its text; `None` unless it is 64 lower-case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let good = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        good.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve characters, enough for people and for button values.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12.min(self.0.len())]
    }
}

/// Bytes as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// The first seven characters of a commit id, as shown on every card.
#[must_use]
pub fn short_sha(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_strict() {
        for good in ["a/b", "rust-lang/rust", "A_b/c.d-e"] {
            assert_eq!(good.parse::<Repo>().unwrap().as_str(), good);
        }
        for bad in ["", "a", "a/", "/b", "a/b/c", "a/..", "../x", "a b/c", "a/b\0c", "a/ü", ".git/x"] {
            assert!(bad.parse::<Repo>().is_err(), "{bad}");
        }
        assert_eq!("#42".parse(), Ok(IncidentNo(42)));
        assert_eq!("42-1".parse::<ProposalId>().unwrap().to_string(), "42-1");
        for bad in ["0", "-1", "+4", "4 2", "#", "99999999999999999999"] {
            assert!(bad.parse::<IncidentNo>().is_err(), "{bad}");
        }
        assert!("42-+1".parse::<ProposalId>().is_err());
    }

    #[test]
    fn digests_keep_parts_apart() {
        assert_ne!(Digest::of([&b"ab"[..], b"c"]), Digest::of([&b"a"[..], b"bc"]));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = text.parse::<Repo>();
            let _ = text.parse::<IncidentNo>();
            let _ = text.parse::<ProposalId>();
        }
    }
}
