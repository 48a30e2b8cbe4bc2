"""Emacs with Eglot and the set-up of docs/editors.md: open the loop, see the finding, take its repair, save, clean."""

import shutil
import subprocess
from pathlib import Path

import pytest
from agent import Agent, documented, environment

HERE = Path(__file__).resolve().parent
# Emacs in batch loads no packages by itself.
START = ["emacs", "--batch", "--eval", "(require 'package)", "--eval", "(package-initialize)"]


def missing() -> str | None:
    if shutil.which("emacs") is None:
        return "there is no Emacs"
    ran = subprocess.run([*START, "-l", "eglot", "-l", "rust-mode"], capture_output=True)
    return None if ran.returncode == 0 else "Emacs has no Eglot or no rust-mode"


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_open_see_repair_save_clean(tmp_path):
    agent = Agent(tmp_path)
    assert agent.check()[0] == 1
    # Emacs takes a repository for a project.
    subprocess.run(["git", "init", "--quiet", agent.root], check=True)
    config = tmp_path / "init.el"
    config.write_text(documented("Emacs", "elisp")[0])
    ran = subprocess.run(
        [*START, "-l", config, "--visit", agent.loop, "-l", HERE / "emacs.el"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    print(ran.stdout, ran.stderr)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "saved with Emacs" in ran.stderr
    code, said = agent.check()
    assert code == 0, said
