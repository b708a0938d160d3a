//! The App's manifest, and a page that posts it: GitHub takes it by form only (docs.github.com, "Registering a GitHub App
//! from a manifest").

use super::decode::READ;
use minijinja::{Environment, context};
use serde_json::{Map, Value, json};
use url::{Host, Url};

/// What the bot calls, and what the events need that it listens to.
pub const PERMISSIONS: [(&str, &str); 13] = [
    ("actions", "write"),
    ("checks", "write"),
    ("contents", "write"),
    // To hand in reviews of deployments, and to hear of them.
    ("deployments", "write"),
    ("issues", "write"),
    ("merge_queues", "write"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("secret_scanning_alerts", "read"),
    ("security_events", "read"),
    ("statuses", "read"),
    ("vulnerability_alerts", "read"),
    // Without it GitHub refuses pushes that change workflows: `fix`, and what pins or reverts them.
    ("workflows", "write"),
];

/// What the bot asks for and does without: whether a self-hosted runner is online, of a repository and an organisation;
/// who is in a team that owns something or reviews deployments, and in an organisation whose members may sign in.
pub const OPTIONAL: [(&str, &str); 3] =
    [("administration", "read"), ("members", "read"), ("organization_self_hosted_runners", "read")];

/// Events that every App gets without asking, or that GitHub has retired.
const UNASKED: [&str; 3] = ["installation", "installation_repositories", "repository_vulnerability_alert"];

/// The events that the App subscribes to: all that are read.
pub fn events() -> impl Iterator<Item = &'static str> {
    READ.into_iter().filter(|event| !UNASKED.contains(event))
}

/// Where people sign in, for an address of the API.
#[must_use]
pub fn web_url(api_url: &str) -> String {
    let Ok(url) = Url::parse(api_url) else { return "https://github.com".into() };
    let host = super::GitHub::web_host(api_url);
    format!("{}://{host}", url.scheme())
}

/// The address under which GitHub reaches the bot.
///
/// # Errors
/// What is wrong with it.
pub fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|why| format!("--url {text}: {why}; write https://ci.example.org"))?;
    let local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || !name.contains('.'),
        None => true,
    };
    if url.scheme() != "https" {
        return Err(format!("--url {text} must begin with https://"));
    }
    if local {
        return Err(format!("--url {text}: GitHub cannot reach that address; give the public one"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("--url {text} must be an address without user, query or fragment"));
    }
    Ok(url)
}

/// The address of the API, for where people sign in.
///
/// # Errors
/// What is wrong with the address.
pub fn api_url(web: &str) -> Result<String, String> {
    let told = || format!("{web:.80} is not an address such as https://github.com or https://github.example.org");
    let full = if web.contains("://") { web.to_owned() } else { format!("https://{web}") };
    let url = Url::parse(&full).map_err(|_| told())?;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "https" | "http")).ok_or_else(told)?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    if !url.path().trim_matches('/').is_empty() || url.query().is_some() || !anonymous {
        return Err(told());
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(match host {
        "github.com" | "www.github.com" | "api.github.com" => "https://api.github.com".into(),
        host if host.ends_with(".ghe.com") => format!("https://api.{}", host.trim_start_matches("api.")),
        host => format!("{}://{host}{port}/api/v3", url.scheme()),
    })
}

/// The manifest of an App that GitHub sends its events to, or without an address, that asks by itself.
#[must_use]
pub fn manifest(public: Option<&Url>, home: &str) -> Value {
    let base = public.map_or(home, Url::as_str).trim_end_matches('/');
    let hook = public.map_or_else(|| base.to_owned(), |_| format!("{base}/webhooks/github"));
    let permissions: Map<String, Value> =
        PERMISSIONS.iter().chain(&OPTIONAL).map(|(name, level)| ((*name).to_owned(), json!(level))).collect();
    json!({
        "name": "CI Rescue",
        "description": "One card per broken build: retry, approve and undo from chat",
        "url": base,
        "hook_attributes": {"url": hook, "active": public.is_some()},
        "public": false,
        "default_permissions": permissions,
        "default_events": events().collect::<Vec<_>>(),
    })
}

/// Whether a text can be the name of an account or an organisation.
#[must_use]
pub fn is_account(text: &str) -> bool {
    !text.is_empty() && text.len() <= 39 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn action(web: &str, organisation: Option<&str>) -> String {
    let path = organisation.map(|name| format!("/organizations/{name}")).unwrap_or_default();
    format!("{web}{path}/settings/apps/new")
}

/// What a page of `setup` is about.
pub struct Form<'a> {
    /// Where people sign in.
    pub web: &'a str,
    pub organisation: Option<&'a str>,
    /// Where GitHub reaches the bot, if it does.
    pub public: Option<&'a Url>,
    /// Where GitHub sends the browser with its code.
    pub back: &'a str,
    /// What it has to bring back, so that nobody else's code is taken.
    pub state: &'a str,
}

/// The page whose button posts the manifest, and that GitHub leads back from.
///
/// # Errors
/// The template cannot be rendered.
pub fn form(form: &Form<'_>) -> Result<String, String> {
    let mut manifest = manifest(form.public, form.web);
    manifest["redirect_url"] = form.back.into();
    let action = format!("{}?state={}", action(form.web, form.organisation), form.state);
    rendered(&action, &manifest, form.organisation, form.public, true)
}

/// A page whose button posts the manifest, to a person's own account or to an organisation.
///
/// # Errors
/// The organisation's name cannot be one.
pub fn page(web: &str, organisation: Option<&str>, public: &Url) -> Result<String, String> {
    if let Some(bad) = organisation.filter(|text| !is_account(text)) {
        return Err(format!("--org {bad:.60} cannot be the name of an organization"));
    }
    rendered(&action(web, organisation), &manifest(Some(public), web), organisation, Some(public), false)
}

fn rendered(
    action: &str,
    manifest: &Value,
    owner: Option<&str>,
    public: Option<&Url>,
    leads_back: bool,
) -> Result<String, String> {
    let permissions = PERMISSIONS.iter().chain(&OPTIONAL).map(|(name, level)| format!("{name}: {level}"));
    let words = context! {
        action,
        manifest => manifest.to_string(),
        webhook => public.map(|url| format!("{}/webhooks/github", url.as_str().trim_end_matches('/'))),
        owner,
        leads_back,
        permissions => permissions.collect::<Vec<_>>(),
        events => events().collect::<Vec<_>>(),
    };
    let text = include_str!("../../../templates/github/manifest.html");
    Environment::new().render_named_str("manifest.html", text, words).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_github_cannot_reach_are_refused() {
        for bad in [
            "ci.example.org",
            "http://ci.example.org",
            "https://localhost:8080",
            "https://127.0.0.1",
            "https://10.0.0.1",
            "https://[::1]",
            "https://rescue",
            "https://u:p@ci.example.org",
            "https://ci.example.org/?a=b",
            "ftp://x.org",
            "",
        ] {
            let why = public_url(bad).unwrap_err();
            assert!(why.starts_with("--url "), "{why}");
        }
        let url = public_url("https://example.org/rescue/").unwrap();
        assert_eq!(manifest(Some(&url), "")["hook_attributes"]["url"], "https://example.org/rescue/webhooks/github");
    }

    #[test]
    fn an_app_without_an_address_has_no_webhook() {
        let made = manifest(None, "https://github.com");
        assert_eq!(made["hook_attributes"], json!({"url": "https://github.com", "active": false}));
        assert_eq!(made["url"], "https://github.com");
    }

    #[test]
    fn the_api_is_found_from_where_people_sign_in() {
        for (web, api) in [
            ("https://github.com/", "https://api.github.com"),
            ("github.com", "https://api.github.com"),
            ("https://github.example.org", "https://github.example.org/api/v3"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/api/v3"),
        ] {
            assert_eq!(api_url(web).unwrap(), api);
        }
        for bad in
            ["", "ftp://x.org", "https://github.com/acme", "https://u@github.com", "https://:x@github.com", "a b"]
        {
            assert!(api_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_form_goes_where_people_sign_in() {
        for (api, web) in [
            ("https://api.github.com", "https://github.com"),
            ("https://github.example.org/api/v3", "https://github.example.org"),
            ("https://api.acme.ghe.com", "https://acme.ghe.com"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ] {
            assert_eq!(web_url(api), web);
        }
        let url = public_url("https://ci.example.org").unwrap();
        assert!(page("https://github.com", Some("a/b"), &url).is_err());
        assert!(page("https://github.com", Some("\"><script>"), &url).is_err());
    }

    /// Which permission an event needs (docs.github.com, "Webhook events and payloads").
    #[test]
    fn every_event_that_is_read_is_asked_for_with_its_permission() {
        let needs = [
            ("check_run", "checks"),
            ("check_suite", "checks"),
            ("code_scanning_alert", "security_events"),
            ("delete", "contents"),
            ("dependabot_alert", "vulnerability_alerts"),
            ("deployment_review", "deployments"),
            ("issue_comment", "issues"),
            ("issues", "issues"),
            ("merge_group", "merge_queues"),
            ("pull_request", "pull_requests"),
            ("pull_request_review", "pull_requests"),
            ("push", "contents"),
            ("repository", "metadata"),
            ("secret_scanning_alert", "secret_scanning_alerts"),
            ("status", "statuses"),
            ("workflow_job", "actions"),
            ("workflow_run", "actions"),
        ];
        for event in events() {
            let permission = needs.iter().find(|(name, _)| *name == event).map(|(_, permission)| *permission);
            let permission = permission.unwrap_or_else(|| panic!("which permission does {event} need?"));
            assert!(PERMISSIONS.iter().any(|(name, _)| *name == permission), "{event} needs {permission}");
        }
        for event in READ {
            assert_ne!(events().any(|asked| asked == event), UNASKED.contains(&event), "{event}");
        }
    }

    /// Which permission each call needs, by what follows the repository in its path. Runners are asked about where that
    /// is allowed.
    #[test]
    fn every_call_has_its_permission() {
        const CALLS: [(&str, &str); 11] = [
            ("actions", "actions"),
            ("assignees", "metadata"),
            ("branches", "contents"),
            ("check-runs", "checks"),
            ("collaborators", "metadata"),
            ("commits", "contents"),
            ("contents", "contents"),
            ("issues", "issues"),
            ("pulls", "pull_requests"),
            // Called as the App itself.
            ("installation", "metadata"),
            ("", "metadata"),
        ];
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters/github");
        let mut seen = std::collections::BTreeSet::new();
        let mut paths = vec![here];
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(std::fs::read_dir(path).unwrap().flatten().map(|entry| entry.path()));
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for call in text.split("\"/repos/{repo}").skip(1).filter(|call| !call.starts_with("/actions/runners")) {
                let end = call.find(['"', '?', '{']).unwrap_or(call.len());
                seen.insert(call[..end].split('/').nth(1).unwrap_or("").to_owned());
            }
        }
        assert!(seen.len() > 7, "{seen:?}");
        for part in seen {
            let permission = CALLS.iter().find(|(name, _)| *name == part).map(|(_, permission)| *permission);
            let permission = permission.unwrap_or_else(|| panic!("which permission do calls to {part} need?"));
            assert!(PERMISSIONS.iter().any(|(name, _)| *name == permission), "{part} needs {permission}");
        }
    }
}
