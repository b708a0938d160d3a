//! Runs that wait to deploy: environments with reviewers, reviews, and who is in a team.

use super::hooks::account;
use super::routes::refuse;
use super::state::{Forge, State as Known};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// An environment that a run waits for.
#[derive(Clone, Debug)]
pub struct Gate {
    pub id: u64,
    pub name: String,
    pub users: Vec<String>,
    pub teams: Vec<String>,
    /// The caller's account may review it.
    pub ours: bool,
}

impl Gate {
    #[must_use]
    pub fn new(id: u64, name: &str, users: &[&str], teams: &[&str]) -> Self {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { id, name: name.to_owned(), users: all(users), teams: all(teams), ours: true }
    }

    fn environment(&self) -> Value {
        json!({"id": self.id, "node_id": format!("EN_{}", self.id), "name": self.name,
            "url": format!("{{web}}/environments/{}", self.id), "html_url": format!("{{web}}/deployments/{}", self.id)})
    }

    fn reviewers(&self) -> Vec<Value> {
        let users = self.users.iter().map(|login| json!({"type": "User", "reviewer": account(login)}));
        let teams = self.teams.iter().map(|slug| {
            json!({"type": "Team", "reviewer": {"id": 1, "node_id": "T_1", "name": slug, "slug": slug, "permission": "push",
                "description": null, "parent": null, "url": "{web}/t", "html_url": "{web}/t",
                "members_url": "{web}/t/members{/member}", "repositories_url": "{web}/t/repos"}})
        });
        users.chain(teams).collect()
    }
}

#[derive(Deserialize)]
pub struct Decision {
    environment_ids: Vec<u64>,
    state: String,
    comment: String,
}

impl Forge {
    /// A run waits for these environments, and its webhooks say so.
    pub fn wait(&self, run: u64, gates: Vec<Gate>) {
        let mut state = self.lock();
        for gate in &gates {
            state.tell_review(run, "requested", Some(&gate.name), Some(gate.reviewers()), "ben");
        }
        state.gates.entry(run).or_default().extend(gates);
    }

    /// Somebody decides on the forge itself.
    pub fn decide(&self, run: u64, login: &str, approve: bool) {
        let mut state = self.lock();
        let ids: Vec<u64> = state.gates.get(&run).into_iter().flatten().map(|gate| gate.id).collect();
        let state_word = if approve { "approved" } else { "rejected" };
        state.decide(run, &ids, state_word, "", login);
    }
}

impl Known {
    fn decide(&mut self, run: u64, ids: &[u64], word: &str, comment: &str, login: &str) {
        let Some(gates) = self.gates.get_mut(&run) else { return };
        let (decided, left) = gates.drain(..).partition(|gate| ids.contains(&gate.id));
        *gates = left;
        let decided: Vec<super::Gate> = decided;
        let environments: Vec<Value> = decided.iter().map(Gate::environment).collect();
        let review = json!({"state": word, "comment": comment, "environments": environments, "user": account(login)});
        self.reviews.entry(run).or_default().push(review);
        self.tell_review(run, word, None, None, login);
    }
}

pub async fn pending(State(forge): State<Forge>, Path((_, _, run)): Path<(String, String, u64)>) -> Response {
    let state = forge.lock();
    if !state.runs.contains_key(&run) {
        return refuse(404, "Not Found");
    }
    let show = |gate: &Gate| {
        json!({"environment": gate.environment(), "wait_timer": 0, "wait_timer_started_at": null,
            "current_user_can_approve": gate.ours, "reviewers": gate.reviewers()})
    };
    let all: Vec<Value> = state.gates.get(&run).into_iter().flatten().map(show).collect();
    Json(all).into_response()
}

pub async fn review(
    State(forge): State<Forge>,
    Path((_, _, run)): Path<(String, String, u64)>,
    Json(decision): Json<Decision>,
) -> Response {
    let mut state = forge.lock();
    if !state.runs.contains_key(&run) {
        return refuse(404, "Not Found");
    }
    let gates: Vec<Gate> = state.gates.get(&run).cloned().unwrap_or_default();
    let known = |id: &u64| gates.iter().any(|gate| gate.id == *id && gate.ours);
    let good = matches!(decision.state.as_str(), "approved" | "rejected");
    if !good || decision.environment_ids.is_empty() || !decision.environment_ids.iter().all(known) {
        return refuse(
            422,
            "There was a problem approving one of the gates because there are no pending deployment requests",
        );
    }
    state.decide(run, &decision.environment_ids, &decision.state, &decision.comment, "sandbox-bot");
    Json(json!([])).into_response()
}

pub async fn approvals(State(forge): State<Forge>, Path((_, _, run)): Path<(String, String, u64)>) -> Response {
    let state = forge.lock();
    Json(state.reviews.get(&run).cloned().unwrap_or_default()).into_response()
}

pub async fn membership(
    State(forge): State<Forge>,
    Path((_, team, login)): Path<(String, String, String)>,
) -> Response {
    match forge.lock().members.get(&(team, login)) {
        Some(state) => Json(json!({"url": "https://x/m", "role": "member", "state": state})).into_response(),
        None => refuse(404, "Not Found"),
    }
}
