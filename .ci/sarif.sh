#!/usr/bin/env bash
# Gives a SARIF report to readers that were not written here: the validator of the SARIF SDK with the rules of the standard
# and of GitHub's code scanning (npm), and sarif-tools (PyPI). Needs npm, python3 and network; cargo test needs neither.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
report="$folder/retrylint.sarif"
cargo run -q -- check fixtures/agent --output "sarif=$report" || [ $? -eq 1 ]

npm install --silent --no-audit --no-fund --prefix "$folder" @microsoft/sarif-multitool-linux@5.7.0
DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    "$folder/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool" validate "$report" --rule-kind "Sarif;Ghas" |
    tee "$folder/said"
if grep -q ": error " "$folder/said"; then
    exit 1
fi

python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet sarif-tools==3.0.5
"$folder/python/bin/sarif" summary "$report" | tee "$folder/said"
grep -q "^error: 1$" "$folder/said"
