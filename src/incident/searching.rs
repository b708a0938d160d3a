//! Which commit to run next in search of the culprit: both ends first, then halves.

use crate::domain::repro::{Search, Shade};

/// Runs that could not tell anything, after which a search is given up.
const UNKNOWN_MAX: usize = 4;

/// What follows from the runs so far. Positions are those of [`Search::seen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run there.
    At(usize),
    /// It passes before this commit and fails with it.
    Culprit(usize),
    /// It passes with the first and fails with the last, and no run between them can tell more.
    Between(usize, usize),
    /// The last green commit fails, too.
    GreenFails,
    /// The failing commit passes.
    RedPasses,
    /// The run of this end, green or failing, could not tell.
    EndUnknown(usize),
}

/// Asks for both ends first: without a passing and a failing one there is no culprit among the commits.
pub fn next(search: &Search) -> Next {
    let last = search.commits.len();
    let shade = |at: usize| search.seen.iter().rev().find(|(seen, _)| *seen == at).map(|(_, shade)| *shade);
    for (end, wanted, otherwise) in [(last, Shade::Red, Next::RedPasses), (0, Shade::Green, Next::GreenFails)] {
        match shade(end) {
            None => return Next::At(end),
            Some(Shade::Unknown) => return Next::EndUnknown(end),
            Some(shade) if shade != wanted => return otherwise,
            Some(_) => {}
        }
    }
    let (mut low, mut high) = (0, last);
    for (at, shade) in &search.seen {
        match shade {
            Shade::Green if *at > low && *at < high => low = *at,
            Shade::Red if *at < high && *at > low => high = *at,
            _ => {}
        }
    }
    if high - low <= 1 {
        return Next::Culprit(high);
    }
    let unknown = search.seen.iter().filter(|(_, shade)| *shade == Shade::Unknown).count();
    let middle = low.midpoint(high);
    let untold = (low + 1..high).filter(|at| shade(*at).is_none());
    match untold.min_by_key(|at| at.abs_diff(middle)).filter(|_| unknown < UNKNOWN_MAX) {
        Some(at) => Next::At(at),
        None => Next::Between(low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::suspect::Landed;
    use proptest::prelude::*;

    fn search(commits: usize) -> Search {
        let landed = |n: usize| Landed {
            sha: format!("{n:040x}"),
            author: "ada".into(),
            subject: format!("commit {n}").into(),
            files: Vec::new(),
            merge: false,
        };
        Search { green: "0".repeat(40), commits: (1..=commits).map(landed).collect(), seen: Vec::new() }
    }

    /// To its end, where `told` says what a run comes to; and how many runs it took.
    fn run_out(commits: usize, told: impl Fn(usize) -> Shade) -> (Next, usize) {
        let mut search = search(commits);
        loop {
            match next(&search) {
                Next::At(at) => {
                    assert!(search.seen.iter().all(|(seen, _)| *seen != at), "{at} again: {:?}", search.seen);
                    search.seen.push((at, told(at)));
                }
                end => return (end, search.seen.len()),
            }
        }
    }

    #[test]
    fn both_ends_are_confirmed_before_anything_else() {
        let mut it = search(9);
        assert_eq!(next(&it), Next::At(9));
        it.seen.push((9, Shade::Red));
        assert_eq!(next(&it), Next::At(0));
        it.seen.push((0, Shade::Green));
        assert_eq!(next(&it), Next::At(4));
        assert_eq!(run_out(9, |_| Shade::Green), (Next::RedPasses, 1));
        assert_eq!(run_out(9, |_| Shade::Red), (Next::GreenFails, 2));
        assert_eq!(run_out(9, |_| Shade::Unknown), (Next::EndUnknown(9), 1));
        assert_eq!(run_out(9, |at| if at == 0 { Shade::Unknown } else { Shade::Red }), (Next::EndUnknown(0), 2));
    }

    #[test]
    fn what_cannot_be_told_is_walked_around() {
        let told = |unknown: &'static [usize]| {
            move |at: usize| match at {
                at if unknown.contains(&at) => Shade::Unknown,
                at if at >= 6 => Shade::Red,
                _ => Shade::Green,
            }
        };
        assert_eq!(run_out(9, told(&[4])).0, Next::Culprit(6));
        assert_eq!(run_out(9, told(&[5])).0, Next::Between(4, 6));
        assert_eq!(run_out(9, told(&[1, 2, 3, 4, 5, 6, 7, 8])), (Next::Between(0, 9), 2 + UNKNOWN_MAX));
    }

    proptest! {
        /// The planted culprit, in the runs that halving takes and the two ends.
        #[test]
        fn the_culprit_is_found(commits in 1_usize..=200, at in 0_usize..200) {
            let culprit = at % commits + 1;
            let (end, runs) = run_out(commits, |at| if at >= culprit { Shade::Red } else { Shade::Green });
            prop_assert_eq!(end, Next::Culprit(culprit));
            let bound = 2 + commits.next_power_of_two().ilog2() as usize;
            prop_assert!(runs <= bound, "{} of {}", runs, bound);
        }

        /// Whatever runs come to, it ends, and asks for no commit twice.
        #[test]
        fn it_ends(commits in 1_usize..60, told in proptest::collection::vec(0_u8..3, 61)) {
            let (end, runs) = run_out(commits, |at| [Shade::Red, Shade::Green, Shade::Unknown][usize::from(told[at])]);
            prop_assert!(runs <= commits + 1);
            if let Next::Culprit(at) = end {
                prop_assert!(told[at] == 0 && told[at - 1] == 1);
            }
        }
    }
}
