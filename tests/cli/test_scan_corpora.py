"""The SigmaHQ samples: every sampled rule fires on its own sample, as EVTX and as JSON."""

import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sentinel.cli.scan import app

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")


@pytest.fixture(scope="module")
def rules(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with SigmaHQ's rules."""
    folder = tmp_path_factory.mktemp("sigma")
    with tarfile.open(corpora / "sigma" / "sigma-rules.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.mark.slow
def test_every_sampled_rule_fires_on_its_sample(corpora: Path, rules: Path) -> None:
    options = [option for folder in FOLDERS for option in ("--rules", str(rules / folder))]
    result = CliRunner().invoke(app, [str(corpora / "sigma" / "regression_data"), *options, "--json"])
    assert result.exit_code == 1, result.stderr
    fired: Counter[tuple[Path, str]] = Counter()
    for line in result.stdout.splitlines():
        found = json.loads(line)
        fired[Path(found["log"]["file"]["path"]).resolve(), found["rule"]["id"]] += 1
        assert found["sentinel"]["evidence"]
        assert found["event"]["sequence"] >= 1
    missing = []
    checked = 0
    for entry in json.loads((corpora / "sigma" / "regression-manifest.json").read_text()):
        for sample in entry["samples"]:
            if sample["format"] not in ("evtx", "json") or not sample.get("expected_min_matches"):
                continue
            checked += 1
            if fired[(corpora / sample["path"]).resolve(), entry["rule_id"]] < sample["expected_min_matches"]:
                missing.append((sample["path"], entry["rule_title"]))
    assert not missing
    assert checked > 200
