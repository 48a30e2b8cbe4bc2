"""Neovim with the set-ups of docs/editors.md: open the loop, see the finding, choose its repair, save, clean."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from agent import Agent, documented, environment

HERE = Path(__file__).resolve().parent


def programs() -> list[str]:
    """The Neovims to be had: the one of this environment and the system's."""
    known = [shutil.which("nvim"), "/usr/bin/nvim"]
    return [program for program in dict.fromkeys(known) if program and Path(program).exists()]


def version(program: str) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = re.search(r"NVIM v(\d+)\.(\d+)", said).groups()
    return int(major), int(minor)


def set_up(version: tuple[int, int]) -> str:
    """What the documentation has for this version."""
    since_0_11, before = documented("Neovim", "lua")
    return since_0_11 if version >= (0, 11) else before


def test_there_is_a_neovim():
    assert programs(), "install Neovim, or leave this file out"


@pytest.mark.parametrize("program", programs())
def test_open_see_repair_save_clean(program, tmp_path):
    agent = Agent(tmp_path)
    assert agent.check()[0] == 1
    config = tmp_path / "init.lua"
    config.write_text(set_up(version(program)))
    ran = subprocess.run(
        [program, "--headless", "--clean", "-u", config, agent.loop, "-c", f"luafile {HERE / 'neovim.lua'}"],
        env=environment() | {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    print(ran.stdout, ran.stderr)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "saved with Neovim" in ran.stdout
    code, said = agent.check()
    assert code == 0, said
