//! pin: a package is held at one version, in manifest and lock together; unpin lets it go again.

use super::code::{self, Target, Wanting};
use super::{PlanContext, Remedy};
use crate::domain::action::Wanted;
use crate::domain::intent::Wish;
use crate::domain::plan::Planning;
use crate::domain::quarantined::day;
use crate::domain::text::clean_line;
use crate::domain::time::DAY_MS;

pub struct Pin;
pub struct Unpin;

/// A package is held for at most this long without a person's word.
const DAYS_MAX: i64 = 365;

fn length(for_ms: i64) -> Result<i64, String> {
    if for_ms <= 0 || for_ms > DAYS_MAX * DAY_MS {
        return Err(format!("a pin lasts between a minute and {DAYS_MAX} days: say for=14d"));
    }
    Ok(for_ms)
}

fn one(
    context: &PlanContext<'_>,
    remedy: &'static str,
    title: String,
    because: Vec<String>,
    change: Wanted,
    undo: &'static str,
) -> Planning {
    let onto = match code::default_branch(context.incident) {
        Ok(onto) => onto,
        Err(why) => return Planning::Refused(vec![why]),
    };
    let wanting = Wanting {
        summary: title.clone(),
        because,
        label: "ci:dep-pin",
        undo,
        targets: vec![Target { onto, message: format!("{title}\n"), title, change }],
        ..Wanting::of(remedy)
    };
    code::plan(context, &wanting)
}

impl Remedy for Pin {
    fn id(&self) -> &'static str {
        "pin"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let (Wish::Pin { package, version, for_ms }, Some(asked)) = (context.wish, context.proposal) else {
            return Planning::Refused(vec!["a pin is made for a person who asks for it".into()]);
        };
        let until = match length(*for_ms) {
            Ok(ms) => day(asked.at.plus_ms(ms)),
            Err(why) => return Planning::Refused(vec![why]),
        };
        let Some(version) = version else {
            let why = format!("say to which version: pin {package}@VERSION, the last one that passed");
            return Planning::Refused(vec![clean_line(&why, 200)]);
        };
        let title = format!("Pin {} to {}", clean_line(package, 80), clean_line(version, 70));
        let because = vec![format!("it holds until {until}: then the bot proposes to let it go")];
        let change = Wanted::Pin { package: package.clone(), version: version.clone(), until };
        one(context, "pin", title, because, change, "`unpin` proposes to let it go again")
    }
}

impl Remedy for Unpin {
    fn id(&self) -> &'static str {
        "unpin"
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let Wish::Unpin { package } = context.wish else { return Planning::Refused(Vec::new()) };
        let title = format!("Unpin {}", clean_line(package, 80));
        one(context, "unpin", title, Vec::new(), Wanted::Unpin { package: package.clone() }, "pin it again")
    }
}
