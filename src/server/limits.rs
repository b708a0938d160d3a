//! Bodies are read whole within a size, a time and a [budget](super::budget), before anything looks at them.

use super::budget::{Budget, Held};
use super::doors::refuse;
use crate::ports::Client;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// GitHub gives up after 10 s; who sends slower does not mean well.
const BODY_TIME: Duration = Duration::from_secs(10);
/// When somebody may come again whose body found no room, in seconds: as long as a body may take.
const AGAIN: HeaderValue = HeaderValue::from_static("10");

/// Whose bodies are counted, and where: every request of a listener carries it.
#[derive(Clone)]
pub struct Counted {
    pub budget: Arc<Budget>,
    pub client: Client,
}

/// A request's body, which nobody has read yet.
pub struct Unread {
    pub headers: HeaderMap,
    body: Body,
    counted: Option<Counted>,
}

impl<S: Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let counted = parts.extensions.get::<Counted>().cloned();
        Ok(Self { headers: parts.headers, body, counted })
    }
}

impl Unread {
    /// The raw body, at most `max` bytes, and what it holds of the budget: to be dropped with the body.
    ///
    /// # Errors
    /// 413 when it is larger, 408 when it is slow, 400 when it breaks off, 415 when it is compressed, 503 when others
    /// hold the room.
    pub async fn whole(self, max: usize) -> Result<(Vec<u8>, Option<Held>), Response> {
        self.each(max, |_| {}).await
    }

    /// The same; each piece is shown as it comes.
    pub async fn each(self, max: usize, mut piece: impl FnMut(&[u8])) -> Result<(Vec<u8>, Option<Held>), Response> {
        if self.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read"));
        }
        let told = self
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<usize>().ok());
        if told.is_some_and(|length| length > max) {
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
        }
        let mut held = self.counted.map(|counted| Held::new(counted.budget, counted.client, told));
        let read = async {
            let mut bytes = Vec::with_capacity(told.unwrap_or(0).min(max));
            let mut stream = self.body.into_data_stream();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|_| refuse(StatusCode::BAD_REQUEST, "the body broke off"))?;
                if bytes.len() + chunk.len() > max {
                    return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
                }
                if held.as_mut().is_some_and(|held| !held.take(chunk.len())) {
                    return Err(full());
                }
                piece(&chunk);
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        let bytes = tokio::time::timeout(BODY_TIME, read)
            .await
            .unwrap_or_else(|_| Err(refuse(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")))?;
        Ok((bytes, held))
    }
}

fn full() -> Response {
    let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, "too many bodies are being read: send it again later");
    answer.headers_mut().insert(header::RETRY_AFTER, AGAIN);
    answer
}

/// Only JSON is taken.
///
/// # Errors
/// 415.
pub fn json_only(headers: &HeaderMap) -> Result<(), Response> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type has to be application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use std::net::Ipv4Addr;

    const PIECE: usize = 1 << 20;

    /// A body of so many pieces that tells no length.
    async fn unread(budget: &Arc<Budget>, pieces: usize) -> Unread {
        let all = futures::stream::iter((0..pieces).map(|_| Ok::<_, Infallible>(Bytes::from(vec![0; PIECE]))));
        let mut request = Request::new(Body::from_stream(all));
        let client = Client(Ipv4Addr::LOCALHOST.into());
        request.extensions_mut().insert(Counted { budget: Arc::clone(budget), client });
        let Ok(unread) = Unread::from_request(request, &()).await;
        unread
    }

    #[tokio::test]
    async fn strangers_006_a_body_without_room_is_told_to_come_again() {
        let budget = Arc::default();
        let first = unread(&budget, 24).await.whole(25 * PIECE).await.ok().unwrap();
        let second = unread(&budget, 24).await.whole(25 * PIECE).await.err().unwrap();
        assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(second.headers().contains_key(header::RETRY_AFTER));
        drop(first);
        assert!(unread(&budget, 24).await.whole(25 * PIECE).await.is_ok(), "what was refused holds nothing");
        let large = unread(&budget, 26).await.whole(25 * PIECE).await.err().unwrap();
        assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
