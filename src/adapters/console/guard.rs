//! Before any page: the Host has to be ours, a write has to come from our own pages, and every answer carries the policy.

use super::error::{CHECK_FAILED, refusal};
use super::proxied;
use super::routes::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Nothing inline, nothing from elsewhere, no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A browser that came by TLS never comes without again, for a year.
const BY_TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A foreign Host is how somebody else's page reaches us by DNS rebinding.
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let told = proxied::told(&app, &mut request);
    let headers = request.headers();
    let stay = by_tls(&app, headers) && !is_loopback(headers);
    let from_us = request.method().is_safe() || (site_is_ours(headers) && origin_is_ours(&app, headers));
    let mut response = if !host_is_ours(&app, headers) {
        let why = "This is not the console's address: open the one set as console.listen";
        refusal(&app, headers, StatusCode::MISDIRECTED_REQUEST, why)
    } else if let Err(why) = told {
        refusal(&app, headers, StatusCode::FORBIDDEN, why)
    } else if from_us {
        next.run(request).await
    } else {
        refusal(&app, headers, StatusCode::FORBIDDEN, CHECK_FAILED)
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer`, browsers send `Origin: null` with our own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if stay {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, BY_TLS_ALONE);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether the browser came by TLS, as its Host tells.
pub fn by_tls(app: &App, headers: &HeaderMap) -> bool {
    let host = only(headers, &header::HOST).ok().flatten();
    host.is_some_and(|host| app.tls_hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)))
}

/// Browsers would keep to TLS at every port of this machine, whatever else listens there.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = only(headers, &header::HOST).ok().flatten().unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(name, _)| name).eq_ignore_ascii_case("localhost")
}

fn host_is_ours(app: &App, headers: &HeaderMap) -> bool {
    only(headers, &header::HOST).is_ok_and(|host| host.is_some_and(|host| is_our_host(app, host)))
}

fn is_our_host(app: &App, host: &str) -> bool {
    app.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
}

/// What the browser itself says of the page that sends a form. Other ports of our host are `same-site`: not ours.
fn site_is_ours(headers: &HeaderMap) -> bool {
    matches!(only(headers, &FETCH_SITE), Ok(None | Some("same-origin" | "none")))
}

/// A foreign Origin is refused. No Origin and `null` prove nothing either way: privacy settings produce them on our own
/// pages. There the CSRF token decides, which every form needs.
fn origin_is_ours(app: &App, headers: &HeaderMap) -> bool {
    match only(headers, &header::ORIGIN) {
        Ok(None | Some("null")) => true,
        Ok(Some(origin)) => {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            host.is_some_and(|host| is_our_host(app, host))
        }
        Err(()) => false,
    }
}

/// A header's value; an error when it is repeated or unreadable.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}
