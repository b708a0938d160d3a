# Everything that CI asks, quickly.
check:
    cargo fmt --all --check
    cargo clippy --all-targets --locked -- -D warnings
    cargo test --locked
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
    cargo deny check licenses bans sources

# Long proofs and benchmarks.
prove:
    CI_RESCUE_KILL_ROUNDS=1000 CI_RESCUE_PAUSE_S=30 cargo test --locked --test it kill
    CI_RESCUE_DAYS=20 cargo test --locked --test it catching::a_day
    CI_RESCUE_SEEDS=10000 cargo test --locked --release --test it simulation::nothing -- --nocapture
    CI_RESCUE_TRIALS=10000 cargo test --locked --test it trials
    CI_RESCUE_HOLDERS=1100 cargo test --locked --test it strangers_006_whoever
    CI_RESCUE_OUTAGE_HOURS=168 cargo test --locked --test it outages::week
    CI_RESCUE_LINE_MB=500 cargo test --locked --release --test it threat_093
    CI_RESCUE_AUDIT=100000 cargo test --locked --test it a_page_of_the_audit -- --nocapture
    # What is left out of the suite: a storm of a thousand, and whole flows on PostgreSQL.
    CI_RESCUE_STORM=10000 cargo test --locked --test it -- --include-ignored sinks::storm postgres::flows
    .ci/fuzz.sh -runs=1000000
    cargo bench --locked

# Pages and tables that are made from the code, to be looked at before they are committed.
docs:
    CI_RESCUE_WRITE_DOCS=1 cargo test --locked --test it docs::

# New snapshots of what people see, to be looked at before they are committed.
snapshots:
    INSTA_UPDATE=always cargo test --locked --test it cards
