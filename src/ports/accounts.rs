//! Whoever says who people are: the forge, for accounts of chats, and providers, for the console.

use super::PortError;
use crate::domain::link::{DeviceCode, Polled};
use async_trait::async_trait;

/// People prove which account at the forge is theirs, by entering a code there.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// A code for one person.
    ///
    /// # Errors
    /// What the forge or the network said; permanent where its settings do not allow this.
    async fn begin(&self) -> Result<DeviceCode, PortError>;
    /// Whether they have entered it. Nothing that the forge grants is kept.
    ///
    /// # Errors
    /// What the forge or the network said.
    async fn poll(&self, handle: &str) -> Result<Polled, PortError>;
}

/// One sign-in of one browser: secrets that have to come back with it.
#[derive(Clone, Debug)]
pub struct Flow {
    pub state: String,
    /// Of PKCE.
    pub verifier: String,
    /// Stands in the identity token.
    pub nonce: String,
    /// Where the provider sends the browser back.
    pub callback: String,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Their ids at the console, such as `github:octocat`: the first that the configuration names, or else the first.
    pub ids: Vec<String>,
    pub name: String,
    pub groups: Vec<String>,
    /// Whether they may sign in although the configuration does not name them.
    pub admitted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSignedIn {
    /// They may not, or what came back is not what it has to be: a sentence for them.
    Refused(String),
    /// The provider does not work: a sentence for the operator.
    Broken(String),
}

/// A way to sign in at the console: a provider to which the browser is sent, and which sends it back with a code.
#[async_trait]
pub trait SignIn: Send + Sync {
    /// Its part of the console's addresses.
    fn id(&self) -> &'static str;
    /// What its button says after "Sign in with".
    fn name(&self) -> &str;
    /// The address to which the browser goes.
    ///
    /// # Errors
    /// The provider does not tell its addresses.
    async fn begin(&self, flow: &Flow) -> Result<String, NotSignedIn>;
    /// Who came back with this code.
    ///
    /// # Errors
    /// See [`NotSignedIn`].
    async fn finish(&self, flow: &Flow, code: &str) -> Result<SignedIn, NotSignedIn>;
}
