//! The store in PostgreSQL: a real server of the test's own, and connections that break where it hurts.

mod breaking;
mod command;
mod flows;
mod leading;
mod replicas;
mod server;
mod store;
mod tls;

/// The server, or the end of the test where none is installed.
macro_rules! running {
    () => {
        match $crate::postgres::server::Server::start().await {
            Some(server) => server,
            None => {
                eprintln!("skipped: PostgreSQL is not installed");
                return;
            }
        }
    };
}
pub(crate) use running;
