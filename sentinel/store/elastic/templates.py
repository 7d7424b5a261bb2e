"""Component and index templates of our data streams, made for what the server at hand has, and put there.

Every stream has the same mapping: a field means the same in all of them. `logs-sentinel@custom`, and one such template
for each family, are left to whoever runs the cluster; they may add settings, and mappings for names we do not have.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sentinel.store.elastic.capabilities import Capabilities
from sentinel.store.elastic.client import explained
from sentinel.store.elastic.mapping import AT, PAIRS, RAW_VALUES, WORDS, properties
from sentinel.store.elastic.streams import FAMILIES, OTHER, PREFIX

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LAYOUT = 1
"""Rises with every change of the mapping; older backing indices keep theirs until they are deleted."""
PRIORITY = 500
"""Above Elasticsearch's own template for `logs-*-*`, which is 100."""
MAX_SHARD = "25gb"
MAX_DOCUMENTS = 150_000_000
"""In one shard; Lucene ends at two thousand million, searches slow down long before."""
MAX_AGE = "7d"
"""A stream gets a new backing index so often: whole indices can be deleted soon after their events' time is over."""
POLICY = "sentinel"
"""Name of the lifecycle policy where the server has ILM but no data stream lifecycle."""
MAX_REGEX_CHARACTERS = 50_000
"""An expression of ours names both cases of every letter; its size is bounded before."""
MAX_WINDOW = 110_001
"""The farthest page and its length."""
REFRESH = "1s"
"""For every stream: flows are asked for in the same minute as the alert beside them. It is said although it is
Elasticsearch's default, because by default a stream that nobody asked for 30 s is not refreshed at all."""

SETTINGS, MAPPING, HELPERS = "sentinel-settings", "sentinel-mapping", "sentinel-helpers"


def component_templates(capabilities: Capabilities) -> dict[str, dict[str, Any]]:
    """Return the component templates by name."""
    mapped = properties()
    helpers = {name: mapped["sentinel"]["properties"].pop(name) for name in ("at", "pairs", "raw", "words")}
    found = {
        SETTINGS: {"settings": _settings(capabilities)},
        MAPPING: {"mappings": {"dynamic": False, "properties": mapped}},
        HELPERS: {
            "mappings": {
                "_source": {"excludes": [AT, PAIRS, RAW_VALUES, f"{RAW_VALUES}.*", WORDS, f"{WORDS}.*"]},
                "properties": {"sentinel": {"properties": helpers}},
            }
        },
    }
    return {name: _signed({"template": template, "version": LAYOUT}) for name, template in found.items()}


def index_templates(capabilities: Capabilities) -> dict[str, dict[str, Any]]:
    """Return the index templates by name, one for each family, for streams of any namespace."""
    template: dict[str, Any] = {}
    if capabilities.lifecycle:
        # Without a retention: what is deleted when is ours to say, because of legal holds.
        template["lifecycle"] = {"enabled": True}
    if capabilities.failure_store:
        template["data_stream_options"] = {"failure_store": {"enabled": True}}
    found = {}
    for family in (*FAMILIES, OTHER):
        own = f"{PREFIX.rstrip('.')}.{family}@custom"
        found[f"{PREFIX}{family}"] = _signed(
            {
                "index_patterns": [f"{PREFIX}{family}-*"],
                "priority": PRIORITY,
                "version": LAYOUT,
                "data_stream": {},
                "composed_of": [SETTINGS, MAPPING, HELPERS, "logs-sentinel@custom", own],
                "ignore_missing_component_templates": ["logs-sentinel@custom", own],
                "template": template,
            }
        )
    return found


def policy() -> dict[str, Any]:
    """Return the lifecycle policy: new backing indices by size and age, nothing deleted."""
    conditions = {"max_primary_shard_size": MAX_SHARD, "max_age": MAX_AGE, "max_primary_shard_docs": MAX_DOCUMENTS}
    return {"policy": {"phases": {"hot": {"actions": {"rollover": conditions}}}, "_meta": {"managed_by": "sentinel"}}}


def install(client: "Elasticsearch", capabilities: Capabilities) -> None:
    """Put policy and templates onto the server, those that are not there yet. Raises `UnavailableError`."""
    with explained("put the templates of the event streams; the privilege `manage_index_templates` is needed"):
        if uses_policy(capabilities):
            client.ilm.put_lifecycle(name=POLICY, **policy())
        _put_missing(client, "_component_template", "sentinel-*", component_templates(capabilities))
        _put_missing(client, "_index_template", f"{PREFIX}*", index_templates(capabilities))


def _put_missing(client: "Elasticsearch", kind: str, names: str, wanted: dict[str, dict[str, Any]]) -> None:
    """Put those that the server has not exactly as wanted: each costs it a change of the state of the cluster."""
    answer = client.options(ignore_status=404).perform_request("GET", f"/{kind}/{names}", headers=_HEADERS).body
    there = {each["name"]: each[kind.removeprefix("_")] for each in answer.get(f"{kind.removeprefix('_')}s", ())}
    for name, body in wanted.items():
        if there.get(name, {}).get("_meta") != body["_meta"]:
            client.perform_request("PUT", f"/{kind}/{name}", headers=_HEADERS, body=body)


def uses_policy(capabilities: Capabilities) -> bool:
    """Return whether ILM makes new backing indices; data stream lifecycle goes first, and without both we do."""
    return capabilities.ilm and not capabilities.lifecycle


def _signed(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template with what tells whether the server has the same one."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()
    return {**template, "_meta": {"managed_by": "sentinel", "digest": digest}}


_HEADERS = {"accept": "application/json", "content-type": "application/json"}


def _settings(capabilities: Capabilities) -> dict[str, Any]:
    found: dict[str, Any] = {
        "index.number_of_shards": 1,
        "index.auto_expand_replicas": "0-1",
        # logsdb, which 9.x chooses for such names by itself, ignores what is malformed without a word.
        "index.mode": "standard",
        "index.mapping.ignore_malformed": False,
        "index.mapping.total_fields.limit": 2_000,
        "index.max_result_window": MAX_WINDOW,
        "index.max_regex_length": MAX_REGEX_CHARACTERS,
        "index.translog.durability": "request",
        "index.refresh_interval": REFRESH,
    }
    if uses_policy(capabilities):
        found["index.lifecycle.name"] = POLICY
    return found
