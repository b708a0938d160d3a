//! Providers' status pages, as the configuration names them.

use crate::adapters::status::{Page, Status};
use crate::config::Config;
use crate::ports::StatusPages;
use std::sync::Arc;

/// `None` where none is configured.
///
/// # Errors
/// TLS cannot be set up.
pub fn pages(config: &Config) -> Result<Option<Arc<dyn StatusPages>>, String> {
    let page = |one: &crate::config::Provider| {
        let url = one.url.parse().ok()?;
        Some(Page { name: one.name.clone(), url, components: one.components.clone() })
    };
    let pages: Vec<Page> = config.providers.iter().filter_map(page).collect();
    if pages.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Status::new(pages)?)))
}
