//! Real git: a bare repository made by `git fast-import`, served by `git http-backend`.

use super::state::{Forge, Pull};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::path::Path as FilePath;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A request to git is small here: the sandbox's repositories are.
const REQUEST_MAX: usize = 8 << 20;

/// Two commits on main and one on a topic branch; answers the heads by branch.
const STREAM: &str = "\
reset refs/heads/main
commit refs/heads/main
mark :1
committer Ada <ada@example.org> 1767225600 +0000
data <<END
First light
END
M 100644 inline README.md
data <<END
# Shop
END
M 100644 inline src/cart.py
data <<END
def total(items):
    return sum(items) + 0
END

M 100644 inline requirements.txt
data <<END
# What the shop needs.
flask>=2.3
pytest==8.2.0
END

M 100644 inline .github/CODEOWNERS
data <<END
* @ada
/tests/ @ben
END

M 100644 inline .github/workflows/shop-ci.yml
data <<END
name: shop-ci
on: push
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: actions/cache@v4
        with:
          path: ~/.cache/pip
          key: v1-pip
      - run: pytest -q
END

reset refs/heads/release-1
from :1

commit refs/heads/main
mark :2
committer Ben <ben@example.org> 1767229200 +0000
data <<END
Count the shipping (#9)
END
from :1
M 100644 inline tests/test_cart.py
data <<END
from src.cart import total

def test_total():
    assert total([1]) == 1
END

commit refs/heads/topic/faster-cart
mark :3
committer Ben <ben@example.org> 1767232800 +0000
data <<END
Make cart faster
END
from :2
M 100644 inline src/cart.py
data <<END
def total(items):
    return sum(items)
END

commit refs/heads/topic/prices
mark :4
committer Ada <ada@example.org> 1767236400 +0000
data <<END
Let prices be free
END
from :2
M 100644 inline src/price.rs
data <<END
/// In cents.
pub fn price() -> u64 {
    \"free\"
}
END

";

fn git(dir: &FilePath) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Makes the sandbox's repository `name` below `dir` and tells the forge its heads.
///
/// # Errors
/// git is missing or said no.
pub async fn seed(forge: &Forge, dir: &FilePath, name: &str) -> Result<(), String> {
    let path = dir.join(format!("{name}.git"));
    std::fs::create_dir_all(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    run(git(&path).args(["init", "--quiet", "--bare", "--initial-branch=main", "."]), b"").await?;
    run(git(&path).args(["fast-import", "--quiet"]), STREAM.as_bytes()).await?;
    for key in ["http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        run(git(&path).args(["config", key, "true"]), b"").await?;
    }
    learn(forge, dir, name).await?;
    let mut state = forge.lock();
    if let Some(repo) = state.repos.get_mut(name) {
        let merged = repo.branches.get("main").cloned();
        repo.pulls.push(Pull::merged(9, "Count the shipping", merged));
        // What passed last was before it.
        let green = repo.branches.get("release-1").cloned();
        drop(state);
        if let Some(sha) = green {
            forge.passed(super::script::green(&sha));
        }
    }
    Ok(())
}

/// Tells the forge the heads of its repository, as after a push.
///
/// # Errors
/// git said no.
pub async fn learn(forge: &Forge, dir: &FilePath, name: &str) -> Result<(), String> {
    let path = dir.join(format!("{name}.git"));
    let heads =
        run(git(&path).args(["for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads/"]), b"").await?;
    let mut state = forge.lock();
    if let Some(repo) = state.repos.get_mut(name) {
        let heads = heads.lines().filter_map(|line| line.split_once(' '));
        repo.branches = heads.map(|(sha, branch)| (branch.to_owned(), sha.to_owned())).collect();
    }
    Ok(())
}

/// A commit with its diff, where the sandbox has it.
pub async fn show(forge: &Forge, name: &str, sha: &str) -> Option<String> {
    let known = forge.lock().repos.contains_key(name);
    let hex = (7..=40).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let path = forge.git_dir.as_ref().filter(|_| known && hex)?.join(format!("{name}.git"));
    run(git(&path).args(["show", "--no-color", "--no-ext-diff", sha, "--"]), b"").await.ok()
}

/// A file of the branch `main`.
pub async fn file(forge: &Forge, name: &str, at: &str, path: &str) -> Option<String> {
    let known = forge.lock().repos.contains_key(name) && at.bytes().all(|b| b.is_ascii_alphanumeric());
    let dir = forge.git_dir.as_ref().filter(|_| known)?.join(format!("{name}.git"));
    run(git(&dir).args(["cat-file", "blob", &format!("{at}:{path}")]), b"").await.ok()
}

/// A file at the head of a branch.
pub async fn at_head(forge: &Forge, name: &str, branch: &str, path: &str) -> Option<String> {
    let dir = forge.git_dir.as_ref()?.join(format!("{name}.git"));
    run(git(&dir).args(["cat-file", "blob", &format!("refs/heads/{branch}:{path}")]), b"").await.ok()
}

async fn run(command: &mut Command, input: &[u8]) -> Result<String, String> {
    let mut child = command.spawn().map_err(|why| format!("git cannot be started: {why}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).await.map_err(|why| why.to_string())?;
    }
    let output = child.wait_with_output().await.map_err(|why| why.to_string())?;
    if !output.status.success() {
        return Err(format!("git: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Smart HTTP: `git http-backend` as a CGI program.
pub async fn http(State(forge): State<Forge>, Path(path): Path<String>, request: Request) -> Response {
    let Some(dir) = forge.git_dir.clone() else { return StatusCode::NOT_FOUND.into_response() };
    if path.split('/').any(|part| part == ".." || part.is_empty()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match backend(&dir, &path, request).await {
        Ok(response) => response,
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
    }
}

/// The address that people and programs use: `/owner/name.git/…`.
pub async fn http_at(State(forge): State<Forge>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let name = path.split(".git/").next().unwrap_or_default().to_owned();
    let pushes = path.ends_with("/git-receive-pack");
    let dir = forge.git_dir.clone();
    let response = http(State(forge.clone()), Path(path), request).await;
    if let (true, Some(dir)) = (pushes, dir)
        && let Err(why) = learn(&forge, &dir, &name).await
    {
        return (StatusCode::INTERNAL_SERVER_ERROR, why).into_response();
    }
    response
}

async fn backend(dir: &FilePath, path: &str, request: Request) -> Result<Response, String> {
    let (parts, body) = request.into_parts();
    let header =
        |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let mut command = git(dir);
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", dir)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", format!("/{path}"))
        .env("QUERY_STRING", parts.uri.query().unwrap_or(""))
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .env("REMOTE_USER", "sandbox")
        .env("REMOTE_ADDR", "127.0.0.1");
    let input = axum::body::to_bytes(body, REQUEST_MAX).await.map_err(|why| why.to_string())?;
    command.env("CONTENT_LENGTH", input.len().to_string());
    let mut child = command.spawn().map_err(|why| format!("git cannot be started: {why}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&input).await.map_err(|why| why.to_string())?;
    }
    let output = child.wait_with_output().await.map_err(|why| why.to_string())?;
    answer(&output.stdout)
}

/// A CGI program's answer: headers, an empty line, the body.
fn answer(output: &[u8]) -> Result<Response, String> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").ok_or("git http-backend gave no headers")?;
    let mut response = Response::new(Body::from(output[end + 4..].to_vec()));
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
            *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Takes a branch forward to a commit that stands on it.
pub async fn forward(forge: &Forge, name: &str, branch: &str, to: &str) -> bool {
    let Some(dir) = &forge.git_dir else { return false };
    let bare = dir.join(format!("{name}.git"));
    let full = format!("refs/heads/{branch}");
    let on_it = run(git(&bare).args(["merge-base", "--is-ancestor", &full, to]), b"").await.is_ok();
    on_it && run(git(&bare).args(["update-ref", &full, to]), b"").await.is_ok() && learn(forge, dir, name).await.is_ok()
}
