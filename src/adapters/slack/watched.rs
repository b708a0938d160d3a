//! Connections that report when they cannot be made: slack-morphism tells nobody that its sockets are gone.

use crate::ports::{Integration, cause};
use axum::http::Uri;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

type Https = HttpsConnector<HttpConnector>;

#[derive(Clone)]
pub struct Watched {
    inner: Https,
    health: Arc<Integration>,
}

impl Watched {
    pub fn new(inner: Https, health: Arc<Integration>) -> Self {
        Self { inner, health }
    }
}

impl Service<Uri> for Watched {
    type Response = <Https as Service<Uri>>::Response;
    type Error = <Https as Service<Uri>>::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::poll_ready(&mut self.inner, context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, health) = (self.inner.call(to), self.health.clone());
        async move { connecting.await.inspect_err(|why| health.down(&cause(&**why))) }.boxed()
    }
}
