"""Trials run one at a time, what waits runs beside what computes, and a file stays on one worker."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.workers import TRIALS, WAITING

CONFTEST = """
import json, os
from pathlib import Path

import pytest
from tests.conftest import pytest_xdist_make_scheduler

@pytest.fixture(autouse=True)
def said(request):
    with open("said", "a") as file:
        file.write(json.dumps([os.environ["PYTEST_XDIST_WORKER"], request.node.nodeid.split("::")[0]]) + "\\n")
"""
FILE = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    pass
"""


def ran(folder: Path, workers: int, files: Sequence[str]) -> list[tuple[str, str]]:
    """Return which worker ran which file, a pair for every test, in the order in which they ran."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").touch()
    for count, path in enumerate(files, 3):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(FILE.format(count=count))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist.plugin", "-n", str(workers), "--dist", "loadfile"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--import-mode=importlib", "-W", "ignore"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    pairs = [json.loads(line) for line in (folder / "said").read_text().splitlines()]
    assert len(pairs) == sum(range(3, 3 + len(files)))
    return [(worker, path) for worker, path in pairs]


def test_each_worker_takes_what_is_for_it(tmp_path: Path) -> None:
    units = [f"tests/test_{name}.py" for name in "abcd"]
    files = [*TRIALS[:2], *WAITING[:2], *units]
    pairs = ran(tmp_path, 3, files)
    assert {path for _, path in pairs} == set(files)
    for path in files:
        assert len({worker for worker, its in pairs if its == path}) == 1, f"{path} stays on one worker"
    last = [path for worker, path in pairs if worker == "gw2"]
    assert set(last[:3]) <= set(TRIALS)
    assert {worker for worker, path in pairs if path in TRIALS} == {"gw2"}
    first = [next(path for worker, path in pairs if worker == name) for name in ("gw0", "gw1")]
    assert set(first) <= set(units)


@pytest.mark.parametrize("workers", [1, 2])
def test_trials_never_run_two_at_a_time(tmp_path: Path, workers: int) -> None:
    pairs = ran(tmp_path, workers, TRIALS)
    assert {worker for worker, _ in pairs} == {f"gw{workers - 1}"}


@pytest.mark.parametrize("path", [*TRIALS, *WAITING])
def test_what_has_a_place_exists(path: str) -> None:
    assert (ROOT / path).is_file(), "say in tests/workers.py where it went"


def marked(mark: str) -> set[str]:
    """Return the files in which a mark is given to tests."""
    files = {
        str(path.relative_to(ROOT)): path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)
    }
    return {name for name, path in files.items() if f"pytest.mark.{mark}" in path.read_text("utf-8")}


def test_every_trial_has_its_place() -> None:
    assert marked("trial") == set(TRIALS), "add it to TRIALS in tests/workers.py"
    engines = marked("engines")
    assert engines
    assert all(name.startswith("tests/live/") for name in engines), "`make test` looks for them there"
