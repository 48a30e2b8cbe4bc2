#!/usr/bin/env bash
# Brings the labelled crates from crates.io, one by one and without what they depend on: get.sh [--fixed] [DIR]
#
# DIR is the folder in $CORPUS if not given, else target/corpus. What is there already stays. --fixed brings only the
# crates in fixed.txt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sources=$(sed -n 's/.*"source": "\([^"]*\)".*/\1/p' "$here/labels.jsonl" | sort -u)
if [ "${1:-}" = --fixed ]; then
    sources=$(sed -n 's/^\([^# ][^ ]*\) .*/\1/p' "$here/fixed.txt")
    shift
fi
dir=${1:-${CORPUS:-$here/../../target/corpus}}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src

there=0
missing=0
for source in $sources; do
    if [ ! -d "$dir/$source" ]; then
        # The version starts at the last dash that three numbers follow.
        version=$(sed -E 's/^.*-([0-9]+\.[0-9]+\.[0-9]+.*)$/\1/' <<<"$source")
        # `cargo info` unpacks a crate to show it. Outside of any workspace, so that none is looked up.
        (cd / && cargo info --quiet "${source%-"$version"}@$version") >/dev/null || true
        unpacked=$(find "$registry" -mindepth 2 -maxdepth 2 -name "$source" -print -quit 2>/dev/null || true)
        if [ -z "$unpacked" ]; then
            echo "not found: $source" >&2
            missing=$((missing + 1))
            continue
        fi
        # Whole or not at all.
        rm -rf "$dir/.part"
        cp -R "$unpacked" "$dir/.part"
        mv "$dir/.part" "$dir/$source"
    fi
    there=$((there + 1))
done
echo "$there crates in $dir, $missing not found"
[ "$missing" -eq 0 ]
