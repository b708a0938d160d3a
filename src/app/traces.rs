//! Traces for an OpenTelemetry collector, by OTLP over HTTP: off unless an address is configured.

use crate::config::Traces;
use crate::evidence::redact;
use async_trait::async_trait;
use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// A collector that takes longer is given up: the next batch waits for it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A collector's answer is a few bytes.
const ANSWER_MAX: usize = 64 << 10;
/// How long the last spans may take at the end.
const FLUSH: Duration = Duration::from_secs(3);

/// What sends them. `None` where no address is configured. Called inside the runtime that carries the requests.
///
/// # Errors
/// The address is not one, or TLS cannot be set up: a sentence.
pub fn provider(config: &Traces) -> Result<Option<SdkTracerProvider>, String> {
    let Some(endpoint) = &config.endpoint else { return Ok(None) };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .with_http_client(Sender::new()?)
        .build()
        .map_err(|why| why.to_string())?;
    let mut resource = Resource::builder()
        .with_service_name("ci-rescue")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if let Some(environment) = &config.environment {
        resource = resource.with_attribute(KeyValue::new("deployment.environment.name", environment.clone()));
    }
    let ratio = f64::from(config.sample_percent) / 100.0;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
        .with_span_processor(BatchSpanProcessor::builder(Masked(exporter)).build());
    Ok(Some(provider.build()))
}

/// Sends what is left. While the runtime still runs, for it carries the requests; and off its threads, since it blocks.
pub async fn stop(provider: SdkTracerProvider) {
    #[allow(clippy::disallowed_methods, reason = "the process ends, and the exporter's own call waits")]
    let stopped = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
    if !matches!(stopped, Ok(Ok(()))) {
        tracing::warn!("the last traces could not be sent");
    }
}

/// Masks whatever leaves: names, attributes, status. On the exporter's own thread.
#[derive(Debug)]
struct Masked<E>(E);

impl<E: SpanExporter> SpanExporter for Masked<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(whole);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    // OTLP's exporter has its own, and the batch processor calls it.
    fn shutdown(&self) -> OTelSdkResult {
        self.0.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    // Without it, no `service.name` is sent.
    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn masked(text: &str) -> String {
    redact::text(text, &mut redact::Counts::new()).into_owned()
}

fn whole(span: &mut SpanData) {
    span.name = masked(&span.name).into();
    if let Status::Error { description } = &mut span.status {
        *description = masked(description).into();
    }
    attributes(&mut span.attributes);
    for event in &mut span.events.events {
        event.name = masked(&event.name).into();
        attributes(&mut event.attributes);
    }
}

fn attributes(attributes: &mut [KeyValue]) {
    for KeyValue { value, .. } in attributes {
        match value {
            Value::Bool(_)
            | Value::I64(_)
            | Value::F64(_)
            | Value::Array(Array::Bool(_) | Array::I64(_) | Array::F64(_)) => {}
            Value::String(text) => *text = masked(text.as_str()).into(),
            Value::Array(Array::String(texts)) => {
                for text in texts {
                    *text = masked(text.as_str()).into();
                }
            }
            // What is not known here is not sent.
            _ => *value = Value::String("***".into()),
        }
    }
}

/// Sends by the runtime: the exporter's own thread has no reactor. A collector that is down is told once, and once more
/// when it is back.
#[derive(Debug, Clone)]
struct Sender {
    http: reqwest::Client,
    runtime: Handle,
    down: Arc<AtomicBool>,
}

impl Sender {
    fn new() -> Result<Self, String> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
        let http = http.map_err(|why| why.to_string())?;
        Ok(Self { http, runtime: Handle::current(), down: Arc::default() })
    }

    fn report(&self, why: Option<&str>) {
        match (self.down.swap(why.is_some(), Ordering::Relaxed), why) {
            (false, Some(why)) => tracing::warn!(why, "traces cannot be sent; spans are dropped until they can"),
            (true, None) => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sent = self.runtime.spawn(send(http, request)).await?;
        match &sent {
            Ok(response) if response.status().is_success() => self.report(None),
            Ok(response) => self.report(Some(&format!("the collector answered {}", response.status().as_u16()))),
            Err(why) => self.report(Some(&crate::domain::text::clean_line(&why.to_string(), 200))),
        }
        sent
    }
}

async fn send(http: reqwest::Client, request: reqwest::Request) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(HttpError::from(ResponseBodyTooLarge::new()));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    // `Retry-After` is read from these.
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
