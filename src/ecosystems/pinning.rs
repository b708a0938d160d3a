//! What the pin editors of several ecosystems share: edits by byte position, JSON and YAML with positions, version
//! ranges, and the mark that a pin leaves in a comment.

pub mod draft;
pub mod json;
pub mod json_edit;
pub mod mark;
pub mod range;
pub mod splices;
pub mod yaml;
