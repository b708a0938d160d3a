//! uv: pyproject.toml and a lock of its own.

pub mod edit;
