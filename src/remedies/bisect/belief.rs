//! What re-runs say of the commits between green and red, and which re-run says most.
//!
//! Commits are numbered from 1, the oldest first; position `k` is the branch with the first `k` of them, so that 0 is the
//! last green commit. One of them broke it, or none did: something outside changed (then position 0 fails now, too), or
//! nothing is broken and the red run was a flake (then the last position passes). Each re-run multiplies what is believed
//! of each by the likelihood of its outcome; the next one is that with the greatest information gain, which under perfect
//! answers halves what is left, as bisection does, and under noise repeats what is worth repeating.
//!
//! Sources: Ziftci and Reardon, "Who Broke the Build? Automatically Identifying Changes That Induce Test Failures in
//! Continuous Integration at Google Scale" (ICSE-SEIP 2017), rank suspects before they re-run anything; Henderson et al.,
//! "Flake Aware Culprit Finding" (ICST 2023), weigh each outcome by the flake rate and let "no culprit" compete.

/// The prior of "no culprit": the share of such ranges in Henderson et al. (2023).
const NO_CULPRIT: f64 = 0.4;
/// Of these, how many changed outside rather than flaked: nothing published tells, so half.
const OUTSIDE: f64 = 0.5;
/// Believed this much, it is found.
pub const SURE: f64 = 0.9;
/// A re-run that tells less than this, in bits, is not worth its minutes.
const TELLS_FROM: f64 = 0.01;
/// Outcomes that are less likely than this are not followed when re-runs are counted ahead.
const FOLLOWED_FROM: f64 = 0.004;

/// How far an outcome can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// The chance that it fails with nothing broken.
    pub flakes: f64,
    /// The chance that it passes although it is broken.
    pub misses: f64,
}

/// How an execution at a position ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub at: usize,
    pub red: bool,
    /// After the failure that is looked into: only then does it tell of what is outside.
    pub now: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The commit of this number.
    Culprit(usize),
    Outside,
    Flake,
}

/// A probability for each answer; together 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    noise: Noise,
    /// Of the commits, the oldest first, then of [`Answer::Outside`] and [`Answer::Flake`].
    all: Vec<f64>,
}

impl Belief {
    /// What is believed after these executions. `weights` says how suspicious each commit is beforehand, in any unit.
    #[must_use]
    pub fn of(weights: &[f64], noise: Noise, seen: &[Seen]) -> Self {
        let sum: f64 = weights.iter().sum();
        let mut all: Vec<f64> = weights.iter().map(|weight| (1.0 - NO_CULPRIT) * weight / sum).collect();
        all.extend([NO_CULPRIT * OUTSIDE, NO_CULPRIT * (1.0 - OUTSIDE)]);
        seen.iter().fold(Self { noise, all }, |belief, seen| belief.after(*seen))
    }

    fn answer(&self, at: usize) -> Answer {
        match at.checked_sub(self.all.len() - 2) {
            None => Answer::Culprit(at + 1),
            Some(0) => Answer::Outside,
            Some(_) => Answer::Flake,
        }
    }

    /// The chance of red at a position, were this the answer.
    fn red(&self, answer: Answer, at: usize, now: bool) -> f64 {
        match answer {
            Answer::Culprit(commit) if commit <= at => 1.0 - self.noise.misses,
            Answer::Outside if now => 1.0 - self.noise.misses,
            // Nobody knows when it changed.
            Answer::Outside => 0.5,
            Answer::Culprit(_) | Answer::Flake => self.noise.flakes,
        }
    }

    fn after(mut self, seen: Seen) -> Self {
        for at in 0..self.all.len() {
            let red = self.red(self.answer(at), seen.at, seen.now);
            self.all[at] *= if seen.red { red } else { 1.0 - red };
        }
        let sum: f64 = self.all.iter().sum();
        // What nothing explains changes nothing: every answer is excluded only if outcomes contradict each other.
        if sum > 0.0 {
            for chance in &mut self.all {
                *chance /= sum;
            }
        } else {
            let even = 1.0 / f64::from(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
            self.all.fill(even);
        }
        self
    }

    /// The likeliest answer with its chance.
    #[must_use]
    pub fn best(&self) -> (Answer, f64) {
        let best = self.all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or((Answer::Outside, 0.0), |(at, chance)| (self.answer(at), *chance))
    }

    /// The chance of red at a position, and what a re-run there tells, in bits.
    fn gain(&self, at: usize) -> (f64, f64) {
        let (mut red, mut left) = (0.0, 0.0);
        for (n, chance) in self.all.iter().enumerate() {
            let of_red = self.red(self.answer(n), at, true);
            red += chance * of_red;
            left += chance * entropy(of_red);
        }
        (red, entropy(red) - left)
    }

    /// Which of these positions to re-run next; `None` where it is found, or no re-run tells enough.
    #[must_use]
    pub fn next(&self, testable: &[usize]) -> Option<usize> {
        if self.best().1 >= SURE {
            return None;
        }
        let gains = testable.iter().map(|at| (*at, self.gain(*at).1)).filter(|(_, gain)| *gain >= TELLS_FROM);
        gains.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
    }

    /// What a re-run there would leave to believe.
    #[must_use]
    pub fn were(&self, at: usize, red: bool) -> Self {
        self.clone().after(Seen { at, red, now: true })
    }

    /// How many re-runs it takes on average until [`Self::next`] has none, at most `most`.
    #[must_use]
    pub fn expected(&self, testable: &[usize], most: u32) -> f64 {
        self.ahead(testable, most, 1.0)
    }

    fn ahead(&self, testable: &[usize], most: u32, chance: f64) -> f64 {
        let Some(at) = self.next(testable).filter(|_| most > 0 && chance >= FOLLOWED_FROM) else { return 0.0 };
        let red = self.gain(at).0;
        let then = |ended: bool, share: f64| {
            if share > 0.0 { share * self.were(at, ended).ahead(testable, most - 1, chance * share) } else { 0.0 }
        };
        1.0 + then(true, red) + then(false, 1.0 - red)
    }
}

/// Of a coin, in bits.
fn entropy(chance: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(chance) + part(1.0 - chance)
}

/// Re-runs after which a bisection of so many commits is given up: twice what perfect answers take, and some.
#[must_use]
pub fn budget(commits: usize) -> u32 {
    2 * (usize::BITS - commits.leading_zeros()) + 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERFECT: Noise = Noise { flakes: 0.0, misses: 0.0 };

    fn positions(commits: usize) -> Vec<usize> {
        (0..=commits).collect()
    }

    /// The truth's outcome at a position, with noise drawn from `dice`.
    fn run(truth: Answer, at: usize, noise: Noise, dice: &mut Dice) -> bool {
        let broken = match truth {
            Answer::Culprit(commit) => commit <= at,
            Answer::Outside => true,
            Answer::Flake => false,
        };
        if broken { dice.next() >= noise.misses } else { dice.next() < noise.flakes }
    }

    /// Numbers that are the same on each machine.
    struct Dice(u64);

    impl Dice {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(self.0 >> 33).unwrap()) / f64::from(1_u32 << 31)
        }
    }

    fn ours(weights: &[f64], truth: Answer, noise: Noise, dice: &mut Dice) -> (Answer, u32) {
        let (mut seen, testable) = (Vec::new(), positions(weights.len()));
        loop {
            let belief = Belief::of(weights, noise, &seen);
            let runs = u32::try_from(seen.len()).unwrap();
            match belief.next(&testable).filter(|_| runs < budget(weights.len())) {
                Some(at) => seen.push(Seen { at, red: run(truth, at, noise, dice), now: true }),
                None => return (belief.best().0, runs),
            }
        }
    }

    /// Each commit in turn, the last green one first.
    fn linear(commits: usize, truth: Answer, noise: Noise, dice: &mut Dice) -> (Answer, u32) {
        let red = (0..=commits).find(|at| run(truth, *at, noise, dice));
        match red {
            Some(0) => (Answer::Outside, 1),
            Some(at) => (Answer::Culprit(at), u32::try_from(at + 1).unwrap()),
            None => (Answer::Flake, u32::try_from(commits + 1).unwrap()),
        }
    }

    /// Halves, believing every outcome; it asks neither end, as `git bisect` does not.
    fn binary(commits: usize, truth: Answer, noise: Noise, dice: &mut Dice) -> (Answer, u32) {
        let (mut green, mut red, mut runs) = (0, commits, 0);
        while red - green > 1 {
            let at = green.midpoint(red);
            runs += 1;
            if run(truth, at, noise, dice) { red = at } else { green = at }
        }
        (Answer::Culprit(red), runs)
    }

    fn draw(weights: &[f64], dice: &mut Dice) -> Answer {
        let belief = Belief::of(weights, PERFECT, &[]);
        let mut left = dice.next();
        let at = belief.all.iter().position(|chance| {
            left -= chance;
            left < 0.0
        });
        belief.answer(at.unwrap_or(0))
    }

    /// `cargo test --lib -- bisect --nocapture` prints the table.
    #[test]
    fn fewer_re_runs_than_one_by_one_and_righter_than_halves() {
        const TRIALS: u32 = 400;
        println!("commits  flakes  method   re-runs  right");
        for commits in [2_usize, 5, 10, 25, 50] {
            for flakes in [0.0, 0.02, 0.1] {
                let noise = Noise { flakes, misses: 0.0 };
                // One commit stands out, as it does where the failure names a file.
                let weights: Vec<f64> = (0..commits).map(|at| if at == commits / 3 { 7.0 } else { 1.0 }).collect();
                let mut table = [(0, 0); 3];
                for trial in 0..TRIALS {
                    let mut dice = Dice(u64::from(trial) * 7_919 + 1);
                    let truth = draw(&weights, &mut dice);
                    let all = [
                        ours(&weights, truth, noise, &mut dice),
                        linear(commits, truth, noise, &mut dice),
                        binary(commits, truth, noise, &mut dice),
                    ];
                    for (row, (answer, runs)) in table.iter_mut().zip(all) {
                        *row = (row.0 + runs, row.1 + u32::from(answer == truth));
                    }
                }
                let per = |n: u32| f64::from(n) / f64::from(TRIALS);
                for (name, (runs, right)) in ["ours", "linear", "binary"].iter().zip(table) {
                    println!("{commits:7}  {flakes:6}  {name:7}  {:7.2}  {:4.0} %", per(runs), 100.0 * per(right));
                }
                let [ours, linear, binary] = table;
                assert!(per(ours.1) >= 0.88, "{commits} {flakes}: right {}", per(ours.1));
                assert!(ours.1 > binary.1 && (flakes < 0.01 || ours.1 >= linear.1), "{commits} {flakes}: {table:?}");
                assert!(commits < 5 || ours.0 < linear.0, "{commits} {flakes}: {table:?}");
            }
        }
    }

    #[test]
    fn one_red_of_a_flaky_job_is_no_proof() {
        let (weights, testable) = ([1.0; 8], positions(8));
        let flaky = Noise { flakes: 0.3, misses: 0.0 };
        let red = [Seen { at: 1, red: true, now: true }, Seen { at: 0, red: false, now: true }];
        assert!(Belief::of(&weights, flaky, &red).next(&testable).is_some(), "asked again");
        assert_eq!(Belief::of(&weights, PERFECT, &red).best(), (Answer::Culprit(1), 1.0));
        assert_eq!(Belief::of(&weights, PERFECT, &red).next(&testable), None);
    }

    #[test]
    fn what_cannot_be_re_run_is_not_told_apart() {
        let belief = Belief::of(
            &[1.0; 4],
            PERFECT,
            &[Seen { at: 0, red: false, now: true }, Seen { at: 4, red: true, now: true }],
        );
        assert_eq!(belief.next(&[]), None);
        let ends = belief.were(2, true);
        assert_eq!(ends.next(&[0, 2, 4]), None, "one and two have no run between them");
        assert!((ends.best().1 - 0.5).abs() < 1e-9);
    }

    #[test]
    fn outcomes_that_contradict_each_other_do_not_divide_by_nothing() {
        let all = [true, false].map(|red| Seen { at: 2, red, now: true });
        let belief = Belief::of(&[1.0, 1.0], PERFECT, &all);
        assert!((belief.all.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// With perfect answers: the planted culprit, in the re-runs that halving takes; and nothing known is asked again.
        #[test]
        fn perfect_answers_find_what_was_planted(commits in 1_usize..=50, at in 0_usize..50) {
            let truth = Answer::Culprit(at % commits + 1);
            let (weights, testable) = (vec![1.0; commits], positions(commits));
            let mut seen: Vec<Seen> = Vec::new();
            while let Some(at) = Belief::of(&weights, PERFECT, &seen).next(&testable) {
                prop_assert!(seen.iter().all(|seen| seen.at != at), "{at} is known: {seen:?}");
                seen.push(Seen { at, red: run(truth, at, PERFECT, &mut Dice(1)), now: true });
            }
            prop_assert_eq!(Belief::of(&weights, PERFECT, &seen).best().0, truth);
            let bound = (commits + 1).next_power_of_two().ilog2() + 1;
            prop_assert!(u32::try_from(seen.len()).unwrap() <= bound, "{commits}: {} of {bound}", seen.len());
        }

        /// Whatever comes back, it ends, and what is believed stays a distribution.
        #[test]
        fn it_ends(weights in proptest::collection::vec(0.5_f64..10.0, 1..20), flakes in 0.0_f64..0.5, outcomes in any::<u64>()) {
            let noise = Noise { flakes, misses: 0.02 };
            let testable = positions(weights.len());
            let mut seen = Vec::new();
            for n in 0..budget(weights.len()) {
                let belief = Belief::of(&weights, noise, &seen);
                prop_assert!((belief.all.iter().sum::<f64>() - 1.0).abs() < 1e-6);
                let left = budget(weights.len()) - n;
                prop_assert!(belief.expected(&testable, left) <= f64::from(left));
                let Some(at) = belief.next(&testable) else { break };
                prop_assert!(testable.contains(&at));
                seen.push(Seen { at, red: outcomes >> (n % 64) & 1 == 1, now: true });
            }
            prop_assert!(u32::try_from(seen.len()).unwrap() <= budget(weights.len()));
        }
    }
}
