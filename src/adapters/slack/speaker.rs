//! Whose account somebody is. In a shared channel people of other workspaces speak too, and in an organisation an account
//! has an id of its own beside that of each workspace.

use super::chat::Slack;
use serde::Deserialize;

/// What a delivery tells of a speaker.
#[derive(Clone, Debug, Default)]
pub struct Told<'a> {
    pub user: &'a str,
    /// The workspace that the delivery is for.
    pub team: &'a str,
    /// The speaker's own workspace, where the delivery tells.
    pub own_team: Option<&'a str>,
    /// The channel is shared with another organisation.
    pub shared: bool,
    /// Our organisation, where the workspace belongs to one.
    pub enterprise: Option<&'a str>,
}

/// Who speaks: their workspace, and the account's id in our organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    pub team: String,
    pub also: Option<String>,
}

/// What Slack answers of an account.
#[derive(Debug, Default, Deserialize)]
pub struct Account {
    pub team_id: Option<String>,
    /// Guests of several channels, and of one.
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    /// From elsewhere, in a channel that is shared.
    #[serde(default)]
    is_stranger: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    deleted: bool,
    pub enterprise_user: Option<Member>,
}

#[derive(Debug, Deserialize)]
pub struct Member {
    pub id: String,
    pub enterprise_id: String,
}

impl Account {
    /// A person of this workspace who is no guest.
    pub fn is_full_member(&self, team: &str) -> bool {
        let less = self.is_restricted || self.is_ultra_restricted || self.is_stranger || self.is_bot || self.deleted;
        !less && self.team_id.as_deref() == Some(team)
    }
}

impl Slack {
    /// Asks Slack only where the delivery leaves it open. Whoever cannot be placed is from nowhere: a stranger.
    pub async fn speaker(&self, told: &Told<'_>) -> Speaker {
        let open = told.own_team.is_none() && told.shared;
        let plain = Speaker { team: told.own_team.unwrap_or(told.team).to_owned(), also: None };
        if !open && told.enterprise.is_none() {
            return plain;
        }
        match self.account(told.user).await {
            Ok(account) => placed(told, plain, account),
            Err(why) => {
                tracing::debug!(%why, "Slack does not tell whose account it is");
                if open { Speaker { team: String::new(), also: None } } else { plain }
            }
        }
    }
}

fn placed(told: &Told<'_>, plain: Speaker, account: Account) -> Speaker {
    match account.enterprise_user.filter(|member| Some(member.enterprise_id.as_str()) == told.enterprise) {
        // A member of our organisation is at home in each of its workspaces.
        Some(member) => Speaker { team: told.team.to_owned(), also: Some(member.id) },
        None if told.own_team.is_none() && told.shared => {
            Speaker { team: account.team_id.unwrap_or_default(), also: None }
        }
        None => Speaker { team: account.team_id.unwrap_or(plain.team), also: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_placed() {
        let member = |org: &str| Some(Member { id: "W9".into(), enterprise_id: org.into() });
        for (own, shared, org, team_id, enterprise_user, want) in [
            // A shared channel without a word on whose account it is.
            (None, true, None, Some("T2"), None, ("T2", None)),
            (None, true, None, None, None, ("", None)),
            // An organisation: another workspace of ours, and one of somebody else's.
            (Some("T3"), false, Some("E1"), Some("T3"), member("E1"), ("T1", Some("W9"))),
            (Some("T7"), true, Some("E1"), Some("T7"), member("E2"), ("T7", None)),
            (Some("T7"), true, Some("E1"), Some("T7"), None, ("T7", None)),
        ] {
            let told = Told { user: "U1", team: "T1", own_team: own, shared, enterprise: org };
            let plain = Speaker { team: own.unwrap_or("T1").to_owned(), also: None };
            let account = Account { team_id: team_id.map(str::to_owned), enterprise_user, ..Account::default() };
            let want = Speaker { team: want.0.to_owned(), also: want.1.map(str::to_owned) };
            assert_eq!(placed(&told, plain, account), want, "{told:?}");
        }
    }

    #[test]
    fn guests_strangers_and_bots_are_no_full_members() {
        let of = |more: &str| -> Account { serde_json::from_str(&format!(r#"{{"team_id": "T1"{more}}}"#)).unwrap() };
        assert!(of("").is_full_member("T1") && !of("").is_full_member("T2"));
        for less in ["is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted"] {
            assert!(!of(&format!(r#", "{less}": true"#)).is_full_member("T1"), "{less}");
        }
        assert!(!Account::default().is_full_member("T1"));
    }
}
