"""The templates use what a server has, and no more; every document we make fits them."""

from dataclasses import replace
from typing import Any

import pytest

from sentinel.model.ecs import TYPES
from sentinel.normalise.parsers import PARSERS
from sentinel.store.elastic import streams, templates
from sentinel.store.elastic.capabilities import Capabilities

BARE = Capabilities(version=(8, 13), lifecycle=False, ilm=False, failure_store=False)


def index_template(capabilities: Capabilities) -> dict[str, Any]:
    found = templates.index_templates(capabilities)
    return found["logs-sentinel.linux"]


def settings(capabilities: Capabilities) -> dict[str, Any]:
    found: dict[str, Any] = templates.component_templates(capabilities)[templates.SETTINGS]["template"]["settings"]
    return found


def test_a_bare_server_gets_nothing_it_does_not_know() -> None:
    assert index_template(BARE)["template"] == {}
    assert "index.lifecycle.name" not in settings(BARE)
    assert not templates.uses_policy(BARE)


def test_the_failure_store_is_on_where_there_is_one() -> None:
    with_one = index_template(replace(BARE, failure_store=True))["template"]
    assert with_one == {"data_stream_options": {"failure_store": {"enabled": True}}}


def test_data_stream_lifecycle_rolls_over_and_deletes_nothing() -> None:
    has = replace(BARE, lifecycle=True, ilm=True)
    assert index_template(has)["template"] == {"lifecycle": {"enabled": True}}
    assert "index.lifecycle.name" not in settings(has)


def test_a_policy_rolls_over_where_there_is_nothing_better() -> None:
    assert settings(replace(BARE, ilm=True))["index.lifecycle.name"] == templates.POLICY
    phases = templates.policy()["policy"]["phases"]
    assert list(phases) == ["hot"]
    assert list(phases["hot"]["actions"]) == ["rollover"]


def test_logsdb_is_off_and_nothing_malformed_is_ignored() -> None:
    assert settings(BARE)["index.mode"] == "standard"
    assert settings(BARE)["index.mapping.ignore_malformed"] is False


def test_nothing_is_mapped_that_is_not_ours() -> None:
    components = templates.component_templates(BARE)
    mapping = components[templates.MAPPING]["template"]["mappings"]
    assert mapping["dynamic"] is False
    leaves: set[str] = set()

    def walk(properties: dict[str, Any], prefix: str) -> None:
        for name, mapped in properties.items():
            if "properties" in mapped:
                walk(mapped["properties"], f"{prefix}{name}.")
            else:
                leaves.add(prefix + name)

    walk(mapping["properties"], "")
    assert leaves == set(TYPES)


def test_there_are_about_a_dozen_streams_and_each_dataset_has_one() -> None:
    assert len(templates.index_templates(BARE)) == len(streams.FAMILIES) + 1 <= 13
    unknown = {dataset for dataset in PARSERS if streams.family(dataset) == streams.OTHER}
    assert unknown <= {"ecs.*"}, "name the family of a new dataset in FAMILIES"
    assert streams.family("sentinel.alert") == "sentinel"
    assert streams.family("acme.thing") == streams.family("") == streams.family(None) == streams.OTHER


@pytest.mark.parametrize("dataset", ["windows.sysmon", "zeek.conn", "app.portal", "../x", "a*b", "Ω", "x" * 1_000])
def test_no_dataset_can_name_a_stream_of_its_own(dataset: str) -> None:
    name = streams.stream(dataset, "default")
    assert name.removesuffix("-default") in templates.index_templates(BARE)
