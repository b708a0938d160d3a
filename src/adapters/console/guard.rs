//! Before any page: the Host has to be ours, a write's Origin too, and every answer carries the policy.

use super::routes::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Nothing inline, nothing from elsewhere, no framing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A foreign Host is how a page of somebody else's reaches us by DNS rebinding.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !host_is_ours(&app, headers) {
        return (StatusCode::MISDIRECTED_REQUEST, "this is not the address of the console; see console.listen")
            .into_response();
    }
    if request.method() != Method::GET && !origin_is_ours(&app, headers) {
        return (StatusCode::FORBIDDEN, "the request comes from another page").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn host_is_ours(app: &App, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) => app.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)),
        _ => false,
    }
}

/// Browsers send Origin with every form; what has none is no browser, and needs the CSRF token anyway.
fn origin_is_ours(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
    host.is_some_and(|host| app.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)))
}
