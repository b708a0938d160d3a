//! What each command is answered in each state of an incident: alike on every surface, in words that help.

mod code;

use super::code::furnished;
use super::roles::{PEOPLE, ROWS, Row, Seats, is_of_incident, refuses, say};
use super::surfaces::{ALL, READER, Surface};
use crate::plan::repo::Repo;
use crate::world::{REPO, Setup, World, job, spec};
use ci_rescue::demo::{Fault, RunSpec};
use ci_rescue::domain::incident::{Incident, Proposal, ProposalState};
use ci_rescue::domain::{IncidentNo, Stage};
use ci_rescue::ports::{Store, Turn};
use ci_rescue::store::{Ledger, Memory};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

const MINUTE: i64 = 60_000;
/// Numbers that stand for nothing else in an answer.
const FIRST: u64 = 4_001;
const MISSING: u64 = 4_999;

/// How an incident can stand, each brought about as it comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    LogAwaited,
    ApprovalAwaited,
    RunAwaited,
    Acting,
    Rerunning,
    MergeAwaited,
    UndoAwaited,
    Quarantined,
    Taken,
    Snoozed,
    Escalated,
    Closed,
    Unknown,
}

impl State {
    const ALL: [Self; 14] = [
        Self::Open,
        Self::LogAwaited,
        Self::ApprovalAwaited,
        Self::RunAwaited,
        Self::Acting,
        Self::Rerunning,
        Self::MergeAwaited,
        Self::UndoAwaited,
        Self::Quarantined,
        Self::Taken,
        Self::Snoozed,
        Self::Escalated,
        Self::Closed,
        Self::Unknown,
    ];

    /// In the words of the table.
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::LogAwaited => "its log cannot be read yet",
            Self::ApprovalAwaited => "an approval is awaited",
            Self::RunAwaited => "a retry waits for the run to end",
            Self::Acting => "a retry is being carried out",
            Self::Rerunning => "the re-run goes on",
            Self::MergeAwaited => "a pull request waits for its merge",
            Self::UndoAwaited => "an undo awaits approval",
            Self::Quarantined => "quarantined",
            Self::Taken => "taken",
            Self::Snoozed => "snoozed",
            Self::Escalated => "escalated",
            Self::Closed => "closed",
            Self::Unknown => "no such incident",
        }
    }

    fn config(self) -> &'static str {
        match self {
            Self::ApprovalAwaited => "[policy.approvals]\nretry = 1\n",
            Self::UndoAwaited => "[policy.approvals]\nissue = 1\n",
            Self::Escalated => "[policy]\nattempts_max = 1\n",
            _ => "",
        }
    }

    /// Calls to the forge that fail for as long as it lasts.
    fn failing(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::LogAwaited => &[("GET", "/logs")],
            Self::Acting => &[("POST", "/rerun"), ("POST", "/rerun-failed-jobs")],
            _ => &[],
        }
    }

    /// What people say to bring it about, of the incident `ID`.
    fn said(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::ApprovalAwaited | Self::RunAwaited | Self::Acting | Self::Rerunning | Self::Escalated => {
                &[("UBEN", "retry ID")]
            }
            Self::MergeAwaited => &[("UADA", "quarantine ID force"), ("UCYD", "approve ID")],
            Self::UndoAwaited => &[("UADA", "issue ID"), ("UCYD", "approve ID"), ("UADA", "undo ID")],
            Self::Quarantined => &[("UADA", "quarantine ID list force"), ("UCYD", "approve ID")],
            Self::Taken => &[("UADA", "ack ID")],
            Self::Snoozed => &[("UADA", "snooze ID 20h")],
            Self::Closed => &[("UADA", "resolve ID")],
            Self::Open | Self::LogAwaited | Self::Unknown => &[],
        }
    }

    /// Whether the incident stands so.
    fn is(self, incident: &Incident) -> bool {
        let newest = incident.proposals.last().map(|proposal| &proposal.state);
        let (stage, free) = (incident.stage, incident.taken.is_none() && incident.snoozed.is_none());
        match self {
            Self::Open => stage == Stage::Open && free && !incident.evidence.is_empty(),
            Self::LogAwaited => stage == Stage::Open && free && incident.evidence.is_empty(),
            Self::ApprovalAwaited => stage == Stage::AwaitingApproval,
            Self::RunAwaited => newest == Some(&ProposalState::Waiting),
            Self::Acting => matches!(newest, Some(ProposalState::Running { .. })),
            Self::Rerunning => stage == Stage::Running && newest == Some(&ProposalState::Done),
            Self::MergeAwaited => stage == Stage::Open && newest == Some(&ProposalState::Done),
            Self::UndoAwaited => incident.proposals.last().is_some_and(Proposal::awaits_undo),
            Self::Quarantined => stage == Stage::Quarantined,
            Self::Taken => stage == Stage::Open && incident.taken.is_some(),
            Self::Snoozed => stage == Stage::Open && incident.snoozed.is_some(),
            Self::Escalated => stage == Stage::Escalated,
            Self::Closed => stage == Stage::Resolved,
            Self::Unknown => false,
        }
    }
}

/// What one answer can leave another answer by: while it is the same, an incident serves for the next command.
fn shape(incident: &Incident) -> String {
    let kept = |state: &ProposalState| !matches!(state, ProposalState::Refused { .. });
    let proposals: Vec<_> =
        incident.proposals.iter().filter(|p| kept(&p.state)).map(|p| (p.id, p.state.as_str())).collect();
    format!("{:?} {proposals:?} {}", incident.stage, incident.repro.is_some())
}

/// A world of its own with incidents in one state, one for each surface: what has to read few is fast.
struct Ground {
    world: World,
    /// Where code can be changed.
    repo: Option<Repo>,
    state: State,
    seats: Seats,
    nos: Vec<u64>,
}

/// No digits: what differs in those alone is the same failure.
fn word(n: usize) -> String {
    format!("a{}", char::from(b'a' + u8::try_from(n).unwrap()))
}

impl Ground {
    /// # Errors
    /// The state could not be brought about.
    async fn new(state: State) -> Result<Self, String> {
        // Real git takes long: only where the state needs it.
        Self::with(state, state == State::MergeAwaited, ALL.len()).await
    }

    /// With that many incidents, and with or without code that can be changed.
    async fn with(state: State, git: bool, count: usize) -> Result<Self, String> {
        let store: Arc<dyn Store> = Arc::new(Ledger::open(Memory::default()).unwrap());
        let settings = vec![("next_incident".to_owned(), Some(FIRST.into()))];
        store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
        let setup = Setup { config: format!("{}{READER}", state.config()), discord: true, ..Setup::default() };
        let world = World::on(setup, store).await;
        for login in ["ada", "ben", "cyd"] {
            world.forge.permit(REPO, login, "write");
        }
        for (method, path) in state.failing() {
            let fault = Fault {
                method: (*method).into(),
                path: (*path).into(),
                status: 503,
                headers: Vec::new(),
                after: false,
            };
            world.forge.lock().faults.extend(std::iter::repeat_n(fault, 500));
        }
        let mut ground = Self { world, repo: None, state, seats: Seats::default(), nos: Vec::new() };
        if git {
            let test =
                |n| (format!("tests/test_{0}.py", word(n)), format!("def test_{}():\n    assert 1 == 1\n", word(n)));
            ground.repo = Some(furnished(&ground.world, &(0..count).map(test).collect::<Vec<_>>()).await);
        }
        ground.fill(count).await?;
        Ok(ground)
    }

    async fn fill(&mut self, count: usize) -> Result<(), String> {
        if self.state == State::Unknown {
            self.nos = vec![MISSING; count];
            return Ok(());
        }
        while self.nos.len() < count {
            // Apart from each other, or they would be one burst.
            self.world.clock.advance(5 * MINUTE);
            let no = self.broken().await;
            self.nos.push(no);
        }
        for no in &self.nos {
            self.stand(*no).await?;
        }
        Ok(())
    }

    fn run(&self) -> RunSpec {
        let n = self.nos.len();
        let name = word(n);
        let log = format!(
            "##[group]Run pytest\nFAILED tests/test_{name}.py::test_{name} - ValueError: {name}\n==== 1 failed in 0.1s ====\n##[error]Process completed with exit code 1.\n"
        );
        let mut run = spec(&log, "failure");
        run.workflow = format!("ci-{name}");
        if let Some(repo) = &self.repo {
            run.sha = repo.git(&["rev-parse", "main"]);
        } else {
            (run.branch, run.pull) = (format!("topic-{name}"), Some(100 + u64::try_from(n).unwrap()));
        }
        run.jobs = vec![job("test", &log, &["failure", "failure"]), job("lint", "", &["success"])];
        run
    }

    async fn broken(&self) -> u64 {
        let run = self.run();
        let id = self.world.forge.start(run);
        self.world.deliver().await;
        if self.state == State::RunAwaited {
            let mut state = self.world.forge.lock();
            state.runs.get_mut(&id).unwrap().attempts[0][0].conclusion = Some("failure");
            let job = state.runs[&id].attempts[0][0].id;
            state.tell_job(id, job);
        } else {
            self.world.forge.finish(id);
        }
        self.world.deliver().await;
        self.world.incidents().await.iter().map(|incident| incident.no.0).max().expect("an incident")
    }

    async fn stand(&self, no: u64) -> Result<(), String> {
        for (user, words) in self.state.said() {
            self.world.slack.command(user, &words.replace("ID", &no.to_string())).await;
            self.world.settle().await;
        }
        if matches!(self.state, State::Rerunning | State::Escalated) {
            self.world.deliver().await;
        }
        if self.state == State::Escalated {
            self.world.forge.going().into_iter().for_each(|run| self.world.forge.finish(run));
            self.world.deliver().await;
        }
        let incident = self.world.incident(no).await;
        let newest = incident.proposals.last();
        let stands = || format!("{}: {} {:?} {newest:#?}", self.state.name(), incident.no, incident.stage);
        self.state.is(&incident).then_some(()).ok_or_else(stands)
    }

    async fn shapes(&self) -> Vec<Option<String>> {
        let mut all = Vec::new();
        for no in &self.nos {
            let incident = self.world.store.incident(IncidentNo(*no)).await.unwrap();
            all.push(incident.as_ref().map(shape));
        }
        all
    }
}

/// An answer without what differs between markups, incidents and moments.
pub fn plain(said: &str, no: u64) -> String {
    static PARTS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
        [
            (r"<!date\^[^>]*>|<t:\d+:R>|\d{4}-\d\d-\d\d \d\d:\d\d UTC", "WHEN"),
            (r"<!--.*?-->", ""),
            (r"<https?://[^|>]*\|([^>]*)>", "$1"),
            (r"\[([^\]\[]*)\]\(https?://[^)]*\)", "$1"),
            (r"</?[a-z][^>]*>", " "),
            (r"\\(.)", "$1"),
            ("[*`\u{200b}\u{2cb}\u{2217}]", ""),
            ("\u{2cd}", "_"),
            ("\u{223c}", "~"),
            (r"127\.0\.0\.1:\d+", "HERE"),
            // Names and numbers of one incident among several.
            (r"\b(ci-|topic-|test_|ValueError: )[a-z]{2}\b", "${1}NAME"),
            (r"\b1\d{3}\b|#10\d\b", "NUMBER"),
            (r"after \d+[smh]\b", "after TIME"),
            (r"(cause [a-z ]+): [^•]* %", "$1: CHANCES"),
            (r"another try passes is \d+ %", "another try passes is CHANCE"),
            (r"no flake in the last \d+ executions?", "flaked as HISTORY says"),
            (r"in \d+ of \d+ executions? \([^)]*\)|failed \d+ of the last \d+", "as HISTORY says"),
            (r"\s+", " "),
            (r" ([.,;:)])", "$1"),
            (r"\( ", "("),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).unwrap(), with))
        .into()
    });
    let mut text = said.to_owned();
    for (pattern, with) in PARTS.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
        if pattern.as_str().starts_with("</?") {
            for (entity, with) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")] {
                text = text.replace(entity, with);
            }
        }
    }
    let own = Regex::new(&format!(r"\b{no}\b")).unwrap();
    own.replace_all(text.trim(), if no < FIRST { "$0" } else { "ID" }).into_owned()
}

/// What kind of answer it is.
fn kind(said: &str) -> &'static str {
    if said.starts_with("Cannot ") {
        "refused"
    } else if said.contains(" Example: ") || said.contains(" Usage: ") || said.contains("Try \"help\"") {
        "asks"
    } else {
        "done"
    }
}

/// The person who has just the role that it takes. What anybody may do, a responder does: a pull request hears no others.
fn person(row: &Row) -> &'static str {
    PEOPLE.into_iter().skip(1).find(|(_, role)| *role == row.3).map_or("ben", |(person, _)| person)
}

/// The commands whose answers can depend on the state: all, or those that look at what it is about.
fn rows(state: State) -> Vec<&'static Row> {
    let asked: &[&str] = match state {
        // Real git takes long.
        State::MergeAwaited => {
            &["show", "why", "retry", "quarantine", "reject", "cancel", "undo", "approve", "resolve"]
        }
        State::Taken | State::Snoozed => &["show", "why", "ack", "assign", "snooze", "retry", "resolve", "reopen"],
        _ => &[],
    };
    // They are asked in `code.rs`, where there is code.
    let in_code = ["quarantine", "pin", "unpin", "revert", "backport"];
    let all = |verb: &str| asked.is_empty() && !in_code.contains(&verb);
    let is_asked = |row: &&Row| is_of_incident(row) && (all(row.0) || asked.contains(&row.0));
    let mut rows: Vec<&Row> = ROWS.iter().filter(is_asked).collect();
    // Whom it belongs to and what caused it changes few other answers.
    rows.sort_by_key(|row| ["snooze", "assign", "ack", "wrong", "classify"].contains(&row.0) && row.3 == "responder");
    rows
}

fn place(row: &Row) -> usize {
    ROWS.iter().position(|other| other == row).unwrap()
}

/// What each command is answered, on each surface.
type Answers = Vec<(&'static Row, Vec<String>)>;

/// Asks for each command.
///
/// # Errors
/// The state could not be brought about.
async fn answered(state: State, refused: &mut BTreeMap<usize, BTreeSet<String>>) -> Result<Answers, String> {
    let (mut ground, mut all) = (Ground::new(state).await?, Vec::new());
    let mut stood = ground.shapes().await;
    for (at, row) in rows(state).into_iter().enumerate() {
        // What cannot be carried out is given up after some minutes.
        let passes = state == State::Acting && at % 4 == 3;
        if passes || ground.shapes().await != stood {
            ground.world.end().await;
            ground = Ground::new(state).await?;
            stood = ground.shapes().await;
        }
        let Ground { world, seats, nos, .. } = &mut ground;
        if state != State::Unknown {
            // Every command in every state, and with every state on another surface.
            let surface = [ALL[(state as usize + at) % ALL.len()]];
            let words = refuses(world, seats, (state.name(), &surface), nos[0], &[row]).await;
            refused.entry(place(row)).or_default().extend(words);
        }
        let mut answers = Vec::new();
        for (at, no) in ALL.into_iter().zip(nos) {
            answers.push(plain(&say(world, seats, at, person(row), row, *no).await, *no));
        }
        all.push((row, answers));
    }
    ground.world.end().await;
    Ok(all)
}

/// An answer, where it is alike on all surfaces, or each. A pull request has a thumb up for what was done, and says of
/// what it does not show that it is another repository's.
fn told(answers: &[String]) -> String {
    let line = |said: &String| format!("        {}: {said}\n", kind(said));
    let alike = |at: Surface, said: &String| match at {
        Surface::Pull if said == "👍" => kind(&answers[0]) == "done",
        Surface::Pull => said.replace("belongs to another repository", "you may not see it") == answers[0],
        _ => *said == answers[0],
    };
    if ALL.into_iter().zip(answers).all(|(at, said)| alike(at, said)) {
        return line(&answers[0]);
    }
    ALL.iter().zip(answers).map(|(at, said)| format!("        on {at:?},\n    {}", line(said))).collect()
}

/// One table to read: each answer once, with the states in which it is given.
#[tokio::test]
async fn every_command_in_every_state() {
    let mut table: BTreeMap<usize, Vec<(String, Vec<&str>)>> = BTreeMap::new();
    let (mut refused, mut missing) = (BTreeMap::new(), Vec::new());
    for state in State::ALL {
        let answers = answered(state, &mut refused).await.unwrap_or_else(|why| {
            missing.push(why);
            Vec::new()
        });
        for (row, answers) in answers {
            let (said, of_row) = (told(&answers), table.entry(place(row)).or_default());
            match of_row.iter_mut().find(|(other, _)| *other == said) {
                Some((_, states)) => states.push(state.name()),
                None => of_row.push((said, vec![state.name()])),
            }
        }
    }
    let mut text = String::new();
    for (row, answers) in table {
        text += &format!("{} {}\n", ROWS[row].0, ROWS[row].1);
        for (said, states) in answers {
            text += &format!("    {}\n{said}", states.join(", "));
        }
    }
    insta::assert_snapshot!(text);
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    for (row, words) in refused {
        let lacking = PEOPLE.iter().take_while(|(_, role)| *role != ROWS[row].3).count();
        assert!(words.len() <= lacking, "{}: {words:#?}", ROWS[row].0);
    }
}
