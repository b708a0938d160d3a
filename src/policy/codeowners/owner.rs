//! The three ways in which an owner is written.

use std::fmt;

/// One owner of a rule. Whether GitHub knows that owner cannot be seen from the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// `@user`, without the `@`.
    User(String),
    /// `@org/team`.
    Team { organization: String, team: String },
    /// An e-mail address of a GitHub account.
    Email(String),
}

impl Owner {
    /// Takes one word; answers the owner that it names, `None` where it is not written as one.
    pub fn parse(word: &str) -> Option<Self> {
        let Some(handle) = word.strip_prefix('@') else {
            return is_email(word).then(|| Self::Email(word.to_owned()));
        };
        match handle.split_once('/') {
            None => is_name(handle).then(|| Self::User(handle.to_owned())),
            Some((organization, team)) => (is_name(organization) && is_name(team))
                .then(|| Self::Team { organization: organization.to_owned(), team: team.to_owned() }),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(formatter, "@{name}"),
            Self::Team { organization, team } => write!(formatter, "@{organization}/{team}"),
            Self::Email(address) => formatter.write_str(address),
        }
    }
}

/// Underscores occur in accounts that a company manages and in team names.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_email(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    let local_fits = !local.is_empty()
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte));
    let label_fits = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    word.len() <= 254 && local_fits && domain.contains('.') && domain.split('.').all(label_fits)
}
