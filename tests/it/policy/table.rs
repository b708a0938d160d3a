//! Rules and facts on one side, decisions with their trees on the other.

use super::case::{Given, names, rules};
use ci_rescue::domain::decision::Tested;
use ci_rescue::domain::facts::Known;
use ci_rescue::policy::read_own;
use serde::Deserialize;
use std::fmt::Write as _;

#[derive(Deserialize)]
struct Table {
    case: Vec<Given>,
}

#[test]
fn decisions() {
    let table: Table = toml::from_str(include_str!("../../data/policy/decisions.toml")).unwrap();
    let mut all = String::new();
    for given in &table.case {
        let own = match (&given.unread, read_own(given.own.as_deref().unwrap_or_default(), &names())) {
            (Some(why), _) => Known::Unavailable(why.clone()),
            (None, Err(why)) => Known::Unavailable(why),
            (None, Ok(own)) => Known::Is(own),
        };
        let decision = given.decide(&rules(&given.policy), own);
        let what = if given.merge { format!("merging {}", given.remedy) } else { given.remedy.clone() };
        let by = if given.by == "bot" { "by CI Rescue itself".into() } else { format!("for the {}", given.by) };
        let tested = Tested { remedy: what, by, decision };
        // The whole tree once for each kind; after that, what differs.
        let brief = !given.name.ends_with("in full");
        writeln!(all, "# {}\n{}\n", given.name, tested.lines(brief).join("\n")).unwrap();
    }
    insta::assert_snapshot!(all);
}
