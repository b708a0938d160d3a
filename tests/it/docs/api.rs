//! The page of the HTTP API, made from the bot's own `OpenAPI` document; and whether every route is on it.

use super::made::{cell, keep};
use super::{document, root};
use crate::world::World;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

const PAGE: &str = "docs/reference/api.md";
const SCHEMAS: &str = "#/components/schemas/";

const HEAD: &str = "\
# HTTP API

<!-- Made from the OpenAPI document: `just docs` -->

JSON, on both listeners; `GET /api/openapi.json` is the same as an OpenAPI document, without a token. A token goes into a
header (`Authorization: Bearer …` or `X-Bot-Token`), never into the address:

| token | key | may |
|---|---|---|
| read | `api.read_token` | read everything, of every incident |
| act | `api.act_token` | read, and act |
| hook | `hooks.token` | post to `/hooks/ci` |

Where a key is not set, what needs it is closed. An answer other than 2xx has `{\"error\": \"…\"}` with what to do: 400 for what
cannot be read, 401 for the token, 404 for what is not there, 413 for a body that is too large, 503 while the store cannot be
read or written. Times are RFC 3339. New fields may come at any time.

```sh
curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8081/api/incidents?stage=open
```

What else is served:

| address | listener | proof |
|---|---|---|
| `POST /webhooks/github` | public | signature by `github.webhook_secret` |
| `POST /slack/events`, `/slack/commands`, `/slack/interactions` | public, with `slack.transport = \"http\"` | signature by `slack.signing_secret` |
| `POST /discord/interactions` | public, with `discord.transport = \"http\"` | signature for `discord.public_key` |
| `GET /health`, `GET /ready` | public | none |
| `GET /metrics` | private | `console.token`; [metrics](metrics.md) |
| `/` and below | private | the console: [sign-in](../operating.md#how-does-a-team-sign-in-to-the-console) |

";

#[tokio::test]
async fn the_api_page_is_the_openapi_document() {
    let world = World::new().await;
    let url = format!("http://{}/api/openapi.json", world.public_at);
    let api: Value = world.http.get(url).send().await.unwrap().json().await.unwrap();
    world.end().await;
    let mut page = HEAD.to_owned();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            page += &shown(path, method, operation);
        }
    }
    page += "## Objects\n\n";
    let schemas = api["components"]["schemas"].as_object().unwrap();
    schemas.iter().for_each(|(name, schema)| page += &object(name, schema));
    keep(PAGE, &format!("{}\n", page.trim_end()));
}

fn shown(path: &str, method: &str, operation: &Value) -> String {
    let words: Vec<&str> = ["summary", "description"].iter().filter_map(|key| operation[key].as_str()).collect();
    assert!(!words.is_empty(), "{method} {path} says nothing of itself");
    let mut out = format!("## `{} {path}`\n\n{}\n\n", method.to_uppercase(), words.join(" "));
    let token = operation["security"][0].as_object().and_then(|one| one.keys().next()).expect("a token");
    let _ = writeln!(out, "- Token: {token}");
    let content = |of: &Value| {
        of["content"].as_object().and_then(|all| all.iter().next().map(|(kind, of)| said(kind, &of["schema"])))
    };
    if let Some(body) = content(&operation["requestBody"]) {
        let _ = writeln!(out, "- Body: {body}");
    }
    let answer = |(status, of): (&String, &Value)| {
        content(of).map_or_else(|| status.clone(), |what| format!("{status} with {what}"))
    };
    let answers: Vec<String> = operation["responses"].as_object().unwrap().iter().map(answer).collect();
    let _ = writeln!(out, "- Answers: {}\n", answers.join(", "));
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        out += "| parameter | type | what |\n|---|---|---|\n";
        for one in parameters {
            let what = one["description"].as_str().unwrap_or_default();
            let _ =
                writeln!(out, "| `{}` | {} | {} |", one["name"].as_str().unwrap(), kind(&one["schema"]), cell(what));
        }
        out.push('\n');
    }
    out.replace("|  |", "| |")
}

/// What a body is.
fn said(media: &str, schema: &Value) -> String {
    match schema["$ref"].as_str() {
        Some(name) => link(name),
        None => format!("`{media}`"),
    }
}

fn link(reference: &str) -> String {
    let name = reference.trim_start_matches(SCHEMAS);
    format!("[{name}](#{})", name.to_lowercase())
}

/// A type in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return link(name);
    }
    if let Some(some) = schema["oneOf"].as_array() {
        let known: Vec<String> = some.iter().map(kind).collect();
        return known.join(" or ");
    }
    let name = |of: &Value| match of.as_str() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some(name) => name.to_owned(),
        None => "any".into(),
    };
    match &schema["type"] {
        Value::Array(all) => all.iter().map(name).collect::<Vec<_>>().join(" or "),
        Value::Null => "any".into(),
        one => name(one),
    }
}

fn object(name: &str, schema: &Value) -> String {
    let what = schema["description"].as_str().map_or_else(String::new, |what| format!("{what}\n\n"));
    let mut out = format!("### {name}\n\n{what}| field | type | what |\n|---|---|---|\n");
    let none = Map::new();
    for (field, of) in schema["properties"].as_object().unwrap_or(&none) {
        let what = of["description"].as_str().unwrap_or_default();
        let _ = writeln!(out, "| `{field}` | {} | {} |", kind(of), cell(what));
    }
    format!("{}\n", out.replace("|  |", "| |"))
}

/// Whether a page names each address.
fn unnamed(page: &BTreeSet<String>, routes: &BTreeSet<String>) -> Vec<String> {
    routes.iter().filter(|route| !page.contains(*route)).cloned().collect()
}

#[test]
fn every_route_is_on_the_page() {
    let route = Regex::new(r#"\.route\(\s*"([^"]+)"|"(/(?:slack|discord)/\w+)""#).unwrap();
    let mut routes = BTreeSet::new();
    for room in ["src/server", "src/adapters/slack", "src/adapters/discord"] {
        for path in fs::read_dir(root().join(room)).unwrap().flatten().map(|entry| entry.path()) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let found = route.captures_iter(&text).filter_map(|found| found.get(1).or(found.get(2)));
            routes.extend(found.map(|found| found.as_str().to_owned()));
        }
    }
    assert!(routes.len() >= 30, "{routes:?}");
    let spans = document(PAGE).spans;
    let named = spans.iter().flat_map(|span| span.split_whitespace()).map(str::to_owned).collect();
    assert_eq!(unnamed(&named, &routes), Vec::<String>::new());
    // One that nobody wrote of is noticed.
    let planted = BTreeSet::from(["/api/planted".to_owned()]);
    assert_eq!(unnamed(&named, &planted), ["/api/planted"]);
}
