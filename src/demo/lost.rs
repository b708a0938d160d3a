//! The App's own lists: deliveries of its webhooks, its installations and their repositories.

use super::hooks::stamp;
use super::routes::refuse;
use super::state::{Delivered, Forge};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Paging {
    per_page: Option<usize>,
    page: Option<usize>,
    /// Everything older than the delivery of this number.
    cursor: Option<String>,
}

impl Paging {
    fn size(&self) -> usize {
        self.per_page.unwrap_or(30).min(100)
    }

    fn cut(&self, all: Vec<Value>) -> Vec<Value> {
        all.into_iter().skip((self.page.unwrap_or(1) - 1) * self.size()).take(self.size()).collect()
    }
}

pub async fn deliveries(State(forge): State<Forge>, Query(paging): Query<Paging>) -> Response {
    let state = forge.lock();
    let before = match paging.cursor.as_deref().map(|cursor| cursor.trim_start_matches("v1_").parse::<u64>()) {
        Some(Err(_)) => return refuse(400, "Invalid cursor"),
        Some(Ok(id)) => id,
        None => u64::MAX,
    };
    let older = state.delivered.iter().rev().filter(|one| one.id < before);
    let page: Vec<&Delivered> = older.take(paging.size()).collect();
    let more = page.last().filter(|last| state.delivered.iter().any(|one| one.id < last.id)).map(|last| last.id);
    let show = |one: &&Delivered| {
        let said = if one.status < 300 { "OK" } else { "Internal Server Error" };
        json!({"id": one.id, "guid": one.guid, "delivered_at": stamp(one.at), "status": said, "status_code": one.status})
    };
    let body = Json(page.iter().map(show).collect::<Vec<Value>>());
    match more {
        Some(id) => {
            let next = format!(
                "<https://api.github.com/app/hook/deliveries?per_page={}&cursor=v1_{id}>; rel=\"next\"",
                paging.size()
            );
            ([("link", next)], body).into_response()
        }
        None => body.into_response(),
    }
}

pub async fn again(State(forge): State<Forge>, Path(id): Path<u64>) -> Response {
    let at = (forge.now)();
    let mut state = forge.lock();
    let Some(lost) = state.delivered.iter().find(|one| one.id == id).cloned() else {
        return refuse(404, "Not Found");
    };
    if let Some(hook) = lost.hook {
        // How it ends is seen when it is sent.
        state.hooks.push_back(hook);
    } else {
        let id = state.fresh();
        state.delivered.push(Delivered { id, at, status: 202, hook: None, ..lost });
    }
    (StatusCode::ACCEPTED, Json(json!({}))).into_response()
}

pub async fn installations(State(_): State<Forge>, Query(paging): Query<Paging>) -> Json<Vec<Value>> {
    Json(paging.cut(vec![json!({"id": 11, "suspended_at": null})]))
}

fn names(forge: &Forge) -> Vec<Value> {
    forge.lock().repos.keys().map(|name| json!({"full_name": name})).collect()
}

pub async fn repositories(State(forge): State<Forge>, Query(paging): Query<Paging>) -> Json<Value> {
    let all = names(&forge);
    Json(json!({"total_count": all.len(), "repositories": paging.cut(all)}))
}

pub async fn own_repositories(State(forge): State<Forge>, Query(paging): Query<Paging>) -> Json<Vec<Value>> {
    Json(paging.cut(names(&forge)))
}
