//! Gradle: build files, version catalogs, lock files.

pub mod edit;
