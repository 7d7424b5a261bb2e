"""The SigmaHQ samples: every sampled rule fires on its own sample, as EVTX and as JSON."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.unpack import unpack
from sentinel.cli.scan import app
from sentinel.cli.sources import Source
from sentinel.model.moment import now

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")


@pytest.fixture(scope="module")
def rules(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with SigmaHQ's rules."""
    folder = tmp_path_factory.mktemp("sigma")
    unpack(corpora / "sigma" / "sigma-rules.tar.gz", folder)
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


def winlogbeat(event: dict[str, Any]) -> dict[str, object]:
    """Return an event of the `evtx` library as Winlogbeat ships it: nested ECS, every value a text."""
    system, data = event["Event"]["System"], event["Event"].get("EventData")
    number = system["EventID"]
    values = {name: str(value) for name, value in (data or {}).items() if value is not None and name != "#attributes"}
    return {
        "@timestamp": system["TimeCreated"]["#attributes"]["SystemTime"],
        "winlog": {
            "channel": system["Channel"],
            "event_id": str(number["#text"] if isinstance(number, dict) else number),
            "provider_name": system["Provider"]["#attributes"]["Name"],
            "computer_name": system["Computer"],
            "event_data": values,
            "user_data": event["Event"].get("UserData") or {},
        },
    }


@pytest.mark.slow
def test_the_layout_an_event_is_shipped_in_does_not_matter(corpora: Path, rules: Path, tmp_path: Path) -> None:
    entries = []
    for entry in json.loads((corpora / "sigma" / "regression-manifest.json").read_text()):
        sample = next((corpora / each["path"] for each in entry["samples"] if each["path"].endswith(".json")), None)
        if sample is None:
            continue
        entries.append(entry)
        lines = [json.dumps(winlogbeat(json.loads(event.raw))) for event in Source(sample, None, now()).read()]
        (tmp_path / f"{entry['rule_id']}.ndjson").write_text("\n".join(lines), encoding="utf-8")
    options = [option for folder in FOLDERS for option in ("--rules", str(rules / folder))]
    result = CliRunner().invoke(app, [str(tmp_path), *options, "--json"])
    fired = {
        (Path(found["log"]["file"]["path"]).stem, found["rule"]["id"])
        for found in map(json.loads, result.stdout.splitlines())
    }
    assert [entry["rule_title"] for entry in entries if (entry["rule_id"], entry["rule_id"]) not in fired] == []
    assert len(entries) > 100
