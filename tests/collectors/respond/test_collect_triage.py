"""Triage reads this very machine, within bounds."""

import json
import os
from pathlib import Path

import pytest

from collectors.respond import collect_triage
from collectors.respond.collect_triage import CollectTriage
from collectors.respond.limits import Limits
from sentinel.errors import UnavailableError
from tests.collectors.respond.conftest import MakeTask


def test_it_sees_processes_and_recent_files(tmp_path: Path, limits: Limits, task: MakeTask) -> None:
    for number in range(collect_triage.MAX_FILES + 20):
        (tmp_path / f"file-{number}").touch()
    (tmp_path / "odd\udcff").touch()
    done = CollectTriage(limits).perform(task("collect_triage", folder=str(tmp_path), hours=1))
    assert done.result["file_count"] == collect_triage.MAX_FILES + 21
    files, processes = done.result["files"], done.result["processes"]
    assert isinstance(files, list)
    assert isinstance(processes, list)
    assert len(files) == collect_triage.MAX_FILES
    assert os.getpid() in {process["pid"] for process in processes}
    assert len(json.dumps(done.result)) < 250_000


def test_a_folder_that_is_not_there_is_not_an_empty_one(limits: Limits, task: MakeTask) -> None:
    with pytest.raises(UnavailableError, match="no folder"):
        CollectTriage(limits).perform(task("collect_triage", folder="/no/such/folder"))


def test_names_chosen_to_be_long_do_not_make_it_too_large_to_report(
    tmp_path: Path, limits: Limits, task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "ệ" * collect_triage.MAX_TEXT
    names = ("name", "executable", "user", "command_line")
    monkeypatch.setattr(
        collect_triage, "_processes", lambda: iter([{"pid": pid} | dict.fromkeys(names, long) for pid in range(250)])
    )
    for number in range(collect_triage.MAX_FILES):
        (tmp_path / f"{'ệ' * 80}{number}").touch()
    result = CollectTriage(limits).perform(task("collect_triage", folder=str(tmp_path), hours=1)).result
    assert len(json.dumps(result).encode()) < 250_000
    processes = result["processes"]
    assert isinstance(processes, list)
    assert len(processes) > 90
