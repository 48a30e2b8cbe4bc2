"""The code that the editors open: a copy of the demonstration agent, and the program that checks it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("RETRYLINT", ROOT / "target" / "debug" / "retrylint"))


def documented(editor: str, language: str) -> list[str]:
    """The blocks in this language that docs/editors.md has for an editor."""
    page = (ROOT / "docs" / "editors.md").read_text()
    section = page.split(f"\n## {editor}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def environment() -> dict[str, str]:
    """That of an editor which finds the program on PATH."""
    return dict(os.environ, PATH=f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}")


class Agent:
    """A copy of `fixtures/agent` in a folder of its own."""

    def __init__(self, folder: Path):
        self.root = folder / "agent"
        shutil.copytree(ROOT / "fixtures" / "agent", self.root, ignore=shutil.ignore_patterns("target"))
        self.package = self.root / "bad"
        self.loop = self.package / "src" / "conversation.rs"
        self.classifier = self.package / "src" / "classify.rs"

    def check(self) -> tuple[int, str]:
        """The exit code of `retrylint check` on what is on the disk, and what it says."""
        ran = subprocess.run([PROGRAM, "check", self.package], capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stdout + ran.stderr
