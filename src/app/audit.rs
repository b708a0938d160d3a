//! Logs of the audit, as the configuration names them.

use crate::adapters::audit::{Address, File, Syslog};
use crate::config::Config;
use crate::ports::AuditLog;
use std::sync::Arc;

/// Those that are configured. Calls nobody.
///
/// # Errors
/// A sentence for the operator.
pub fn logs(config: &Config) -> Result<Vec<Arc<dyn AuditLog>>, String> {
    let mut all: Vec<Arc<dyn AuditLog>> = Vec::new();
    if let Some(path) = &config.audit.file {
        all.push(Arc::new(File::new(path.clone())));
    }
    if let Some(text) = &config.audit.syslog {
        let wrong = || {
            let name = config.name("audit.syslog");
            format!("{name} must be unix:/dev/log, udp://host:514 or tcp://host:601")
        };
        let address = Address::parse(text).ok_or_else(wrong)?;
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        all.push(Arc::new(Syslog::new(address, host.trim())));
    }
    Ok(all)
}
