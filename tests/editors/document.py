"""A document as an editor holds it: its text, its version, and edits applied to it."""

from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path
from pygls.workspace import PositionCodec
from pytest_lsp import LanguageClient


class Document:
    def __init__(self, client: LanguageClient, path: Path, encoding: str):
        self.client = client
        self.path = path
        self.uri = from_fs_path(str(path))
        self.codec = PositionCodec(types.PositionEncodingKind(encoding))
        self.version = 1
        self.text = path.read_bytes().decode()
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(self.uri, "rust", self.version, self.text))
        )

    def change(self, text: str):
        """Replaces the text, as one edit of everything."""
        lines = self.text.splitlines(keepends=True)
        end = self.codec.position_to_client_units(lines, types.Position(len(lines), 0))
        self.version += 1
        self.text = text
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.version, self.uri),
                [types.TextDocumentContentChangePartial(types.Range(types.Position(0, 0), end), text)],
            )
        )

    def apply(self, edit: types.WorkspaceEdit):
        """Applies an edit that must be about this document alone."""
        if edit.document_changes is not None:
            [change] = edit.document_changes
            assert change.text_document.version == self.version
            uri, edits = change.text_document.uri, change.edits
        else:
            [(uri, edits)] = edit.changes.items()
        assert uri == self.uri
        text = self.text
        for one in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
            start, end = (self.offset(at) for at in (one.range.start, one.range.end))
            text = text[:start] + one.new_text + text[end:]
        self.change(text)

    def save(self):
        self.path.write_bytes(self.text.encode())
        self.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(self.uri))
        )

    def marked(self, range: types.Range) -> str:
        """The text in a range."""
        return self.text[self.offset(range.start) : self.offset(range.end)]

    def offset(self, position: types.Position) -> int:
        """The index in the text of a position in the client's units."""
        lines = self.text.splitlines(keepends=True)
        at = self.codec.position_from_client_units(lines, position)
        return sum(len(line) for line in lines[: at.line]) + at.character
