# The short names of what is done often.

default:
    @just --list

# Every check, or those named: fmt lint doc test deny typos shell fuzz; or full
test *CHECKS:
    scripts/test {{ CHECKS }}

# The first minute: the bundled service under load for 20 seconds
run SCENARIO="scenarios/read-heavy.toml" *ARGS="--duration 20s":
    cargo run --release -- run {{ SCENARIO }} {{ ARGS }}

# Measure loadgen beside its peers: peers, http, pacing, users, sql, goose, dashboards; or: against COMMIT
bench *ARGS:
    scripts/bench {{ ARGS }}

# The six weather experiments of docs/experiments.md, with their plots
experiments *ARGS:
    scripts/experiments {{ ARGS }}
