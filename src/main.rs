//! The front door: parse the command line, read the configuration, wire the rooms, run.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One TLS provider for every client in the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::main()
}
