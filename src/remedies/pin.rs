//! pin: a package is held at one version, in manifest and lock together.

use super::code::{self, Target, Wanting};
use super::{Offering, PlanContext, Remedy, hope};
use crate::domain::action::ChangeSpec;
use crate::domain::cause::Cause;
use crate::domain::evidence::Category;
use crate::domain::facts::Known;
use crate::domain::form::{Choice, Field, Form};
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::intent::Wish;
use crate::domain::plan::{Nature, Planning};
use crate::domain::quarantined::day;
use crate::domain::suspect::Moved;
use crate::domain::text::{clean_line, listing};
use crate::domain::time::DAY_MS;

pub struct Pin;

/// A package is held for at most this long without a person's word.
const DAYS_MAX: i64 = 365;

fn length(for_ms: i64) -> Result<i64, String> {
    if !(DAY_MS..=DAYS_MAX * DAY_MS).contains(&for_ms) {
        return Err(format!("a pin lasts 1 to {DAYS_MAX} days: try for=14d"));
    }
    Ok(for_ms)
}

/// The one change that a pin or the end of one is.
pub(super) fn one(
    context: &PlanContext<'_>,
    remedy: &'static str,
    title: String,
    because: Vec<String>,
    change: ChangeSpec,
    undo: &'static str,
) -> Planning {
    let onto = match code::default_branch(context.incident) {
        Ok(onto) => onto,
        Err(why) => return Planning::Refused(vec![why]),
    };
    let in_workflows = match context.facts.changes.get(&onto) {
        Some(Known::Is(facts)) => facts.preview.files.iter().any(|file| file.raw().starts_with(".github/")),
        _ => false,
    };
    let upstream = match &change {
        ChangeSpec::Pin { package, .. } => upstream(package, in_workflows),
        _ => None,
    };
    let wanting = Wanting {
        summary: title.clone(),
        because,
        upstream,
        label: "ci:dep-pin",
        undo,
        targets: vec![Target { onto, message: format!("{title}\n"), title, change }],
        ..Wanting::of(remedy)
    };
    code::plan(context, &wanting)
}

/// The package and version named; else the package that changed since the last green run, at its version there; with reasons.
fn meant(
    incident: &Incident,
    package: Option<&str>,
    version: Option<&str>,
) -> Result<(String, String, Vec<String>), String> {
    if let (Some(package), Some(version)) = (package, version) {
        return Ok((package.to_owned(), version.to_owned(), Vec::new()));
    }
    let moved = incident.suspicion.as_ref().map_or(&[][..], |suspicion| suspicion.moved.as_slice());
    let fits: Vec<&Moved> = moved.iter().filter(|moved| package.is_none_or(|p| moved.package.raw() == p)).collect();
    let shown = |moved: &&Moved| format!("{}@{}", moved.package.line(60), moved.green.line(40));
    match (fits.as_slice(), package) {
        ([one], _) => Ok((one.package.raw().to_owned(), one.green.raw().to_owned(), one.because.clone())),
        ([], Some(package)) => {
            Err(format!("the last green run had no other version of {package}: use pin {package}@VERSION"))
        }
        ([], None) => {
            Err("no package changed since the last green run, as far as the logs show: use pin PACKAGE@VERSION".into())
        }
        (many, _) => {
            let names: Vec<String> = many.iter().map(shown).collect();
            Err(format!("several packages changed since the last green run: choose one of {}", listing(&names, 5)))
        }
    }
}

/// The GitHub project that a package name implies: an action, or a Go module hosted there.
fn upstream(package: &str, is_action: bool) -> Option<Repo> {
    let path = package.strip_prefix("github.com/").or(Some(package).filter(|_| is_action))?;
    let mut parts = path.split('/');
    format!("{}/{}", parts.next()?, parts.next()?).parse().ok()
}

/// What `pin` means without a package.
fn suspected() -> Wish {
    Wish::Pin { package: None, version: None, for_ms: 14 * DAY_MS }
}

/// The chance that one of several packages that changed broke it, before anything else is known.
const ONE_OF_THEM: f64 = 0.5;

fn of_several(incident: &Incident, moved: &[Moved]) -> Offering {
    let choice = |moved: &Moved| Choice {
        value: format!("{}@{}", moved.package.raw(), moved.green.raw()).into(),
        words: format!("{} {} ({} now)", moved.package.line(50), moved.green.line(20), moved.red.line(20)),
    };
    let fields = vec![
        Field::choice("package", "Package, and the version that passed", moved.iter().map(choice)),
        Field::line("for", "How long, for example 14d", "14d"),
    ];
    let several = u32::try_from(moved.len()).unwrap_or(u32::MAX);
    Offering {
        wish: suspected(),
        label: "Pin a package".into(),
        help: ONE_OF_THEM / f64::from(several) * hope::of_a_breakage(incident),
        because: format!("{several} packages changed since the last green run"),
        at_once: false,
        form: Some(Form { title: "Pin a package".into(), fields }),
    }
}

impl Remedy for Pin {
    fn id(&self) -> &'static str {
        "pin"
    }

    fn nature(&self) -> Nature {
        Nature { exact: true, ..Nature::default() }
    }

    fn is_once(&self) -> bool {
        true
    }

    /// The package whose version differs from the last green run's; of several, the person chooses one.
    fn offer(&self, incident: &Incident) -> Option<Offering> {
        let suspicion = incident.suspicion.as_ref()?;
        if incident.base.is_some() || !incident.on_default_branch() {
            return None;
        }
        let moved = match suspicion.moved.as_slice() {
            [] => return None,
            [one] => one,
            several => return Some(of_several(incident, several)),
        };
        let (package, green, red) = (moved.package.line(40), moved.green.line(20), moved.red.line(20));
        let dependency = incident.headline().is_some_and(|evidence| evidence.category == Category::Dependency);
        let changed = incident.judged.as_ref().is_some_and(|judged| judged.cause == Cause::Dependency);
        let isolated = suspicion.bracketed().is_some_and(|best| best.score > 0);
        let sure = match (dependency || changed, isolated) {
            (true, false) => 0.97,
            (true, true) => 0.9,
            (false, false) => 0.8,
            (false, true) => 0.5,
        };
        let because = format!("{package} went from {green} to {red} since the last green run");
        let wish = suspected();
        let help = sure * hope::of_a_breakage(incident);
        let label = format!("Pin {package} {green}");
        Some(Offering { wish, label, help, because, at_once: false, form: None })
    }

    fn check(&self, wish: &Wish) -> Result<(), String> {
        let Wish::Pin { for_ms, .. } = wish else { return Ok(()) };
        length(*for_ms).map(|_| ())
    }

    fn plan(&self, context: &PlanContext<'_>) -> Planning {
        let (Wish::Pin { package, version, for_ms }, Some(asked)) = (context.wish, context.proposal) else {
            return Planning::Refused(vec!["only a person can request a pin".into()]);
        };
        let until = match length(*for_ms) {
            Ok(ms) => day(asked.at.plus_ms(ms)),
            Err(why) => return Planning::Refused(vec![why]),
        };
        let (package, version, mut because) = match meant(context.incident, package.as_deref(), version.as_deref()) {
            Ok(meant) => meant,
            Err(why) => return Planning::Refused(vec![clean_line(&why, 400)]),
        };
        let title = format!("Pin {} to {}", clean_line(&package, 80), clean_line(&version, 70));
        because.push(format!("expires on {until}; the bot will propose to remove it"));
        let change = ChangeSpec::Pin { package, version, until };
        one(context, "pin", title, because, change, "use unpin")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_named_where_it_is_known() {
        for (package, is_action, wanted) in [
            ("github.com/spf13/cobra", false, Some("spf13/cobra")),
            ("github.com/acme/tools/v2", false, Some("acme/tools")),
            ("actions/cache/restore", true, Some("actions/cache")),
            ("symfony/console", false, None),
            ("serde", false, None),
            ("github.com/../x", false, None),
        ] {
            let found = upstream(package, is_action);
            assert_eq!(found.as_ref().map(Repo::as_str), wanted, "{package}");
        }
    }
}
