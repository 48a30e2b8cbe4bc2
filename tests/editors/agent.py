"""The code that the editors open: a copy of the demonstration agent, and the program that checks it."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("RETRYLINT", ROOT / "target" / "debug" / "retrylint"))


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
