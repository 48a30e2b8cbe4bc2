#!/usr/bin/env bash
# Compiles the fixtures of cloud clients against the real crates, which takes minutes the first time. Not a part of
# `.ci/run`: the linter's tests read these fixtures without compiling them. Run it after a change there, or to see
# whether a new version of a client still offers what the models say.
set -euo pipefail
cd "$(dirname "$0")/.."

exec cargo check --locked --manifest-path fixtures/heavy-libraries/Cargo.toml "$@"
