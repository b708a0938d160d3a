//! Bodies are read whole within a size and a time, before anything looks at them.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use std::time::Duration;

/// GitHub gives up after 10 s; who sends slower does not mean well.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The raw body, at most `max` bytes.
///
/// # Errors
/// 413 when it is larger, 408 when it is slow, 400 when it breaks off, 415 when it is compressed.
pub async fn body(headers: &HeaderMap, body: Body, max: usize) -> Result<Vec<u8>, (StatusCode, &'static str)> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read"));
    }
    let told = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if told.is_some_and(|length| length > max) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
    }
    let read = async {
        let mut bytes = Vec::with_capacity(told.unwrap_or(0).min(max));
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| (StatusCode::BAD_REQUEST, "the body broke off"))?;
            if bytes.len() + chunk.len() > max {
                return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(BODY_TIME, read)
        .await
        .unwrap_or(Err((StatusCode::REQUEST_TIMEOUT, "the body came too slowly")))
}

/// Only JSON is taken.
///
/// # Errors
/// 415.
pub fn json_only(headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type has to be application/json"))
    }
}
