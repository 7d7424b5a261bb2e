"""The collector alone: the base install runs without the server's modules and without any extra."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import psutil

EXTRAS = ("scapy", "cryptography", "zstandard", "evtx", "sqlalchemy", "fastapi", "pydantic", "orjson", "typer")


def base_install(folder: Path, root: Path) -> Path:
    """Return a folder with the collector, the two shared files and psutil: all that a base install may use."""
    folder.mkdir()
    (folder / "collectors").symlink_to(root / "collectors")
    (folder / "sentinel").mkdir()
    for name in ("__init__.py", "event.py", "errors.py"):
        (folder / "sentinel" / name).symlink_to(root / "sentinel" / name)
    (folder / "psutil").symlink_to(Path(psutil.__file__).parent)
    return folder


def run(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    # -S and -E: no site-packages of this environment, no PYTHONPATH of whoever runs the test.
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {arguments[0]}"]
    return subprocess.run([*command, *arguments[1:]], capture_output=True, text=True, timeout=60, check=False, **more)


def test_the_collector_imports_no_server_module_and_no_extra(root: Path) -> None:
    modules_of_ours = "collectors.main, collectors.logs.file, collectors.host.processes, collectors.host.connections"
    code = f"import {modules_of_ours}, sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    modules = json.loads(done.stdout)
    sentinel = {name for name in modules if name == "sentinel" or name.startswith("sentinel.")}
    assert sentinel == {"sentinel", "sentinel.event", "sentinel.errors"}
    assert not {name.partition(".")[0] for name in modules} & set(EXTRAS)


def test_the_base_install_enrols_checks_and_runs(root: Path, tmp_path: Path, receiver: Any) -> None:
    install = base_install(tmp_path / "install", root)
    log = tmp_path / "auth.log"
    log.write_text("one\ntwo\n")
    config = tmp_path / "collector.toml"
    config.write_text(
        f'[collector]\nhome = "{tmp_path / "home"}"\nhost = "web1"\n'
        f'[[input]]\nkind = "file"\npath = "{log}"\ndataset = "linux.auth"\nstart = "beginning"\n'
        '[[input]]\nkind = "evtx"\npath = "/nowhere/*.evtx"\n'
        '[[input]]\nkind = "processes"\n'
    )
    main = "import collectors.main; sys.exit(collectors.main.main())"
    enrolled = run(install, main, "--config", str(config), "enrol", "-", input=receiver.token())
    assert enrolled.returncode == 0, enrolled.stderr
    checked = run(install, main, "--config", str(config), "check")
    assert checked.returncode == 1
    assert "reachable, and its certificate is from that CA" in checked.stdout
    assert f"{log}: 8 bytes, will start at its beginning" in checked.stdout
    assert "PROBLEM input evtx:/nowhere/*.evtx: evtx needs the extra 'evtx'" in checked.stdout
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(install)!r}); {main}"]
    with (tmp_path / "errors").open("wb") as errors:
        process = subprocess.Popen([*command, "--config", str(config), "run"], stderr=errors)
    try:
        receiver.wait(lambda: {"one", "two"} <= set(receiver.raws) and receiver.statuses)
        with log.open("a") as file:
            file.write("three\n")
        receiver.wait(lambda: "three" in receiver.raws)
        receiver.wait(lambda: any('"process.pid":' in raw for raw in receiver.raws))
    finally:
        process.terminate()
        assert process.wait(30) == 0
    states = {each["kind"]: each for each in receiver.statuses[-1]["inputs"]}
    assert states.keys() == {"file", "evtx", "processes"}
    assert sysconfig.get_paths()["purelib"] not in (tmp_path / "errors").read_text()
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_help_names_every_command(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "collectors.main", "--help"],
        cwd=root,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert all(command in done.stdout for command in ("run", "enrol", "check", "status", "pcap", "exit codes"))
