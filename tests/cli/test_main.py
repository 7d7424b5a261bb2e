"""The command line teaches, and says what is wrong in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.cli import COMMANDS


def sentinel(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sentinel"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, env={**variables})


def test_help_lists_every_command_on_standard_output() -> None:
    answer = sentinel("--help")
    assert answer.returncode == 0
    for name in COMMANDS:
        assert name in answer.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_itself(name: str) -> None:
    answer = sentinel(name, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "Usage: sentinel" in answer.stdout


def test_a_mistyped_command_is_wrong_use_and_gets_a_hint() -> None:
    answer = sentinel("scna")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "did you mean 'scan'" in answer.stderr


def test_a_missing_home_is_one_sentence(tmp_path: Path) -> None:
    answer = sentinel("serve", "--home", str(tmp_path / "none"))
    assert answer.returncode == 2
    assert "run `sentinel init" in answer.stderr
    assert "Traceback" not in answer.stderr
