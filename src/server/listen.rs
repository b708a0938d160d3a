//! Serving a listener: deadlines for request heads and for answers that nobody takes, a bound on connections, and an
//! orderly end.

use super::budget::Budget;
use super::connections::{Bounds, Connections, Place, State};
use super::limits::Counted;
use super::proxies::{Proxies, one};
use super::refusals::Refusals;
use super::tls::Tls;
use crate::ports::Peer;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::Response;
use futures::StreamExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A request's head has to come within this, also on a connection that is kept open; and who takes nothing of an answer
/// for this long loses the connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Room for a request's head; what is sent beyond it waits in the kernel.
const HEAD_BYTES: usize = 16 << 10;
/// Connections at the same time.
const CONNECTIONS: usize = 4_096;
/// A listener's part of the file descriptors: there are two, and as much again is for the store and for calls.
const DESCRIPTORS: usize = 4;
/// A client's part of the connections.
const CLIENT: usize = 4;
/// After an accept that failed, as when file descriptors run out.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two lines in the log about it.
const QUIET: Duration = Duration::from_secs(600);
/// What is in flight gets this long when we stop.
const GRACE: Duration = Duration::from_secs(5);

impl Default for Bounds {
    /// As the file descriptors allow that this process may have.
    fn default() -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok());
        let all = descriptors.map_or(CONNECTIONS, |most| (most / DESCRIPTORS).clamp(CLIENT, CONNECTIONS));
        Self { all, of_one: (all / CLIENT).max(CLIENT), patience: PATIENCE }
    }
}

/// Who connects, how, and how many.
#[derive(Clone, Default)]
pub struct Front {
    pub proxies: Proxies,
    pub bounds: Bounds,
    /// Else plain HTTP is spoken.
    pub tls: Option<Tls>,
}

/// Serves plain HTTP until `stop`, to clients that connect by themselves.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_behind(listener, router, Front::default(), stop).await;
}

/// Serves until `stop`.
pub async fn serve_behind(listener: TcpListener, router: Router, front: Front, stop: CancellationToken) {
    let Front { proxies, bounds, tls } = front;
    let connections = Connections::new(bounds);
    let serving =
        Serving { router, proxies, patience: bounds.patience, budget: Arc::default(), refusals: Arc::default(), tls };
    let graceful = GracefulShutdown::new();
    let mut told = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(why) => {
                tell(&mut told, &why);
                // Most likely file descriptors ran out: somebody who does not use theirs gives one back.
                connections.relieve();
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let client = (!serving.proxies.has(peer)).then(|| one(peer));
        let place = tokio::select! {
            place = connections.place(client) => place,
            () = stop.cancelled() => break,
        };
        tokio::spawn(serving.connection(stream, peer, place, &graceful));
    }
    // From here on nobody gets in.
    drop(listener);
    // Open event streams do not end by themselves.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// One line however often it happens.
fn tell(told: &mut Option<Instant>, why: &std::io::Error) {
    if told.is_none_or(|at| at.elapsed() >= QUIET) {
        tracing::warn!(%why, "could not accept a connection; further failures are not logged for ten minutes");
        *told = Some(Instant::now());
    }
}

struct Serving {
    router: Router,
    proxies: Proxies,
    patience: Duration,
    budget: Arc<Budget>,
    refusals: Arc<Refusals>,
    tls: Option<Tls>,
}

impl Serving {
    /// A connection until it ends, or until somebody else needs its place.
    fn connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        place: Place,
        graceful: &GracefulShutdown,
    ) -> impl Future<Output = ()> + use<> {
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.patience));
        // Without the look for HTTP/2, which has no deadline of its own.
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.patience).max_buf_size(HEAD_BYTES);
        let (router, proxies, budget) = (self.router.clone(), self.proxies.clone(), Arc::clone(&self.budget));
        let refusals = Arc::clone(&self.refusals);
        let state = Arc::clone(&place.state);
        let service = tower::service_fn(move |request: axum::http::Request<_>| {
            let client = proxies.client(peer, request.headers());
            let counted = Counted { budget: Arc::clone(&budget), client };
            let path = request.uri().path().to_owned();
            let answered = answer(router.clone(), request, (counted, Peer(peer.to_canonical())), Arc::clone(&state));
            let refusals = Arc::clone(&refusals);
            async move { answered.await.map(|answer| refusals.passed(client, &path, answer)) }
        });
        let (service, watcher) = (TowerToHyperService::new(service), graceful.watcher());
        let (tls, patience) = (self.tls.clone(), self.patience);
        async move {
            let stream = Box::pin(stream);
            let served = async {
                match tls {
                    None => {
                        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                        watcher.watch(connection).await.map_err(|why| why.to_string())
                    }
                    // Until it is done, the connection has a place like one that sends nothing.
                    Some(tls) => {
                        let shaken = tokio::time::timeout(patience, tls.accept(stream)).await;
                        let stream = shaken.map_err(|why| why.to_string())?.map_err(|why| why.to_string())?;
                        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                        watcher.watch(connection).await.map_err(|why| why.to_string())
                    }
                }
            };
            tokio::select! {
                ended = served => {
                    if let Err(why) = ended {
                        tracing::debug!(%why, "a connection was lost");
                    }
                }
                () = place.end.cancelled() => tracing::debug!("a connection made place for another"),
            }
        }
    }
}

/// While a request is handled we are at work for its connection, but for the time that its body makes us wait.
async fn answer<B>(
    router: Router,
    request: axum::http::Request<B>,
    (counted, peer): (Counted, Peer),
    state: Arc<State>,
) -> Result<Response<Body>, Infallible>
where
    B: HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    state.works();
    let asks = request.method().is_safe();
    let mut request = request.map(|body| watched(Body::new(body), Arc::clone(&state)));
    request.extensions_mut().insert(counted.client);
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(counted);
    let answered = router.oneshot(request).await;
    // Nobody without credentials makes us take something.
    if !asks && answered.as_ref().is_ok_and(|answer| answer.status().is_success()) {
        state.proves();
    }
    state.waits();
    answered
}

/// A body that tells whether it makes us wait.
fn watched(body: Body, state: Arc<State>) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let mut pieces = body.into_data_stream();
    Body::from_stream(futures::stream::poll_fn(move |context| {
        let polled = pieces.poll_next_unpin(context);
        if polled.is_pending() {
            state.waits();
        } else {
            state.works();
        }
        polled
    }))
}
