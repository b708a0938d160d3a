//! Fetches exactly the failing commit.

use super::preamble::Helper;
use super::quote::shown;
use super::recipe::Recipe;
use super::writer::Packages;

const ENVIRONMENT: &str = r"export CI=true TZ=UTC LANG=C.UTF-8 LC_ALL=C.UTF-8";

const FETCH: &str = r#"
if [ -n "${REPRO_SOURCE:-}" ]; then
  say "Using $REPRO_SOURCE, because REPRO_SOURCE is set"
  cd -- "$REPRO_SOURCE"
else
{need}  if [ -e "$directory" ] && [ ! -e "$directory/.git" ] && [ -n "$(ls -A "$directory")" ]; then
    say "$directory contains something else; choose another directory."
    exit 1
  fi
  mkdir -p "$directory"
  cd "$directory"
  [ -d .git ] || git init -q
  if [ "$(git rev-parse -q --verify HEAD 2>/dev/null || true)" = {sha} ]; then
    say {again}
  else
    say {fetching}
    if git fetch -q --depth 1 -- {url} {sha}; then
      git -c advice.detachedHead=false checkout -q --force FETCH_HEAD
    else
      say 'Fetching everything, because the server does not serve single commits'
      git fetch -q -- {url} '+refs/*:refs/rescue/*'
      git -c advice.detachedHead=false checkout -q --force {sha}
    fi
    if [ "$(git rev-parse HEAD)" != {sha} ]; then
      say 'The server returned a different commit.'
      exit 1
    fi
  fi
fi
"#;

const SUBMODULES: &str = r#"
if [ -z "${REPRO_SOURCE:-}" ]; then
  say 'Submodules, because .gitmodules lists some'
  git submodule --quiet update --init --recursive --depth 1
fi"#;

/// Writes how the source comes.
pub(super) fn fetch(recipe: &mut Recipe) {
    let url = recipe.wanted.repo_url.trim();
    if let Err(why) = check_url(url) {
        recipe.writer.refuse(why);
    }
    let sha = recipe.wanted.sha.trim().to_ascii_lowercase();
    if !matches!(sha.len(), 40 | 64) || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        recipe.writer.refuse(format!("\"{}\" is not a full commit id; give all 40 hexadecimal digits.", shown(&sha)));
    }
    let short = sha.get(..7).unwrap_or_default().to_owned();
    let writer = &mut recipe.writer;
    writer.say("CI=true, UTC and plain UTF-8, as on CI runners");
    writer.lines(ENVIRONMENT);
    writer.uses(Helper::Add);
    let need =
        super::writer::add_lines("    ", Packages { apt: "git ca-certificates", dnf: "git", apk: "git", brew: "git" });
    let need = format!("  if ! have git; then\n    say 'git, to fetch the commit'\n{need}  fi\n");
    let fetching = writer.quoted(&format!("Only commit {short}, where the failure occurred"));
    let again = writer.quoted(&format!("Commit {short} is there already"));
    let (url, sha) = (writer.operand(url), writer.quoted(&sha));
    let lines = FETCH.replace("{need}", &need).replace("{sha}", &sha).replace("{fetching}", &fetching);
    // The address comes last: nothing is replaced inside it.
    writer.lines(lines.replace("{again}", &again).replace("{url}", &url).trim_end());
    let repository = &recipe.repository;
    if repository.has("", ".gitmodules") {
        recipe.writer.lines(SUBMODULES.trim_start());
    }
    if repository.text("", ".gitattributes").is_some_and(|text| text.contains("filter=lfs")) {
        recipe.writer.need("git-lfs", ".gitattributes names large files", Packages::same("git-lfs"));
        recipe.writer.lines("if [ -z \"${REPRO_SOURCE:-}\" ]; then git lfs pull; fi");
    }
}

/// Whether an address is one that git can fetch from and that holds no secret.
fn check_url(url: &str) -> Result<(), String> {
    let plain = |one: char| one.is_ascii_alphanumeric() || "._~/:@%+-".contains(one);
    let known = ["https://", "http://", "ssh://", "git@", "file:///", "/"].iter().any(|start| url.starts_with(start));
    if !known || !url.chars().all(plain) {
        return Err(format!(
            "The repository URL \"{}\" is not accepted; give one that starts with https://, ssh:// or git@.",
            if url.contains('@') { "(hidden)".to_owned() } else { shown(url) }
        ));
    }
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let login = host.rsplit_once('@').map(|(login, _)| login);
    let is_secret = |login: &str| url.starts_with("http") || login.contains(':');
    if login.is_some_and(is_secret) {
        return Err("The repository URL contains a login; omit it, git asks for it.".to_owned());
    }
    Ok(())
}
