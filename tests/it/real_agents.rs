//! Agents that others publish: what they print is understood, and where they are installed, they are run on the recorded
//! answers of their services, with the command lines of the manual.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use ci_rescue::adapters::agent::{Agent, Agents, Means, Sandbox, check};
use ci_rescue::agents::answer;
use ci_rescue::domain::agent::Usd;
use ci_rescue::ports::{Agents as _, Ended, Task};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BROKEN: &str = "pub fn answer() -> u32 {\n    return 42;\n}\n";
const MENDED: &str = "pub fn answer() -> u32 {\n    42\n}\n";

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/agents").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn what_they_print_is_understood() {
    let mended = "Removed the needless `return` in src/lib.rs.";
    let escalated = Some("the deploy key is missing, which is outside these files");
    for (file, cost, said, escalates) in [
        ("claude-fix.out", Some(Usd(18_000)), mended, None),
        (
            "claude-escalate.out",
            Some(Usd(9_000)),
            "ESCALATE: the deploy key is missing, which is outside these files",
            escalated,
        ),
        ("claude-401.out", Some(Usd(0)), "Invalid API key · Fix external API key", None),
        ("codex-fix.out", None, mended, None),
        ("codex-escalate.out", None, "ESCALATE: the deploy key is missing, which is outside these files", escalated),
    ] {
        let found = answer::read(&data(file));
        assert_eq!((found.cost, found.said.as_str(), found.escalates.as_deref()), (cost, said, escalates), "{file}");
    }
}

/// The recorded answers that are left, and where the files are.
type Tape = Arc<Mutex<(Vec<Value>, PathBuf)>>;

/// Answers each request to a recorded address with the next recorded answer for it.
async fn play(State(tape): State<Tape>, method: axum::http::Method, uri: Uri, _: HeaderMap, _: Bytes) -> Response {
    let mut tape = tape.lock().unwrap();
    let fits = |one: &Value| {
        one["method"] == method.as_str() && one["path"].as_str().is_some_and(|path| path.starts_with(uri.path()))
    };
    let Some(at) = tape.0.iter().position(fits) else { return StatusCode::NOT_FOUND.into_response() };
    let place = tape.1.display().to_string();
    let one = tape.0.remove(at);
    let status = StatusCode::from_u16(u16::try_from(one["status"].as_u64().unwrap()).unwrap()).unwrap();
    let Some(events) = one["answer"].as_array() else { return (status, one["answer"].to_string()).into_response() };
    let told = |event: &Value| {
        let text = event.to_string().replace("<files>", &place);
        format!("event: {}\ndata: {text}\n\n", event["type"].as_str().unwrap_or_default())
    };
    let body: String = events.iter().map(told).collect();
    (status, [(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

async fn service(file: &str, place: &Path) -> String {
    let lines = data(file).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tape: Tape = Arc::new(Mutex::new((lines, place.to_owned())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = Router::new().fallback(play).with_state(tape);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{at}")
}

/// The command line that the manual gives for a program.
fn documented(program: &str) -> Vec<String> {
    let manual = include_str!("../../docs/agents.md");
    let blocks = manual.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found = blocks.filter_map(|block| block.parse::<toml::Table>().ok()).find_map(|table| {
        let words = table["agents"][0].get("command")?.as_array()?.clone();
        let words: Vec<String> = words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect();
        words.iter().any(|word| word.ends_with(&format!("/{program}"))).then_some(words)
    });
    found.unwrap_or_else(|| panic!("the manual has no command for {program}"))
}

/// Where it is installed.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: {program} is not installed; npm install -g @anthropic-ai/claude-code @openai/codex");
    }
    found
}

/// Runs it in a directory with the broken file; answers what it printed.
async fn tried(
    program: &str,
    model: &str,
    extra: impl Fn(&str) -> (Vec<String>, Vec<(String, String)>),
) -> Option<String> {
    let file = installed(program)?;
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("repository");
    std::fs::create_dir_all(place.join("src")).unwrap();
    std::fs::write(place.join("src/lib.rs"), BROKEN).unwrap();
    let address = service(&format!("{program}.jsonl"), &place).await;
    let (more, variables) = extra(&address);
    let mut command = documented(program);
    for word in &mut command {
        if word.ends_with(&format!("/{program}")) {
            *word = file.display().to_string();
        }
    }
    // What is read from standard input is named last.
    let last = command.iter().position(|word| word == "-").unwrap_or(command.len());
    command.splice(last..last, more);
    let path = std::env::var_os("PATH");
    let sandbox = match check(Sandbox::Bubblewrap, path.as_deref()) {
        Ok(()) => Sandbox::Bubblewrap,
        Err(_) => Sandbox::None,
    };
    let packages = std::fs::canonicalize(&file).unwrap();
    let readable = packages.ancestors().find(|dir| dir.ends_with("node_modules")).map(Path::to_owned);
    let agent = Agent {
        command,
        environment: variables.iter().map(|(name, _)| name.clone()).collect(),
        readable: readable.into_iter().collect(),
        models: BTreeMap::from([("default".to_owned(), model.to_owned())]),
        sandbox,
        deadline: Duration::from_secs(120),
    };
    let agents = Agents::new(BTreeMap::from([("rex".to_owned(), Means::Program(agent))]), |name| {
        let given = variables.iter().find(|(have, _)| have == name).map(|(_, value)| value.into());
        given.or_else(|| std::env::var_os(name))
    });
    let task = Task {
        agent: "rex",
        category: "lint",
        model,
        prompt: "You repair a failing build in the current directory.",
        place: &place,
        run: "1-1.1",
        dollars: 0.4,
    };
    let ran = agents.unwrap().run(task).await.unwrap();
    assert_eq!(ran.ended, Ended::Exited(0), "{} {}", ran.output, ran.errors);
    assert_eq!(std::fs::read_to_string(place.join("src/lib.rs")).unwrap(), MENDED, "{} {}", ran.output, ran.errors);
    Some(ran.output)
}

#[tokio::test]
async fn claude_code_mends_a_file() {
    let variables = |address: &str| {
        let all = [("ANTHROPIC_API_KEY", "test"), ("ANTHROPIC_BASE_URL", address)];
        (Vec::new(), all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    };
    if let Some(output) = tried("claude", "sonnet", variables).await {
        let found = answer::read(&output);
        assert!(found.said.contains("needless") && found.cost.is_some_and(|cost| cost > Usd(0)), "{output}");
    }
}

#[tokio::test]
async fn codex_mends_a_file() {
    let variables = |address: &str| {
        let more = vec!["-c".to_owned(), format!("openai_base_url={address}/v1")];
        (more, vec![("CODEX_API_KEY".to_owned(), "test".to_owned())])
    };
    if let Some(output) = tried("codex", "gpt-5.5", variables).await {
        assert!(answer::read(&output).said.contains("needless"), "{output}");
    }
}
