//! libFuzzer's target for all bodies: `CI_RESCUE_BODY` names the one that is run.
#![no_main]

use std::sync::LazyLock;

#[path = "../bodies/mod.rs"]
#[macro_use]
mod bodies;

macro_rules! named {
    ($($name:ident),* $(,)?) => {
        fn named(name: &str) -> Option<fn(&[u8])> {
            match name {
                $(stringify!($name) => Some(bodies::$name),)*
                _ => None,
            }
        }
    };
}

each_body!(named);

static BODY: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("CI_RESCUE_BODY").expect("CI_RESCUE_BODY names a body");
    named(&name).unwrap_or_else(|| panic!("there is no body named {name}"))
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| BODY(data));
