//! Whoever takes our posts: the workflows of Teams, and the webhooks of others. It keeps what it took, and can fail.

use super::{HandClock, listener};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ci_rescue::demo::sign;
use ci_rescue::ports::Clock;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    Says(u16),
    /// 429, with Retry-After in seconds.
    Later(u64),
    /// To another path of the same place.
    Redirects,
    /// It is kept, and the connection is closed before anybody learns of it.
    Forgets,
}

#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Value,
    pub text: String,
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn is_signed(&self, secret: &str) -> bool {
        self.header("x-ci-rescue-signature-256") == sign(secret, self.text.as_bytes())
    }
}

#[derive(Default)]
struct Kept {
    posts: Vec<Post>,
    /// By the bot's clock.
    requests: Vec<(String, i64)>,
    faults: HashMap<String, VecDeque<Fault>>,
    /// By which posts have to be signed, by path.
    secrets: HashMap<String, String>,
}

#[derive(Clone)]
pub struct Receiver {
    kept: Arc<Mutex<Kept>>,
    clock: Arc<HandClock>,
    pub at: SocketAddr,
}

impl Receiver {
    pub async fn start(clock: &Arc<HandClock>) -> Self {
        let (listener, at) = listener().await;
        let receiver = Self { kept: Arc::default(), clock: clock.clone(), at };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What was taken at a path, in order.
    pub fn posts(&self, path: &str) -> Vec<Post> {
        self.lock().posts.iter().filter(|post| post.path == path).cloned().collect()
    }

    /// When somebody asked, whatever came of it.
    pub fn asked(&self, path: &str) -> Vec<i64> {
        self.lock().requests.iter().filter(|(at, _)| at == path).map(|(_, at)| *at).collect()
    }

    /// What is signed by another secret is refused there from now on, with 401.
    pub fn expect(&self, path: &str, secret: &str) {
        self.lock().secrets.insert(path.to_owned(), secret.to_owned());
    }

    /// The next requests there go wrong so, one after the other.
    pub fn fail(&self, path: &str, faults: &[Fault]) {
        self.lock().faults.entry(path.to_owned()).or_default().extend(faults.iter().cloned());
    }
}

async fn take(State(receiver): State<Receiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (path, at) = (uri.path().to_owned(), receiver.clock.now().0);
    let text = String::from_utf8(body.to_vec()).expect("text");
    let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap_or_default().to_owned())
    };
    let post = Post {
        path: path.clone(),
        headers: headers.iter().map(named).collect(),
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    };
    let fault = {
        let mut kept = receiver.lock();
        kept.requests.push((path.clone(), at));
        let strange = kept.secrets.get(&path).is_some_and(|secret| !post.is_signed(secret));
        let fault =
            if strange { Some(Fault::Says(401)) } else { kept.faults.get_mut(&path).and_then(VecDeque::pop_front) };
        if matches!(fault, None | Some(Fault::Forgets)) {
            kept.posts.push(post);
        }
        fault
    };
    match fault {
        None => StatusCode::ACCEPTED.into_response(),
        Some(Fault::Says(status)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Fault::Later(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Some(Fault::Redirects) => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        // The connection dies with the task.
        Some(Fault::Forgets) => std::panic::panic_any("the receiver forgets"),
    }
}
