"""A trial that could not fail would prove nothing: what is lost, doubled or foreign is found, and points kill."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.crash_trial.ground import SHIM
from bench.crash_trial.oracle import Oracle
from bench.crash_trial.plan import CALLS, plan

WRITER = """
import os, sys
for number in range(5):
    with open(f"{sys.argv[1]}/{number}.part", "wb", buffering=0) as file:
        file.write(b"x" * 100)
        os.fsync(file.fileno())
    os.rename(file.name, f"{sys.argv[1]}/{number}")
os.unlink(f"{sys.argv[1]}/0")
"""


def test_what_is_lost_doubled_or_foreign_is_found() -> None:
    oracle = Oracle(1)
    first, second, third = oracle.issue("own", 3)
    oracle.acknowledge([first, second])
    assert oracle.judge({first: 1, second: 1}).is_good
    assert oracle.judge({first: 1, second: 1, third: 1}).is_good, "what was not acknowledged may be stored"
    assert oracle.judge({first: 1}).lost == 1
    assert oracle.missing({first: 1}) == [second]
    assert oracle.judge({first: 2, second: 1}).doubled == 1
    assert oracle.judge({first: 1, second: 1, third: 3}).doubled == 2
    altered = oracle.judge({first + " ": 1, second: 1})
    assert (altered.lost, altered.foreign, altered.is_good) == (1, 1, False)


def test_lines_are_unique_and_the_same_for_a_seed() -> None:
    lines = Oracle(7).issue("hec", 500)
    assert len(set(lines)) == 500
    assert Oracle(7).issue("hec", 500) == lines
    assert max(map(len, lines)) > 6_000


def test_a_seed_means_the_same_faults_and_seeds_reach_everything() -> None:
    ours, others = ["server", "collector"], ["disk", "kafka"]
    faults = [fault for seed in range(300) for fault in plan(seed, ours, others)]
    assert faults == [fault for seed in range(300) for fault in plan(seed, ours, others)]
    assert {fault.victim for fault in faults} == {*ours, *others}
    assert not [fault for fault in faults if fault.call and fault.victim in others]
    assert {fault.call for fault in faults} == {"", *CALLS}
    assert {fault.how for fault in faults if fault.call == "write"} == {"before", "after", "torn"}
    assert all(fault.number >= 1 for fault in faults if fault.call)


@pytest.mark.parametrize(
    ("point", "files"),
    [
        ("sync:3:before", {"0": 100, "1": 100, "2.part": 100}),
        ("rename:2:before", {"0": 100, "1.part": 100}),
        ("rename:2:after", {"0": 100, "1": 100}),
        ("write:2:before", {"0": 100, "1.part": 0}),
        ("write:2:torn", {"0": 100, "1.part": 50}),
        ("unlink:1:after", {"1": 100, "2": 100, "3": 100, "4": 100}),
    ],
)
def test_a_process_dies_at_its_point(tmp_path: Path, point: str, files: dict[str, int]) -> None:
    shim, folder = tmp_path / "shim.so", tmp_path / "files"
    folder.mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", shim, SHIM, "-ldl"], check=True)
    environment = {"LD_PRELOAD": str(shim), "FAULT_POINT": point}
    done = subprocess.run([sys.executable, "-S", "-B", "-c", WRITER, folder], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert {each.name: each.stat().st_size for each in folder.iterdir()} == files
