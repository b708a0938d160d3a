//! What waits on the forge: runs that may deploy once somebody lets them, and pull requests in a merge queue.

use super::{Town, What, no_run};
use crate::policy::double::sha;
use crate::simulation::people::PEOPLE;
use crate::simulation::plants::Plant;
use async_trait::async_trait;
use ci_rescue::domain::Repo;
use ci_rescue::domain::deployment::{Environment, PendingFacts, Review, RunAt};
use ci_rescue::domain::queue::{PullState, QueueFacts};
use ci_rescue::ports::{PortError, Queues};

/// Those whom the forge lets decide on a deployment.
pub const REVIEWERS: [&str; 2] = ["ada", "cyd"];

/// The login in `Approved by ada (ada) with CI Rescue`.
fn login(said: &str) -> String {
    let rest = said.split_once('(').map_or(said, |(_, rest)| rest);
    rest.split_once(')').map_or(rest, |(login, _)| login).to_owned()
}

impl Town {
    pub(super) fn deployments(&self, run: u64) -> Result<PendingFacts, PortError> {
        self.call(&format!("pending {run}"), |books| {
            let deploy = books.deploys.get(&run).ok_or_else(no_run)?;
            let blind = self.is(Plant::ReviewsBlindly);
            let users = if self.is(Plant::AnybodyReviews) {
                PEOPLE.iter().map(|(name, _)| (*name).to_owned()).collect()
            } else {
                REVIEWERS.map(str::to_owned).to_vec()
            };
            let production =
                Environment { id: run * 10, name: "production".into(), users, teams: Vec::new(), ours: true };
            let waits = deploy.waits || (blind && !deploy.elsewhere);
            Ok(PendingFacts {
                environments: if waits { vec![production] } else { Vec::new() },
                ended: None,
                starters: vec!["ben".into()],
                rerun_by: Vec::new(),
                at: RunAt { sha: sha(run), attempt: 1 },
                reviews: if blind { Vec::new() } else { deploy.reviews.clone() },
            })
        })
    }

    pub(super) fn take_review(&self, run: u64, ids: &[u64], approved: bool, said: &str) -> Result<(), PortError> {
        self.call(&format!("review {run}"), |books| {
            let blind = self.is(Plant::ReviewsBlindly);
            let deploy = books.deploys.get_mut(&run).ok_or_else(no_run)?;
            if !deploy.waits && !blind {
                return Err(PortError::permanent("nothing waits for a review"));
            }
            let first = deploy.reviews.is_empty();
            deploy.waits = false;
            deploy.reviews.push(Review {
                approved,
                by: "ci-rescue".into(),
                environments: ids.to_vec(),
                comment: said.into(),
            });
            self.act(books, What::Reviewed(run, login(said)));
            if blind && first { Err(PortError::ambiguous("the connection was reset")) } else { Ok(()) }
        })
    }
}

#[async_trait]
impl Queues for Town {
    async fn queued(&self, _: &Repo, number: u64) -> Result<QueueFacts, PortError> {
        self.call(&format!("queued {number}"), |books| {
            let pull = books.pulls.get(&number).ok_or_else(|| PortError::permanent("there is no such pull request"))?;
            let state = match (pull.open, pull.merged) {
                (true, _) => PullState::Open,
                (false, true) => PullState::Merged,
                (false, false) => PullState::Closed,
            };
            Ok(QueueFacts {
                number,
                id: format!("PR_{number}"),
                head: sha(number),
                state,
                draft: false,
                queued: books.queue.contains(&number),
                has_queue: true,
                author: Some("ben".into()),
            })
        })
    }

    async fn enqueue(&self, _: &Repo, number: u64, _: &str, _: &str) -> Result<(), PortError> {
        self.call(&format!("enqueue {number}"), |books| {
            let blind = self.is(Plant::EnqueuesBlindly);
            let first = books.queue.insert(number);
            if first || blind {
                self.act(books, What::Enqueued(number));
            }
            if blind && first { Err(PortError::ambiguous("the connection was reset")) } else { Ok(()) }
        })
    }
}
