//! The fixed parts of the script.

/// A shell function of the script, in the order in which they stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    Have,
    AsRoot,
    Add,
    Download,
    CheckSum,
}

impl Helper {
    /// The functions that the function calls.
    pub(super) fn needs(self) -> &'static [Self] {
        match self {
            Self::Have => &[],
            Self::Add => &[Self::Have, Self::AsRoot],
            Self::Download => &[Self::Have, Self::AsRoot, Self::Add],
            Self::AsRoot | Self::CheckSum => &[Self::Have],
        }
    }

    /// Its text.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Have => HAVE,
            Self::AsRoot => AS_ROOT,
            Self::Add => ADD,
            Self::Download => DOWNLOAD,
            Self::CheckSum => CHECK_SUM,
        }
    }
}

const HAVE: &str = r#"have() { command -v "$1" >/dev/null 2>&1; }
"#;

const AS_ROOT: &str = r#"as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    say 'Run this as root or install sudo, because packages must be installed.'
    return 1
  fi
}
"#;

const ADD: &str = r#"manager=''
for candidate in apt-get dnf apk brew; do
  if have "$candidate"; then
    manager=$candidate
    break
  fi
done
refreshed=''
add() {
  case "$manager" in
    apt-get)
      if [ -z "$refreshed" ]; then
        as_root apt-get update -qq >&2
        refreshed=yes
      fi
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
      ;;
    dnf) as_root dnf install -y -q "$@" >&2 ;;
    apk) as_root apk add --no-cache -q "$@" >&2 ;;
    brew) brew install -q "$@" >&2 ;;
    *)
      say "Found no supported package manager; install by hand: $*"
      return 1
      ;;
  esac
}
"#;

const DOWNLOAD: &str = r#"download() {
  if ! have curl; then
    say 'curl, because a tool must be downloaded'
    add curl ca-certificates
  fi
  curl --proto '=https' --tlsv1.2 -fsSL --retry 3 -o "$2" "$1"
}
"#;

const CHECK_SUM: &str = r#"check_sum() {
  if have sha256sum; then
    printf '%s  %s\n' "$2" "$1" | sha256sum -c - >&2
  else
    printf '%s  %s\n' "$2" "$1" | shasum -a 256 -c - >&2
  fi
}
"#;

/// The beginning: who may read it, and what it ends with. `{default}` is the directory's name.
pub(super) const BEGINNING: &str = r#"#!/usr/bin/env bash
# Reproduces a CI failure on a clean machine (Debian, Ubuntu, Fedora, Alpine or macOS).
#
# Usage: bash THIS-FILE [DIRECTORY]
#   DIRECTORY     where to check out the commit (default: {default})
#   REPRO_SOURCE  an existing checkout to use instead of fetching
# You can run it again: it reuses what is already there.
# It exits with the status of the failing command, or with 125 if setup failed (which git bisect skips).
#
# Text from outside is in single quotes on purpose:
# shellcheck disable=SC2016,SC1003

if [ -z "${BASH_VERSION:-}" ]; then
  # Alpine comes without bash.
  command -v bash >/dev/null 2>&1 || apk add --no-cache bash
  exec bash "$0" "$@"
fi
set -euo pipefail

say() { printf '\n==> %s\n' "$*" >&2; }
"#;

/// The places where things are put.
pub(super) const PLACES: &str = r#"
stage=setup
# shellcheck disable=SC2317,SC2329  # The trap calls it.
finish() {
  code=$?
  if [ "$stage" = setup ] && [ "$code" -ne 0 ]; then
    say "Setup failed with status $code, so the failing command was not run."
    exit 125
  fi
}
trap finish EXIT

unset CDPATH
directory=${1:-{default}}
case "$directory" in
  /*) ;;
  *) directory=$PWD/$directory ;;
esac
# Tools and packages go next to the checkout, which stays as committed.
tools=$directory.tools
mkdir -p "$tools"
"#;

/// The function that runs a failing command and keeps the first bad status.
pub(super) const RUN: &str = r#"
stage=run
status=0
run() {
  code=0
  "$@" || code=$?
  if [ "$status" -eq 0 ]; then status=$code; fi
}
"#;

/// The end.
pub(super) const END: &str = r#"
if [ "$status" -eq 0 ]; then
  say 'It passes here. The failure may depend on test order, time, load or the runner.'
else
  say "Reproduced: the command exited with status $status."
fi
exit "$status"
"#;
