//! What the bot and the doubles say to each other, for `.ci/contract`: one JSON line for each exchange, where
//! `CI_RESCUE_CONTRACT` names a directory.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// The double's routes, recorded under the neighbour's name.
pub fn recorded(neighbour: &'static str, router: Router) -> Router {
    match std::env::var_os("CI_RESCUE_CONTRACT") {
        Some(dir) => {
            let file = PathBuf::from(dir).join(format!("{}.jsonl", std::process::id()));
            router.layer(from_fn(move |request, next| exchange(neighbour, file.clone(), request, next)))
        }
        None => router,
    }
}

async fn exchange(neighbour: &'static str, file: PathBuf, request: Request, next: Next) -> Response {
    if request.headers().contains_key("upgrade") {
        return next.run(request).await;
    }
    let (method, uri) = (request.method().to_string(), request.uri().clone());
    let (parts, body) = request.into_parts();
    let sent = to_bytes(body, usize::MAX).await.expect("a body");
    let response = next.run(Request::from_parts(parts, Body::from(sent.clone()))).await;
    let (parts, body) = response.into_parts();
    let answered = to_bytes(body, usize::MAX).await.expect("a body");
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
    let line = json!({
        "neighbour": neighbour, "method": method, "path": uri.path(), "query": uri.query(), "request": value(&sent),
        "status": parts.status.as_u16(), "response": value(&answered),
    });
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file).expect("a file");
    out.write_all(format!("{line}\n").as_bytes()).expect("a line");
    Response::from_parts(parts, Body::from(answered))
}
