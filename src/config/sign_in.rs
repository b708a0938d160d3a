//! How people sign in to the console, beside its token.

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// With GitHub, by `github.client_id` and `github.client_secret`.
    pub github: bool,
    /// Organizations of GitHub whose members may sign in, beside `[[people]]`.
    pub organizations: Vec<String>,
    /// `OpenID` Connect: the provider's address, below which its `.well-known` is.
    pub oidc_issuer: Option<String>,
    pub oidc_client_id: Option<String>,
    pub oidc_client_secret: Option<SecretString>,
    /// Domains of verified email addresses that may sign in; `*` for whomever the provider lets in.
    pub oidc_domains: Vec<String>,
    /// The claim that lists groups.
    pub oidc_groups_claim: String,
    /// The header in which a proxy tells who is signed in there.
    pub proxy_header: Option<String>,
    /// The header in which it tells their groups.
    pub proxy_groups_header: Option<String>,
    /// Addresses and networks from which those headers are believed.
    pub proxies: Vec<String>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            github: false,
            organizations: Vec::new(),
            oidc_issuer: None,
            oidc_client_id: None,
            oidc_client_secret: None,
            oidc_domains: Vec::new(),
            oidc_groups_claim: "groups".into(),
            proxy_header: None,
            proxy_groups_header: None,
            proxies: Vec::new(),
        }
    }
}

impl SignIn {
    /// Whether people can sign in without the console's token.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.github || self.oidc_issuer.is_some() || self.proxy_header.is_some()
    }
}
