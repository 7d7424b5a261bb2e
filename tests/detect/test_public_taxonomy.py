"""Every public rule of a kind of log that we read finds its log source, and every field it names."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sentinel.detect.rule import LogSource
from sentinel.detect.taxonomy import bundled
from sentinel.model.ecs import type_of

FOLDERS = ("rules/", "rules-emerging-threats/", "rules-threat-hunting/")
NOT_READ = {
    "macos", "azure", "okta", "gcp", "github", "bitbucket", "onelogin", "huawei", "juniper", "paloalto",
}  # fmt: skip
"""Products whose logs have no parser."""
NOT_OFFERED = {
    LogSource("windows", "file_access"),  # tracing sessions, no event log
    LogSource("windows", "file_rename"),
    LogSource("cisco", None, "duo"),
}


@pytest.fixture(scope="module")
def rules(corpora: Path) -> list[dict[str, Any]]:
    """Return the public rules."""
    found = []
    with tarfile.open(corpora / "sigma/sigma-rules.tar.gz") as archive:
        for member in archive.getmembers():
            if member.name.endswith(".yml") and member.name.removeprefix("./").startswith(FOLDERS):
                content = archive.extractfile(member)
                assert content is not None
                found += [each for each in yaml.load_all(content, yaml.CSafeLoader) if "detection" in each]
    return found


def fields_in(part: object) -> Iterator[str]:
    """Yield the field names in a detection."""
    if isinstance(part, dict):
        yield from (name for key in part if (name := key.partition("|")[0]))
    elif isinstance(part, list):
        for each in part:
            yield from fields_in(each) if isinstance(each, dict) else ()


def test_every_log_source_is_offered_and_every_field_is_known(rules: list[dict[str, Any]]) -> None:
    sources = [source for family in bundled() for source in family.sources]
    nowhere, unknown = set(), set()
    for rule in rules:
        said = rule["logsource"]
        wanted = LogSource(said.get("product"), said.get("category"), said.get("service"))
        if wanted.product in NOT_READ or wanted in NOT_OFFERED:
            continue
        fitting = [source for source in sources if wanted.fits(source.offered)]
        if not fitting:
            nowhere.add(wanted)
        for name, part in rule["detection"].items():
            for field in fields_in(part) if name not in ("condition", "timeframe") else ():
                if not any(type_of(each) for source in fitting for each in source.names.resolve(field)):
                    unknown.add((wanted, field))
    assert not nowhere
    assert not unknown
    assert len(rules) > 3_700
