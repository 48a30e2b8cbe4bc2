"""rust-analyzer with `retrylint check --with` as its checker: the compiler's diagnostics and ours, and our repair."""

import asyncio
import contextlib
import os
import shutil
import subprocess

import pytest
import pytest_lsp
from agent import PROGRAM, ROOT, environment
from document import Document
from lsprotocol import types
from pygls.uris import from_fs_path
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from test_lsp import make_client

PATIENCE = 120
RUST_ANALYZER = os.environ.get("RUST_ANALYZER", "rust-analyzer")

MANIFEST = """\
[package]
name = "sample"
version = "0.1.0"
edition = "2024"

[dependencies]
reqwest = "1"
tokio = "1"

[patch.crates-io]
reqwest = {{ path = "{stubs}/reqwest" }}
tokio = {{ path = "{stubs}/tokio" }}
"""

LOOP = """\
use std::time::Duration;

pub async fn call(client: &reqwest::Client, api_key: &str) -> Result<String, reqwest::Error> {
    /* ключ \U0001f511 */ let unused = 401;
    for delay in [1, 2, 4, 8] {
        /* ü */ let sent = client.get("https://api.example.com/v1/models").bearer_auth(api_key).send().await;
        match sent.and_then(|response| response.error_for_status()) {
            Ok(response) => return response.text().await,
            Err(error) => {
                eprintln!("trying again: {error}");
                tokio::time::sleep(Duration::from_secs(delay)).await;
            }
        }
    }
    client.get("https://api.example.com/v1/models").bearer_auth(api_key).send().await?.text().await
}
"""


def missing() -> str | None:
    """Why there is no rust-analyzer; rustup's stand-in for it is there without it."""
    if shutil.which(RUST_ANALYZER) is None:
        return "there is no rust-analyzer"
    ran = subprocess.run([RUST_ANALYZER, "--version"], capture_output=True, text=True)
    return None if ran.returncode == 0 else "rust-analyzer is not installed: rustup component add rust-analyzer"


pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    # What rust-analyzer says is not ours to mend.
    pytest.mark.filterwarnings("ignore::pytest_lsp.LspSpecificationWarning"),
]

CHECKERS = {
    "overrideCommand": {
        "overrideCommand": [str(PROGRAM), "check", "--with", "cargo check --offline --message-format=json"]
    },
    "command": {"command": "retrylint", "extraArgs": ["--with", "cargo check --offline --message-format=json"]},
    "command, alone": {"command": "retrylint"},
}


@pytest.fixture
def package(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "Cargo.toml").write_text(MANIFEST.format(stubs=ROOT / "tests" / "data" / "stubs"))
    (tmp_path / "src" / "lib.rs").write_text("pub mod call;\n")
    (tmp_path / "src" / "call.rs").write_bytes(LOOP.replace("\n", "\r\n").encode())
    return tmp_path


CONFIG = ClientServerConfig(
    server_command=[RUST_ANALYZER],
    client_factory=make_client,
    # Cargo finds `cargo retrylint` there.
    server_env=environment(),
)


@pytest_lsp.fixture(params=CHECKERS, config=CONFIG)
async def client(request, lsp_client: LanguageClient, package):
    folder = from_fs_path(str(package))
    settings = {
        "check": CHECKERS[request.param],
        "cargo": {"sysroot": None, "buildScripts": {"enable": False}},
        "procMacro": {"enable": False},
        "cachePriming": {"enable": False},
    }
    lsp_client.set_configuration({"rust-analyzer": settings})
    params = types.InitializeParams(
        capabilities=client_capabilities("visual-studio-code@v1.65.2"),
        initialization_options=settings,
        root_uri=folder,
        workspace_folders=[types.WorkspaceFolder(folder, "sample")],
    )
    await lsp_client.initialize_session(params)
    yield
    await lsp_client.shutdown_session()


async def test_both_are_shown_and_ours_is_repaired(client, package, request):
    compilers = set() if request.node.callspec.params["client"] == "command, alone" else {"rustc"}
    document = Document(client, package / "src" / "call.rs", "utf-16")
    found = await diagnostics(client, document, compilers | {"retrylint"})
    for theirs in found:
        if theirs.source == "rustc" and theirs.severity == types.DiagnosticSeverity.Warning:
            assert document.marked(theirs.range) == "unused"
    [ours] = [one for one in found if one.source == "retrylint" and one.severity == types.DiagnosticSeverity.Error]
    assert document.marked(ours.range).startswith("client.get(") and document.marked(ours.range).endswith(".send()")
    assert ours.related_information

    repair = await asyncio.wait_for(offered(client, document, ours), PATIENCE)
    if repair.edit is None:
        repair = await client.code_action_resolve_async(repair)
    document.apply(repair.edit)
    document.save()
    await diagnostics(client, document, compilers)


async def offered(client, document: Document, diagnostic: types.Diagnostic) -> types.CodeAction:
    """The repair of a diagnostic; a run of the checker that has just begun takes those of the run before away."""
    params = types.CodeActionParams(
        types.TextDocumentIdentifier(document.uri),
        diagnostic.range,
        types.CodeActionContext([diagnostic], only=[types.CodeActionKind.QuickFix]),
    )
    while True:
        actions = await client.text_document_code_action_async(params)
        for action in actions:
            if action.title.startswith("give up at once"):
                return action
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS), 1)


async def diagnostics(client, document: Document, sources: set[str]) -> list[types.Diagnostic]:
    """The checkers' diagnostics of a document, once they come from these sources and no other."""

    async def wait():
        while True:
            found = client.diagnostics.get(document.uri, [])
            checked = [one for one in found if one.source in ("rustc", "retrylint")]
            if {one.source for one in checked} == sources:
                return checked
            await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

    return await asyncio.wait_for(wait(), PATIENCE)
