"""`retrylint lsp` driven by pytest-lsp with the capabilities of several editors, on the demonstration agent."""

import asyncio

import pytest
import pytest_lsp
from agent import PROGRAM, Agent
from document import Document
from lsprotocol import types
from pygls.uris import from_fs_path
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

EDITORS = ["emacs@v29.1", "neovim@v0.7.0", "neovim@v0.11.0", "visual-studio-code@v1.65.2", "asks for diagnostics"]
PATIENCE = 30


class Editor:
    """A client with a session, and what an editor knows of it."""

    def __init__(self, client: LanguageClient, agent: Agent, server: types.ServerCapabilities):
        self.client = client
        self.agent = agent
        self.server = server

    def open(self, path) -> Document:
        return Document(self.client, path, self.server.position_encoding or "utf-16")

    async def diagnostics(self, document: Document, expected: int) -> list[types.Diagnostic]:
        """The diagnostics of a document: those answered now, or those sent once there are as many as expected."""
        if self.server.diagnostic_provider is not None:
            params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(document.uri))
            found = (await self.client.text_document_diagnostic_async(params)).items
            assert len(found) == expected
            return list(found)

        async def wait():
            while True:
                found = self.client.diagnostics.get(document.uri)
                if found is not None and len(found) == expected:
                    return list(found)
                await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        return await asyncio.wait_for(wait(), PATIENCE)

    async def actions(self, document: Document, diagnostic: types.Diagnostic, kind: str) -> list[types.CodeAction]:
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(document.uri),
            diagnostic.range,
            types.CodeActionContext([diagnostic], only=[kind]),
        )
        return await self.client.text_document_code_action_async(params)

    async def edit(self, action: types.CodeAction) -> types.WorkspaceEdit:
        """The edit of an action, asked for where it was offered without one."""
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        return action.edit


@pytest.fixture
def agent(tmp_path, request):
    agent = Agent(tmp_path)
    if request.node.get_closest_marker("odd_text"):
        text = agent.loop.read_text().replace("let err = match", "/* ключ \U0001f511 */ let err = match")
        agent.loop.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    return agent


def make_client() -> LanguageClient:
    """A client that takes what else servers ask for: to be told of changes, and that it asks again."""
    client = make_test_lsp_client()
    for method in (
        types.CLIENT_REGISTER_CAPABILITY,
        types.WORKSPACE_CODE_LENS_REFRESH,
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
    ):
        client.feature(method)(lambda params: None)
    return client


def capabilities(editor: str) -> types.ClientCapabilities:
    """Those of an editor as it was recorded; none of the records is of one that asks for diagnostics, as all do today."""
    if editor != "asks for diagnostics":
        return client_capabilities(editor)
    known = client_capabilities("visual-studio-code@v1.65.2")
    known.text_document.diagnostic = types.DiagnosticClientCapabilities(
        related_information=True, code_description_support=True, data_support=True
    )
    known.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    return known


CONFIG = ClientServerConfig(server_command=[str(PROGRAM), "lsp"], client_factory=make_client)


@pytest_lsp.fixture(params=EDITORS, config=CONFIG)
async def editor(request, lsp_client: LanguageClient, agent):
    folder = from_fs_path(str(agent.package))
    params = types.InitializeParams(
        capabilities=capabilities(request.param),
        root_uri=folder,
        workspace_folders=[types.WorkspaceFolder(folder, "bad")],
    )
    answer = await lsp_client.initialize_session(params)
    lsp_client.editor = Editor(lsp_client, agent, answer.capabilities)
    yield
    await lsp_client.shutdown_session()


async def test_open_see_repair_save_clean(editor, request):
    editor = editor.editor
    asks = request.node.callspec.params["editor"] == "asks for diagnostics"
    assert (editor.server.diagnostic_provider is not None) == asks
    code, said = editor.agent.check()
    assert code == 1 and "RL001" in said
    document = editor.open(editor.agent.loop)
    [found] = await editor.diagnostics(document, 1)
    assert (found.code, found.source) == ("auth-backoff", "retrylint")
    assert found.severity == types.DiagnosticSeverity.Error
    assert "6 times" in found.message and "155 s" in found.message
    assert document.marked(found.range).startswith("self.client.chat(")
    related = editor.client.capabilities.text_document.publish_diagnostics.related_information
    if related:
        assert any(one.location.uri.endswith("/src/classify.rs") for one in found.related_information)

    actions = await editor.actions(document, found, types.CodeActionKind.QuickFix)
    [repair] = [action for action in actions if action.is_preferred]
    document.apply(await editor.edit(repair))
    assert await editor.diagnostics(document, 0) == []
    assert editor.agent.check()[0] == 1, "nothing is written before it is saved"
    document.save()
    code, said = editor.agent.check()
    assert code == 0, said


async def test_an_edit_elsewhere_changes_the_finding(editor):
    editor = editor.editor
    loop = editor.open(editor.agent.loop)
    await editor.diagnostics(loop, 1)
    classifier = editor.open(editor.agent.classifier)
    before = classifier.text
    after = before.replace("401 | 403 => Classified::new(", "401 | 403 => Classified::permanent(")
    assert after != before
    classifier.change(after)
    await editor.diagnostics(loop, 0)
    classifier.change("fn broken( {" + before)
    classifier.change(before)
    await editor.diagnostics(loop, 1)


@pytest.mark.odd_text
async def test_positions_are_in_the_editors_units(editor):
    editor = editor.editor
    document = editor.open(editor.agent.loop)
    [found] = await editor.diagnostics(document, 1)
    assert document.marked(found.range).startswith("self.client.chat(&self.history)")
    actions = await editor.actions(document, found, types.CodeActionKind.QuickFix)
    document.apply(await editor.edit(next(action for action in actions if action.is_preferred)))
    await editor.diagnostics(document, 0)
    assert document.text.count("\n") == document.text.count("\r\n"), "the repair has the file's line ends"


async def test_all_at_once(editor):
    editor = editor.editor
    document = editor.open(editor.agent.loop)
    [found] = await editor.diagnostics(document, 1)
    [action] = await editor.actions(document, found, "source.fixAll.retrylint")
    document.apply(await editor.edit(action))
    await editor.diagnostics(document, 0)
    document.save()
    assert editor.agent.check()[0] == 0


async def test_a_suppression_with_a_reason(editor):
    editor = editor.editor
    document = editor.open(editor.agent.loop)
    [found] = await editor.diagnostics(document, 1)
    actions = await editor.actions(document, found, types.CodeActionKind.QuickFix)
    [allow] = [action for action in actions if "llow" in action.title]
    assert not allow.is_preferred
    document.apply(await editor.edit(allow))
    await editor.diagnostics(document, 0)
