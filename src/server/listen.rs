//! Serving a listener: a deadline for request heads, a bound on connections, and an orderly end.

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// A request's head has to come within this, also on a connection that is kept open.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Connections at the same time; more wait in the kernel's queue.
const CONNECTIONS: usize = 4_096;
/// After an accept that failed, as when file descriptors run out.
const PAUSE: Duration = Duration::from_millis(50);
/// What is in flight gets this long when we stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop`.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(why) => {
                tracing::warn!(%why, "could not accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        // Without the look for HTTP/2, which has no deadline of its own.
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(why) = watched.await {
                tracing::debug!(%why, "a connection was lost");
            }
            drop(place);
        });
    }
    // Open event streams do not end by themselves.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}
