#!/bin/sh
# Builds target/ci-rescue.deb. Needs cargo-deb (`cargo install --locked cargo-deb`); with the argument `dev`, quickly and large,
# of the program that `cargo test` left behind if there is one.
set -eu
cd "$(dirname "$0")/.."
profile=${1:-release}
built=$profile
[ "$profile" = dev ] && built=debug
program=target/$built/ci-rescue
# With the tests' features, all of it would be built once more.
if [ "$profile" != dev ] || [ ! -x "$program" ]; then
  cargo build --locked --profile "$profile" --bin ci-rescue
fi
rm -rf target/man target/completions
mkdir -p target/completions
"$program" man target/man
"$program" completions bash >target/completions/ci-rescue
"$program" completions zsh >target/completions/_ci-rescue
"$program" completions fish >target/completions/ci-rescue.fish
if [ "$profile" = dev ]; then
  cargo deb --no-build --profile dev --fast --output target/ci-rescue.deb
else
  cargo deb --no-build --profile "$profile" --output target/ci-rescue.deb
fi
