//! How a file changes, and nothing else: texts read with the places of their parts, pieces replaced where they stand, and
//! the mark by which the next change finds what stood there before.
//!
//! What reads here is bounded in depth and takes linear time, whatever a repository holds.

pub mod blocks;
pub mod draft;
pub mod json;
pub mod lines;
pub mod mark;
pub mod path;
pub mod places;
pub mod say;
pub mod splice;
pub mod toml;
pub mod version;
pub mod xml;
pub mod yaml;
