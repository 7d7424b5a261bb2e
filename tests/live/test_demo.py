"""The demo is the main job on real input; it ends with 0 only when every stage was verified."""

import subprocess
from pathlib import Path

import pytest

from sentinel.cli.demo.city import program


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_runs_to_a_verified_end(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [program("sentinel"), "demo", "--once", "--folder", str(folder), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=280,
    )
    logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in folder.glob("*.log"))
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{logs}"
    assert "quarantine_file: verified" in done.stderr
    assert "ERROR" not in logs
