//! A repository's file tightens and never loosens: drawn operators, drawn files, drawn facts.

use super::case::{Given, NOW};
use ci_rescue::domain::cause::Cause;
use ci_rescue::domain::decision::Verdict;
use ci_rescue::domain::evidence::{Category, Severity};
use ci_rescue::domain::facts::Known;
use ci_rescue::domain::rules::{Mode, OwnRules, Rule, Rules, When};
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const REMEDIES: &[&str] = &["retry", "quarantine", "pin", "revert"];

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![1 => Just(Mode::Observe), 1 => Just(Mode::Suggest), 2 => Just(Mode::Act)]
}

fn named() -> impl Strategy<Value = Vec<String>> {
    subsequence(REMEDIES, 0..=REMEDIES.len()).prop_map(|all| all.into_iter().map(str::to_owned).collect())
}

fn text(all: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    weighted(0.3, select(all).prop_map(str::to_owned))
}

fn globs() -> impl Strategy<Value = Vec<String>> {
    let all: &[&str] = &["*", "src/*", "*.json", "package.json", "infra/*"];
    vec(select(all).prop_map(str::to_owned), 0..3)
}

fn when() -> impl Strategy<Value = When> {
    let names = (text(&["acme/*", "other/*"]), text(&["shop-*", "x"]), text(&["main", "rel*", "*:*"]));
    let severity = select(&[Severity::Blocker, Severity::Normal, Severity::Transient][..]);
    let cause = select(&[Cause::Unknown, Cause::Deterministic, Cause::Flaky][..]);
    let flags = (weighted(0.2, any::<bool>()), weighted(0.2, any::<bool>()), weighted(0.3, any::<bool>()));
    (names, text(REMEDIES), weighted(0.2, severity), weighted(0.2, cause), flags).prop_map(
        |((repository, workflow, branch), remedy, severity, cause, (author_is_bot, fork, automatic))| When {
            repository,
            workflow,
            branch,
            remedy,
            severity,
            cause,
            author_is_bot,
            fork,
            automatic,
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    (when(), of(mode()), weighted(0.1, Just("no".to_owned())), of(0_u32..3), of(any::<bool>()))
        .prop_map(|(when, mode, deny, approvals, auto_approve)| Rule { when, mode, deny, approvals, auto_approve })
}

fn own() -> impl Strategy<Value = OwnRules> {
    let lists = (of(named()), of(named()), of(named()));
    let approvals = btree_map(select(REMEDIES).prop_map(str::to_owned), 0_u32..3, 0..3);
    (of(mode()), of(any::<bool>()), approvals, lists, globs(), globs(), of(0_u32..6), vec(rule(), 0..4)).prop_map(
        |(mode, dry_run, approvals, (automatic, auto_merge, auto_approve), allowed, forbidden, attempts_max, rules)| {
            OwnRules {
                mode,
                dry_run,
                approvals,
                automatic,
                auto_merge,
                auto_approve,
                allowed_paths: allowed,
                forbidden_paths: forbidden,
                attempts_max,
                rules,
            }
        },
    )
}

/// The operator's, from what a file of a repository may say and more.
fn operator() -> impl Strategy<Value = Rules> {
    own().prop_map(|own| Rules {
        mode: own.mode.unwrap_or(Mode::Act),
        dry_run: own.dry_run.unwrap_or(false) && own.rules.len() > 2,
        approvals: own.approvals,
        automatic: own.automatic.unwrap_or_else(|| vec!["retry".into(), "quarantine".into()]),
        auto_merge: own.auto_merge.unwrap_or_else(|| vec!["pin".into()]),
        auto_approve: own.auto_approve.unwrap_or_default(),
        allowed_paths: own.allowed_paths,
        forbidden_paths: own.forbidden_paths,
        attempts_max: own.attempts_max.unwrap_or(3),
        rules: own.rules,
        ..super::case::rules("")
    })
}

fn given() -> impl Strategy<Value = Given> {
    let what = (select(REMEDIES), select(&["bot", "viewer", "responder", "approver"][..]), any::<bool>());
    let place = (select(&["main", "release"][..]), weighted(0.2, Just(())), weighted(0.2, Just(())));
    let kind = (
        select(&[Category::Network, Category::Lint, Category::Test][..]),
        select(&[Cause::Unknown, Cause::Flaky, Cause::Deterministic][..]),
    );
    let paths = vec(select(&["src/a.rs", "package.json", "infra/x.tf"][..]).prop_map(str::to_owned), 1..3);
    (what, place, kind, 0_u32..5, paths, any::<bool>()).prop_map(
        |((remedy, by, merge), (branch, fork, bot), (category, cause), attempts, paths, sensitive)| Given {
            remedy: remedy.into(),
            by: by.into(),
            merge: merge && by == "bot",
            branch: branch.into(),
            fork: fork.is_some(),
            author_is_bot: bot.is_some(),
            category,
            cause,
            attempts,
            paths,
            sensitive,
            ..Given::default()
        },
    )
}

/// The fewer approvals, the more it permits.
fn permits(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Allow => u64::MAX,
        Verdict::Approvals(n) => u64::from(u32::MAX - n),
        Verdict::Deny => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_file_of_a_repository_permits_more(operator in operator(), own in own(), given in given()) {
        let without = given.decide(&operator, Known::Is(OwnRules::default()));
        let with = given.decide(&operator, Known::Is(own));
        prop_assert!(permits(with.verdict) <= permits(without.verdict), "{without:#?}\n{with:#?}");
        let unread = given.decide(&operator, Known::Unavailable("no".into()));
        prop_assert!(permits(unread.verdict) <= permits(without.verdict));
        if given.by == "bot" {
            prop_assert_eq!(unread.verdict, Verdict::Deny);
        }
        prop_assert!(with.later().is_none_or(|at| at > NOW));
    }
}

/// Both sides of the property are drawn often enough.
#[test]
fn the_drawn_cases_are_of_every_kind() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut tightened, mut same, mut denied) = (0, 0, 0);
    for _ in 0..2_000 {
        let mut draw = || {
            let tree = (operator(), own(), given()).new_tree(&mut runner).unwrap();
            proptest::strategy::ValueTree::current(&tree)
        };
        let (operator, own, given) = draw();
        let without = permits(given.decide(&operator, Known::Is(OwnRules::default())).verdict);
        let with = permits(given.decide(&operator, Known::Is(own)).verdict);
        tightened += u32::from(with < without);
        same += u32::from(with == without && with > 0);
        denied += u32::from(without == 0);
    }
    assert!(tightened > 200 && same > 100 && denied > 200, "{tightened} {same} {denied}");
}
