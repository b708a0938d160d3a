//! `dotnet test`: xUnit and NUnit.

mod attributes;
mod methods;
mod names;
mod nunit;
mod read;
mod values;
mod xunit;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Dotnet;

impl TestFramework for Dotnet {
    fn id(&self) -> &'static str {
        "dotnet"
    }

    fn words(&self) -> &'static [&'static str] {
        &["Failed ", "[FAIL]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&xunit::XunitEditor, &nunit::NunitEditor]
    }
}
