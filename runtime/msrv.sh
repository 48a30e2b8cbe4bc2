#!/bin/sh
# Compiles the crate, without features, with the oldest Rust it promises to build with (`rust-version` in
# Cargo.toml). It calls rustc and not cargo: that old a cargo cannot read this workspace's manifest.
#
#   runtime/msrv.sh              uses rustup's toolchain of that version, and installs it if it can
#   RUSTC=/path runtime/msrv.sh  uses that compiler, whatever its version (Debian 12's, for one)
#
# Exit code: 0 it compiles, 1 it does not, 2 there is no such compiler here and nothing was tested.
set -u
cd "$(dirname "$0")" || exit 2

msrv=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
if [ -z "${RUSTC:-}" ]; then
    toolchain="$msrv.1" # 1.56.1: the first patch release is the one everybody has
    if ! RUSTC=$(rustup which --toolchain "$toolchain" rustc 2>/dev/null); then
        rustup toolchain install "$toolchain" --profile minimal >/dev/null 2>&1
        RUSTC=$(rustup which --toolchain "$toolchain" rustc 2>/dev/null) || RUSTC=
    fi
fi
if [ -z "$RUSTC" ] || ! version=$("$RUSTC" --version 2>/dev/null); then
    echo "msrv: NOT TESTED: no rustc $msrv here (rustup cannot provide it, and RUSTC names none)" >&2
    exit 2
fi

out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
if "$RUSTC" --edition 2021 --crate-type lib --crate-name failfast -D warnings --out-dir "$out" src/lib.rs; then
    echo "msrv: failfast compiles with $version (promised: $msrv)"
else
    echo "msrv: failfast does NOT compile with $version (promised: $msrv)" >&2
    exit 1
fi
