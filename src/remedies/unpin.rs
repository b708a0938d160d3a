//! unpin: a package is no longer held at one version.

use super::pin::one;
use super::{PlanContext, Remedy};
use crate::domain::action::ChangeSpec;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Planning};
use crate::domain::text::clean_line;

pub struct Unpin;

impl Remedy for Unpin {
    fn id(&self) -> &'static str {
        "unpin"
    }

    fn nature(&self) -> Nature {
        Nature { lets_go: true, exact: true, ..Nature::default() }
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Unpin { package } = context.wish else { return Planning::Refused(Vec::new()) };
        let title = format!("Unpin {}", clean_line(package, 80));
        one(context, "unpin", title, Vec::new(), ChangeSpec::Unpin { package: package.clone() }, "pin it again")
    }
}
