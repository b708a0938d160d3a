//! The size and temper of a simulated world.

/// What may be set about a world. Shares and chances are from 0 to 1.
#[derive(Clone, Debug)]
pub struct Shape {
    pub days: u32,
    pub repos: usize,
    /// Fewest and most tests of a repo, at least 20 or so, for every suite to
    /// have some; sizes spread evenly on a log scale.
    pub tests: (usize, usize),
    /// Share of repos (the smallest ones) whose passing tests report too;
    /// the others send failing tests and job outcomes only.
    pub full_reports: f64,
    /// Pull requests opened in a repo on a working day.
    pub prs_a_day: f64,
    /// Pushes straight to the default branch; merges come on top.
    pub direct_pushes_a_day: f64,
    pub flakes: Flakes,
    pub breaks: Breaks,
    pub weather: Weathers,
    pub people: People,
    pub noise: Noise,
}

/// How often tests fail for no reason in the code under test.
#[derive(Clone, Debug)]
pub struct Flakes {
    /// Share of tests that are flaky at some time in some cell.
    pub share: f64,
    /// Bounds and median of the flake rate, which is log-normal in between.
    pub lowest: f64,
    pub highest: f64,
    pub median: f64,
    /// Groups of tests in a repo that fail together (a port, a fixture).
    pub clusters_a_repo: f64,
    /// Chance that a hanging test takes its job down before it can report.
    pub hang_kills_job: f64,
}

/// How often a change breaks something.
#[derive(Clone, Debug)]
pub struct Breaks {
    pub first_push: f64,
    pub later_push: f64,
    pub direct_push: f64,
    /// Chance that two changes, each fine, break the default branch together.
    pub merge: f64,
    /// Share of breakages that are races: the test fails at 20..80 %.
    pub racy: f64,
}

/// What goes wrong outside the repo.
#[derive(Clone, Debug)]
pub struct Weathers {
    pub outages_a_week: f64,
    /// Bad releases of a dependency, each hitting one or more repos.
    pub bad_releases_a_week: f64,
    /// Chance that a single job's runner misbehaves.
    pub hiccup: f64,
}

/// What people do.
#[derive(Clone, Debug)]
pub struct People {
    /// Chance of a re-run when nothing in the code is to blame.
    pub rerun_harmless: f64,
    /// Chance of a re-run when the code is to blame.
    pub rerun_broken: f64,
    /// Chance of pushing again while the run is still going.
    pub push_again: f64,
    /// Chance, at each failing push, that the author gives up.
    pub abandon: f64,
}

/// How reports suffer on their way. Chances are per report of one job.
#[derive(Clone, Debug)]
pub struct Noise {
    pub lost_tests: f64,
    pub lost_job: f64,
    pub late: f64,
    pub twice: f64,
    /// Chances per line.
    pub no_fingerprint: f64,
    pub no_duration: f64,
}

impl Default for Shape {
    /// Six repos over four weeks: mostly 80 to 200 thousand lines. The rates
    /// are round figures by judgement, not measured anywhere, and set so that
    /// the shares of causes that `tests/truth.rs` asks for come out.
    fn default() -> Self {
        Self {
            days: 28,
            repos: 6,
            tests: (50, 400),
            full_reports: 0.34,
            prs_a_day: 4.0,
            direct_pushes_a_day: 0.6,
            flakes: Flakes::default(),
            breaks: Breaks::default(),
            weather: Weathers::default(),
            people: People::default(),
            noise: Noise::default(),
        }
    }
}

impl Default for Flakes {
    fn default() -> Self {
        Self { share: 0.045, lowest: 0.001, highest: 0.30, median: 0.011, clusters_a_repo: 1.0, hang_kills_job: 0.1 }
    }
}

impl Default for Breaks {
    fn default() -> Self {
        Self { first_push: 0.18, later_push: 0.08, direct_push: 0.04, merge: 0.03, racy: 0.1 }
    }
}

impl Default for Weathers {
    fn default() -> Self {
        Self { outages_a_week: 1.5, bad_releases_a_week: 0.6, hiccup: 0.004 }
    }
}

impl Default for People {
    fn default() -> Self {
        Self { rerun_harmless: 0.6, rerun_broken: 0.2, push_again: 0.08, abandon: 0.08 }
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self { lost_tests: 0.02, lost_job: 0.005, late: 0.03, twice: 0.005, no_fingerprint: 0.05, no_duration: 0.03 }
    }
}

impl Noise {
    /// Every report arrives whole, once and in time.
    pub fn none() -> Self {
        Self { lost_tests: 0.0, lost_job: 0.0, late: 0.0, twice: 0.0, no_fingerprint: 0.0, no_duration: 0.0 }
    }
}
