//! Which stages of an incident meet which events: what lives reach, and what they cannot reach, with the reason.
//!
//! An event is named as its delivery is. What one turn makes incidents tell each other is told apart: `adopted`, where an
//! incident took another one over, and `revisit`. Events that concern no incident are in no pair: `superseded`,
//! `installed`, `linking`, `week_ended`, `summary_due`, `home_due`, `began`, `commit_due`. Three come with another
//! delivery alone: `asked` with words and presses, `requested` with what is said on a pull request, `renamed` with a
//! repository's new name.

use ci_rescue::domain::Stage;
use std::collections::BTreeSet;

/// Lives from which on each pair has to be reached that lives often reach, and those that they seldom reach.
const OFTEN_FROM: usize = 1_000;
const SELDOM_FROM: usize = 10_000;

/// How a pair stands, by its mark in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// `x`
    Often,
    /// `r`
    Seldom,
    /// `?`: nothing forbids it, and it takes more chances than lives have.
    Perhaps,
    /// `-`
    Never,
    /// `.`: the product reaches it, and no life does.
    Elsewhere,
}

impl Reach {
    fn of(mark: char) -> Self {
        match mark {
            'x' => Self::Often,
            'r' => Self::Seldom,
            '?' => Self::Perhaps,
            '-' => Self::Never,
            '.' => Self::Elsewhere,
            other => panic!("{other} is no mark"),
        }
    }
}

/// By event, a mark for each stage in the order of [`stages`], and why those are not reached that are not.
const TABLE: [(&str, &str, &str); 45] = [
    // What the forge tells.
    ("failed", "xxxxxrr", ""),
    ("progressed", "-xxxxrr", "only a failure, a request, a queue or a silent schedule opens an incident"),
    ("head_moved", "-xxrrrr", "opens none; of what is closed, only by a branch of the bot's"),
    ("branch_gone", "-xrrrrr", "opens none"),
    ("pull_ended", "-xxrxrr", "opens none"),
    ("pull_reopened", "----x--", "only what was closed with its pull request is looked up"),
    ("reviewed", "-xrrrrr", "opens none"),
    ("issue_declined", "-xrrrrr", "opens none"),
    ("dequeued", "xxrr-??", "what is closed is not looked up: another opens"),
    ("queue_ended", "-xrr-??", "opens none; what is closed is not looked up"),
    ("silent", "xx??-??", "what is closed is not looked up: another opens"),
    ("ran", "-x??-??", "opens none; what is closed is not looked up"),
    ("left_queue", "-x??-?r", "opens none; what is closed is not looked up"),
    ("deployment_moved", "--r?---", "a deployment that waits is awaiting approval until it is closed"),
    ("reported", "-xrrrrr", "it goes to the incident of a known run"),
    ("named", "-xxxxrr", "opens none"),
    // What people say and press.
    ("words", "-xxxxrx", "what is said in a channel is about an incident that there is"),
    ("press", "-xxxxrr", "a button belongs to a card"),
    ("spoken", "xxrrxrr", ""),
    ("cleared", "-xxxxrr", "what is asked first is about an incident that there is"),
    // What came of effects.
    ("log_read", "-xrxxrr", "an effect belongs to its incident, here and below"),
    ("facts_gathered", "-xxxxrr", ""),
    ("performed", "---xr--", "while an act is under way the incident is running, or closed"),
    ("suspected", "-xrrxrr", ""),
    ("reproduced", "-xrrrrr", ""),
    ("merge_looked", "-r??rr?", ""),
    ("review_came", "--r??--", "a deployment that waits is awaiting approval until it is closed"),
    ("analysed", "-......", "no analyst lives here"),
    ("repro_began", "-......", "no containers live here"),
    ("repro_ran", "-......", "no containers live here"),
    // Timers.
    ("fired_expiry", "-xxrxrr", "a timer belongs to its incident, here and below"),
    ("fired_backoff", "-xrrrrr", ""),
    ("fired_release", "-r??rr?", ""),
    ("fired_merge", "-r??rr?", ""),
    ("fired_escalate", "-xrrxrr", ""),
    ("fired_snooze", "-xrrxrr", ""),
    ("fired_pulls", "-rrrxrr", ""),
    ("fired_review", "--x?x--", "a deployment that waits is awaiting approval until it is closed"),
    ("fired_watch", "-xrxxrr", ""),
    ("fired_tell", "-r??r??", ""),
    ("fired_queue", "-x??r??", ""),
    ("fired_mention", "-......", "no owner or author lives here whom a mention would reach"),
    ("fired_trial", "-......", "no fixing agents live here"),
    // What incidents tell each other.
    ("adopted", "-xrx?rr", "only an incident takes over"),
    ("revisit", "-xrrxrr", "only an incident is looked at again"),
];

/// Before it was opened, then each stage.
fn stages() -> Vec<&'static str> {
    std::iter::once("none").chain(Stage::ALL.map(Stage::as_str)).collect()
}

fn all() -> impl Iterator<Item = (&'static str, &'static str, Reach, &'static str)> {
    TABLE.into_iter().flat_map(|(event, marks, why)| {
        let marks: Vec<Reach> = marks.chars().map(Reach::of).collect();
        stages().into_iter().zip(marks).map(move |(stage, reach)| (stage, event, reach, why))
    })
}

type Pairs = BTreeSet<(String, String)>;

/// Pairs that the table rules out, or does not know.
pub fn beyond(reached: &Pairs) -> Vec<String> {
    let known: Vec<_> = all().collect();
    let wrong = reached.iter().filter_map(|(stage, event)| {
        match known.iter().find(|(at, name, ..)| at == stage && name == event) {
            None => Some(format!("{stage} {event}: it is not in the table")),
            Some((.., reach @ (Reach::Never | Reach::Elsewhere), why)) => {
                Some(format!("{stage} {event}: {reach:?}, {why}"))
            }
            Some(_) => None,
        }
    });
    wrong.collect()
}

/// Pairs that so many lives should have reached.
pub fn missing(reached: &Pairs, lives: usize) -> Vec<String> {
    let due = |reach: Reach| match reach {
        Reach::Often => lives >= OFTEN_FROM,
        Reach::Seldom => lives >= SELDOM_FROM,
        Reach::Perhaps | Reach::Never | Reach::Elsewhere => false,
    };
    let missing = all().filter(|(stage, event, reach, _)| {
        due(*reach) && !reached.contains(&((*stage).to_owned(), (*event).to_owned()))
    });
    missing.map(|(stage, event, reach, _)| format!("{stage} {event} ({reach:?})")).collect()
}

#[test]
fn each_event_has_one_row_and_each_row_a_mark_for_each_stage() {
    let names: BTreeSet<&str> = TABLE.iter().map(|(event, ..)| *event).collect();
    assert_eq!(names.len(), TABLE.len());
    for (event, marks, why) in TABLE {
        assert_eq!(marks.chars().count(), stages().len(), "{event}");
        let ruled_out = marks.chars().skip(1).any(|mark| matches!(Reach::of(mark), Reach::Never | Reach::Elsewhere));
        assert!(!ruled_out || !why.is_empty(), "{event}: why not");
    }
    let count = |wanted: &[Reach]| all().filter(|(_, _, reach, _)| wanted.contains(reach)).count();
    println!(
        "{} pairs are reached, {} perhaps, {} never, {} elsewhere",
        count(&[Reach::Often, Reach::Seldom]),
        count(&[Reach::Perhaps]),
        count(&[Reach::Never]),
        count(&[Reach::Elsewhere])
    );
}
