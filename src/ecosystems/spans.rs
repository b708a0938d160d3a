//! What the pin editors of all ecosystems share: the mark, places in lines, readers that give byte positions.

pub(crate) mod blocks;
pub(crate) mod draft;
pub(crate) mod json;
pub(crate) mod mark;
pub(crate) mod places;
pub(crate) mod splice;
pub(crate) mod toml;
pub(crate) mod version;
pub(crate) mod xml;
