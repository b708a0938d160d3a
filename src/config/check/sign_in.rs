//! How people sign in to the console: each way whole, and open to nobody by mistake.

use super::super::faults::quoted;
use super::super::shape::Config;
use super::super::tree::Step;
use super::{Check, is_safe, path};

pub fn check(check: &mut Check<'_>, config: &Config) {
    github(check, config);
    oidc(check, config);
    proxy(check, config);
}

fn needs(check: &mut Check<'_>, key: &str, missing: bool, what: &str) {
    let at = path(key);
    // What could not be read has been told.
    if missing && !check.bad.iter().any(|bad| bad.starts_with(&at)) {
        check.say(&at, &format!("needs {what}"));
    }
}

fn github(check: &mut Check<'_>, config: &Config) {
    let (own, app) = (&config.sign_in, &config.github);
    let key = "sign_in.github";
    needs(check, key, own.github && app.client_id.is_none(), "github.client_id, from the App's settings");
    needs(check, key, own.github && app.client_secret.is_none(), "github.client_secret, from the App's settings");
    needs(check, "sign_in.organizations", !own.github && !own.organizations.is_empty(), "sign_in.github = true");
    for (index, name) in own.organizations.iter().enumerate() {
        let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !good {
            let at = [path("sign_in.organizations"), vec![Step::Index(index)]].concat();
            check.say(&at, &format!("must be an organization's name, such as \"acme\" (found {})", quoted(name)));
        }
    }
}

fn oidc(check: &mut Check<'_>, config: &Config) {
    let own = &config.sign_in;
    let Some(issuer) = &own.oidc_issuer else {
        for (key, set) in [
            ("sign_in.oidc_client_id", own.oidc_client_id.is_some()),
            ("sign_in.oidc_client_secret", own.oidc_client_secret.is_some()),
            ("sign_in.oidc_domains", !own.oidc_domains.is_empty()),
        ] {
            needs(check, key, set, "sign_in.oidc_issuer");
        }
        return;
    };
    let key = "sign_in.oidc_issuer";
    if !is_safe(issuer) {
        check.say(&path(key), "must be an https:// URL (http:// only for loopback addresses)");
    }
    needs(check, key, own.oidc_client_id.is_none(), "sign_in.oidc_client_id");
    // Public providers let everybody in.
    let named = config.people.iter().any(|person| person.sign_in.is_some())
        || config.groups.iter().any(|group| group.sign_in.is_some());
    let nobody = own.oidc_domains.is_empty() && !named;
    needs(check, key, nobody, "sign_in.oidc_domains, or people or groups with sign_in: nobody could sign in");
}

fn proxy(check: &mut Check<'_>, config: &Config) {
    let own = &config.sign_in;
    let (header, proxies) = ("sign_in.proxy_header", "sign_in.proxies");
    needs(check, header, own.proxy_header.is_some() && own.proxies.is_empty(), "sign_in.proxies: from where it counts");
    needs(check, proxies, own.proxy_header.is_none() && !own.proxies.is_empty(), "sign_in.proxy_header");
    let groups = own.proxy_groups_header.is_some() && own.proxy_header.is_none();
    needs(check, "sign_in.proxy_groups_header", groups, "sign_in.proxy_header");
    for (key, name) in [(header, &own.proxy_header), ("sign_in.proxy_groups_header", &own.proxy_groups_header)] {
        if let Some(name) = name {
            let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            check.text(key, good, "the name of a header, such as \"Remote-User\"", name);
        }
    }
    for (index, proxy) in own.proxies.iter().enumerate() {
        let at = [path(proxies), vec![Step::Index(index)]].concat();
        let net = proxy.parse::<ipnet::IpNet>().ok();
        if net.is_none() && proxy.parse::<std::net::IpAddr>().is_err() {
            let must = "must be an IP address or a network, such as \"10.0.0.5\"";
            check.say(&at, &format!("{must} (found {})", quoted(proxy)));
        } else if net.is_some_and(|net| net.prefix_len() == 0) {
            check.say(&at, "is every address: then everybody could be anybody; name the proxy's own");
        }
    }
}
