#!/usr/bin/env bash
# Each fuzz body under libFuzzer, two at a time: coverage leads where drawn changes do not get.
#   .ci/fuzz.sh -max_total_time=60            each for a minute
#   .ci/fuzz.sh -runs=1000000 slack discord   a million inputs for these two
# What it finds is in target/fuzz/found; a new case is kept as a seed in tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
limit=$1
shift
out=$PWD/target/fuzz
mkdir -p "$out/found"
# What cargo-fuzz asks of the compiler where no sanitizer is wanted: all of it is stable. Only one unit each would take long.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
cargo build --release --quiet --manifest-path tests/fuzz/Cargo.toml --target "$host" --target-dir "$out/build"
program=$out/build/$host/release/body

fuzz() {
  local body=$1 corpus=$out/corpus/$1 log=$out/$1.log
  mkdir -p "$corpus"
  if CI_RESCUE_BODY=$body RUST_BACKTRACE=0 "$program" "$limit" -timeout=60 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$out/found/$body-" "$corpus" "tests/fuzz/corpus/$body" >"$log" 2>&1; then
    echo "$body: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, $(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$log" | tail -1) places reached"
  else
    tail -40 "$log"
    echo "$body failed: see $log"
    return 1
  fi
}
export -f fuzz
export out program limit
if [ $# -gt 0 ]; then printf '%s\n' "$@"; else ls tests/fuzz/corpus; fi | xargs -P 2 -I{} bash -c 'fuzz {}'
