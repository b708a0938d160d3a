//! A real browser presses each remedy that changes something: at once where nothing has to be said, else by its form.

use crate::browser_forms::Visitor;
use crate::browser_pages::{axe, violations};
use crate::flows::forms::{TWO_MOVED, two_flaky_tests};
use crate::flows::suspects::{GREEN_LOG, LINES, THREE, since_green_in};
use crate::world::{NETWORK_LOG, Setup, World};
use ci_rescue::domain::ProposalState;
use ci_rescue::domain::incident::Proposal;
use ci_rescue::domain::intent::Wish;

async fn newest(world: &World, no: u64) -> Proposal {
    world.incident(no).await.proposals.last().expect("a proposal").clone()
}

fn setup() -> Setup {
    Setup { slack: false, ..Setup::default() }
}

/// Opens the form of a remedy.
async fn open(visitor: &Visitor, no: u64, verb: &str) {
    visitor.click(&format!("#incident-{no} details[data-asks={verb}] summary")).await;
}

/// What stands in a field.
async fn stands(visitor: &Visitor, no: u64, verb: &str, field: &str) -> String {
    let css = format!("#incident-{no} details[data-asks={verb}] [name=field-{field}]");
    let script = "return document.querySelector(arguments[0]).value";
    let value = visitor.browser.page.execute(script, vec![css.into()]).await.expect("a script");
    value.as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_suspect_and_one_package_need_no_form() {
    for (verb, want) in [("revert", "Revert"), ("pin", "Pin flask to 2.3.0")] {
        let (world, _repo) = since_green_in(setup(), &[LINES], GREEN_LOG).await;
        let Some(visitor) = Visitor::new(world.private_at, true).await else { return };
        visitor.goto("/").await;
        visitor.switch("ada").await;
        visitor.press(&world, 1, verb).await;
        let proposal = newest(&world, 1).await;
        assert_eq!(proposal.state, ProposalState::Awaiting, "{proposal:?}");
        assert!(proposal.plan.unwrap().summary.raw().starts_with(want));
        visitor.sees("#incident-1", "awaiting approval").await;
        visitor.browser.close().await;
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_taken_by_one_press_and_given_back_by_words() {
    let world = World::with(setup()).await;
    world.broken_run(NETWORK_LOG, "failure").await;
    let Some(visitor) = Visitor::new(world.private_at, true).await else { return };
    visitor.goto("/").await;
    visitor.switch("ben").await;
    visitor.press(&world, 1, "ack").await;
    visitor.sees("#incident-1", "ben has it").await;
    visitor.browser.picture("taken").await;
    world.sit("ada").await.say(&world, "snooze 1 2h").await;
    visitor.sees("#incident-1", "snoozed until").await;
    visitor.browser.picture("snoozed").await;
    world.sit("ada").await.say(&world, "resolve 1 nobody needs it").await;
    visitor.goto("/incidents/1").await;
    visitor.sees("main", "Closed by ada").await;
    visitor.sees("main", "nobody needs it").await;
    let page = visitor.browser.page.source().await.expect("a page");
    assert!(!page.contains("ben</b> ben has it") && page.contains("ben has it"), "{page}");
    visitor.browser.picture("closed-by-hand").await;
    visitor.browser.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_suspects_packages_and_tests_are_chosen_in_a_form() {
    let (world, repo) = since_green_in(setup(), &[LINES, THREE], TWO_MOVED).await;
    let sha = repo.git(&["rev-parse", "HEAD~1"]);
    let Some(visitor) = Visitor::new(world.private_at, true).await else { return };
    visitor.goto("/").await;
    visitor.switch("ada").await;
    open(&visitor, 1, "revert").await;
    visitor.browser.picture("form-revert").await;
    visitor.click(&format!("#incident-1 option[value='commit={sha}']")).await;
    visitor.press(&world, 1, "revert").await;
    let revert = newest(&world, 1).await;
    assert_eq!(revert.wish, Wish::Revert { pulls: Vec::new(), commit: Some(sha) });
    visitor.sees("#incident-1", "awaiting approval").await;
    visitor.press(&world, 1, "cancel").await;
    visitor.sees("#incident-1 details[data-asks=pin]", "Pin a package").await;

    open(&visitor, 1, "pin").await;
    assert_eq!(stands(&visitor, 1, "pin", "package").await, "flask@2.3.0");
    visitor.fill("#incident-1 details[data-asks=pin] input[name=field-for]", "ever").await;
    visitor.click("#incident-1 button[data-verb=pin]").await;
    // The form stays, with what was typed and what is wrong with it.
    visitor.sees("#incident-1 details[data-asks=pin] .mistake", "is not a duration").await;
    assert_eq!(stands(&visitor, 1, "pin", "for").await, "14dever");
    // A card that is renewed meanwhile takes nothing away.
    world.broken_run(NETWORK_LOG, "success").await;
    world.sit("ada").await.say(&world, "wrong 1 dependency").await;
    visitor.sees("#incident-1", "says ada").await;
    assert_eq!(stands(&visitor, 1, "pin", "for").await, "14dever");
    visitor.fill("#incident-1 details[data-asks=pin] input[name=field-for]", "\u{e003}\u{e003}\u{e003}\u{e003}").await;
    visitor.press(&world, 1, "pin").await;
    let pin = newest(&world, 1).await;
    let Wish::Pin { package: Some(package), version: Some(version), for_ms } = &pin.wish else { panic!("{pin:?}") };
    assert_eq!((package.as_str(), version.as_str(), *for_ms), ("flask", "2.3.0", 14 * 86_400_000));
    assert_eq!(pin.state, ProposalState::Awaiting, "{pin:?}");
    visitor.browser.close().await;
    world.end().await;

    let (world, _repo) = two_flaky_tests(setup()).await;
    let no = world.incidents().await.iter().map(|incident| incident.no.0).max().unwrap();
    let visitor = Visitor::new(world.private_at, true).await.expect("a browser");
    visitor.goto("/").await;
    visitor.switch("ada").await;
    open(&visitor, no, "quarantine").await;
    let test = format!("#incident-{no} details[data-asks=quarantine] input[name=field-test]");
    visitor.fill(&test, "tax").await;
    // What was there is replaced by what is typed, and the list goes along.
    visitor.browser.gone(&format!("#quarantine-test-{no} option[value='tests/test_cart.py::test_total']")).await;
    if let Some(axe) = axe() {
        assert_eq!(violations(&visitor.browser, &axe).await, Vec::<String>::new());
    }
    visitor.browser.picture("form-quarantine").await;
    visitor.fill(&test, "\u{e009}a\u{e000}tests/test_cart.py::test_tax").await;
    assert_eq!(stands(&visitor, no, "quarantine", "test").await, "tests/test_cart.py::test_tax");
    assert_eq!(stands(&visitor, no, "quarantine", "for").await, "7d");
    visitor.fill(&format!("#incident-{no} input[name=field-reason]"), "; the port is taken").await;
    visitor.press(&world, no, "quarantine").await;
    let quarantine = newest(&world, no).await;
    let Wish::Quarantine { test: Some(test), reason: Some(reason), .. } = &quarantine.wish else {
        panic!("{quarantine:?}")
    };
    assert!(test.raw() == "tests/test_cart.py::test_tax" && reason.raw().ends_with("the port is taken"));
    visitor.browser.close().await;
    world.end().await;
}

/// Without JavaScript, too: the form is a form, and what is wrong with it is a page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_is_opened_with_its_first_sentence() {
    for script in [true, false] {
        let world = World::with(setup()).await;
        world.broken_run(NETWORK_LOG, "success").await;
        world.sit("ada").await.say(&world, "wrong 1 deterministic").await;
        let Some(visitor) = Visitor::new(world.private_at, script).await else { return };
        visitor.goto("/").await;
        visitor.switch("ada").await;
        open(&visitor, 1, "issue").await;
        if !script {
            // The browser itself cuts what is typed, not what is sent.
            let long = "x".repeat(501);
            let css = "#incident-1 input[name=field-reason]";
            visitor.fill(css, &long).await;
        }
        visitor.fill("#incident-1 input[name=field-reason]", " It blocks the release.").await;
        visitor.press(&world, 1, "issue").await;
        let issue = newest(&world, 1).await;
        let Wish::Issue { reason: Some(reason) } = &issue.wish else { panic!("{issue:?}") };
        assert!(reason.raw().chars().count() <= 500);
        assert!(!script || reason.raw().contains("It blocks the release"), "{reason:?}");
        assert_eq!(issue.state, ProposalState::Done, "{issue:?}");
        visitor.browser.close().await;
        world.end().await;
    }
}
