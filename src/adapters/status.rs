//! The status room: providers' status pages, as the JSON of Statuspage or as an Atom feed.
//!
//! # How to add another format
//! A function in `status/formats.rs`, and its line in `read`.

mod formats;

use crate::domain::outage::Outage;
use crate::ports::{PortError, StatusPages};
use async_trait::async_trait;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(10);
/// A larger page is refused, in bytes.
const PAGE_MAX: usize = 4 << 20;

/// A provider's page.
#[derive(Clone, Debug)]
pub struct Page {
    pub name: String,
    pub url: Url,
    /// Of these components only, by name; of all where empty.
    pub components: Vec<String>,
}

pub struct Status {
    pages: Vec<Page>,
    http: reqwest::Client,
}

impl Status {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(pages: Vec<Page>) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::limited(3))
            .user_agent(concat!("ci-rescue/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { pages, http: http.map_err(|why| why.to_string())? })
    }

    async fn fetch(&self, page: &Page) -> Result<Vec<u8>, String> {
        let asked = self.http.get(page.url.clone()).send().await;
        let mut answer = asked.map_err(|why| crate::domain::text::clean_line(&why.without_url().to_string(), 200))?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| "its answer broke off".to_owned())? {
            if bytes.len() + chunk.len() > PAGE_MAX {
                return Err(format!("its answer has more than {} MB", PAGE_MAX >> 20));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

#[async_trait]
impl StatusPages for Status {
    fn names(&self) -> Vec<String> {
        self.pages.iter().map(|page| page.name.clone()).collect()
    }

    async fn outages(&self, provider: &str) -> Result<Vec<Outage>, PortError> {
        let Some(page) = self.pages.iter().find(|page| page.name == provider) else { return Ok(Vec::new()) };
        let failed = |why: String| PortError::transient(format!("the status page of {}: {why}", page.name));
        let bytes = self.fetch(page).await.map_err(failed)?;
        let open = formats::read(&bytes, &page.components).map_err(failed)?;
        let origin = page.url.origin().ascii_serialization();
        let outage = |one: formats::Open| Outage {
            provider: page.name.clone(),
            title: one.title.into(),
            impact: one.impact.into(),
            page: origin.clone(),
        };
        Ok(open.into_iter().map(outage).collect())
    }
}
