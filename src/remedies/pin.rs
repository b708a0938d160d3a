//! pin: a package is held at one version, in manifest and lock together; unpin lets it go again.

use super::code::{self, Target, Wanting};
use super::{PlanContext, Remedy};
use crate::domain::action::Wanted;
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::text::clean_line;

pub struct Pin;
pub struct Unpin;

fn one(context: &PlanContext<'_>, remedy: &'static str, title: String, change: Wanted, undo: &'static str) -> Planning {
    let onto = match code::default_branch(context.incident) {
        Ok(onto) => onto,
        Err(why) => return Planning::Refused(vec![why]),
    };
    let wanting = Wanting {
        remedy,
        summary: title.clone(),
        because: Vec::new(),
        label: "ci:dep-pin",
        undo,
        targets: vec![Target { onto, message: format!("{title}\n"), title, change }],
        drafts: false,
    };
    code::plan(context, &wanting)
}

impl Remedy for Pin {
    fn id(&self) -> &'static str {
        "pin"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Pin { package, version } = context.wish else { return Planning::Refused(Vec::new()) };
        let Some(version) = version else {
            let why = format!("say to which version: pin {package}@VERSION, the last one that passed");
            return Planning::Refused(vec![clean_line(&why, 200)]);
        };
        let title = format!("Pin {} to {}", clean_line(package, 80), clean_line(version, 70));
        let change = Wanted::Pin { package: package.clone(), version: version.clone() };
        one(context, "pin", title, change, "`unpin` proposes to let it go again")
    }
}

impl Remedy for Unpin {
    fn id(&self) -> &'static str {
        "unpin"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Unpin { package } = context.wish else { return Planning::Refused(Vec::new()) };
        let title = format!("Unpin {}", clean_line(package, 80));
        one(context, "unpin", title, Wanted::Unpin { package: package.clone() }, "pin it again")
    }
}
