//! What an address leads to: a run, a pull request or an incident. Everything else is left alone.

use super::ids::{IncidentNo, Repo, RunId};
use serde::{Deserialize, Serialize};
use url::Url;

/// Longer addresses are not read, in bytes.
const ADDRESS_MAX: usize = 2_000;

/// Something that people link to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Pointer {
    Incident {
        no: IncidentNo,
    },
    /// Or one of its jobs.
    Run {
        repo: Repo,
        run: RunId,
    },
    Pull {
        repo: Repo,
        number: u64,
    },
}

impl Pointer {
    /// The repository that the address itself names.
    #[must_use]
    pub fn repo(&self) -> Option<&Repo> {
        match self {
            Self::Incident { .. } => None,
            Self::Run { repo, .. } | Self::Pull { repo, .. } => Some(repo),
        }
    }
}

/// Where links lead that we know: the forge's pages and our own.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    web: Option<Url>,
    console: Option<Url>,
}

impl Sites {
    /// Addresses that cannot be read are left out.
    #[must_use]
    pub fn new(web: Option<&str>, console: Option<&str>) -> Self {
        let read = |address: Option<&str>| address.and_then(|address| Url::parse(address).ok());
        Self { web: read(web), console: read(console) }
    }

    /// What the address leads to.
    #[must_use]
    pub fn read(&self, address: &str) -> Option<Pointer> {
        let url = parse(address)?;
        self.web.as_ref().and_then(|web| on_forge(&below(web, &url)?)).or_else(|| {
            let parts = below(self.console.as_ref()?, &url)?;
            let ["incidents", no, ..] = parts.as_slice() else { return None };
            Some(Pointer::Incident { no: IncidentNo(number(no)?) })
        })
    }

    /// The secret part of a link by which an incident is read without signing in.
    #[must_use]
    pub fn shared(&self, address: &str) -> Option<String> {
        let url = parse(address)?;
        let parts = below(self.console.as_ref()?, &url)?;
        let ["shared", token] = parts.as_slice() else { return None };
        Some((*token).to_owned())
    }

    /// The domains that a platform has to be told to send us links of; those without a dot and numbers are none.
    #[must_use]
    pub fn domains(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for url in [&self.web, &self.console].into_iter().flatten() {
            if let Some(url::Host::Domain(name)) = url.host()
                && name.contains('.')
                && !all.iter().any(|have| have == name)
            {
                all.push(name.to_owned());
            }
        }
        all
    }
}

fn parse(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok().filter(|_| address.len() <= ADDRESS_MAX)?;
    let plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    plain.then_some(url)
}

/// The path's parts below a site, if the address is there.
fn below<'u>(site: &Url, url: &'u Url) -> Option<Vec<&'u str>> {
    if url.host_str() != site.host_str() || url.port() != site.port() {
        return None;
    }
    let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
    for want in site.path_segments()?.filter(|part| !part.is_empty()) {
        if parts.next() != Some(want) {
            return None;
        }
    }
    Some(parts.collect())
}

/// docs.github.com: `/OWNER/NAME/actions/runs/RUN` with `/job/JOB` or `/attempts/N` behind it, `/OWNER/NAME/pull/NUMBER`.
fn on_forge(parts: &[&str]) -> Option<Pointer> {
    let [owner, name, kind @ ..] = parts else { return None };
    let repo: Repo = format!("{owner}/{name}").parse().ok()?;
    match kind {
        ["actions", "runs", run, ..] => Some(Pointer::Run { repo, run: RunId(number(run)?) }),
        ["pull", pull, ..] => Some(Pointer::Pull { repo, number: number(pull)? }),
        _ => None,
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_runs_pull_requests_and_incidents() {
        let sites = Sites::new(Some("https://github.com"), Some("https://rescue.example.org/ci"));
        let repo = || "acme/shop".parse::<Repo>().unwrap();
        let run = |run| Some(Pointer::Run { repo: repo(), run: RunId(run) });
        let pull = |number| Some(Pointer::Pull { repo: repo(), number });
        let incident = |no| Some(Pointer::Incident { no: IncidentNo(no) });
        for (address, want) in [
            ("https://github.com/acme/shop/actions/runs/7", run(7)),
            ("http://GitHub.com/acme/shop/actions/runs/7/attempts/2", run(7)),
            ("https://github.com/acme/shop/actions/runs/7/job/9?pr=3#step:4:1", run(7)),
            ("https://github.com/acme/shop/pull/3", pull(3)),
            ("https://github.com/acme/shop/pull/3/checks?check_run_id=5", pull(3)),
            ("https://rescue.example.org/ci/incidents/42", incident(42)),
            ("https://rescue.example.org/ci/incidents/42/rescue.log", incident(42)),
            ("https://rescue.example.org/incidents/42", None),
            ("https://rescue.example.org:8443/ci/incidents/42", None),
            ("https://github.com/acme/shop", None),
            ("https://github.com/acme/shop/issues/3", None),
            ("https://github.com/acme/shop/pull/0", None),
            ("https://github.com/acme/shop/pull/+3", None),
            ("https://github.com/acme/shop/actions/runs/99999999999999999999", None),
            ("https://github.com/../shop/pull/3", None),
            ("https://github.com.evil.example/acme/shop/pull/3", None),
            ("https://github.com@evil.example/acme/shop/pull/3", None),
            ("https://x:y@github.com/acme/shop/pull/3", None),
            ("javascript:alert(1)", None),
            ("acme/shop/pull/3", None),
        ] {
            assert_eq!(sites.read(address), want, "{address}");
        }
        assert_eq!(sites.read(&format!("https://github.com/acme/shop/pull/3?{}", "a".repeat(2_000))), None);
    }

    #[test]
    fn a_shared_link_is_told_by_its_secret_part() {
        let sites = Sites::new(None, Some("https://rescue.example.org"));
        assert_eq!(sites.shared("https://rescue.example.org/shared/1.0.9.x").as_deref(), Some("1.0.9.x"));
        assert_eq!(sites.shared("https://rescue.example.org/shared/1.0.9.x/more"), None);
        assert_eq!(Sites::default().shared("https://rescue.example.org/shared/1.0.9.x"), None);
    }

    #[test]
    fn only_names_with_a_dot_are_domains() {
        let domains = |web, console| Sites::new(Some(web), Some(console)).domains();
        assert_eq!(domains("https://github.com", "https://ci.acme.org:8443/x"), ["github.com", "ci.acme.org"]);
        assert_eq!(domains("https://ci.acme.org", "https://ci.acme.org"), ["ci.acme.org"]);
        assert!(domains("http://127.0.0.1:8080", "http://localhost:9").is_empty());
    }
}
