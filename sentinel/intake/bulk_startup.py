"""What programs ask an Elasticsearch before they send to it, and what the door `bulk` answers. Pure.

Beats ask for `/`, `/_license`, a template, a life-cycle policy, and with modules for `/_nodes/ingest` and pipelines;
Logstash for `/`, `/_license` (before 8 also `/_xpack`), a template, and where it sniffs for `/_nodes/http`; Vector for
`/_cluster/health` and `/`; Fluent Bit for nothing. The official clients check the product header of every answer.
"""

import re
from collections.abc import Callable

from sentinel.intake.door import Reply, json_reply

VERSION = "8.19.0"
"""The version that the door says it is: the last of the line whose clients all others still speak to."""
NAME = "sentinel"
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
_UUID = "sentinel-door-bulk-001"
_NODE = "sentinel-door-node-01"
_PROCESSORS = (
    "append",
    "convert",
    "date",
    "geoip",
    "grok",
    "json",
    "pipeline",
    "remove",
    "rename",
    "set",
    "user_agent",
)
"""Filebeat's modules look for these before they load their pipelines."""


def about() -> dict[str, object]:
    """Return what `GET /` answers."""
    return {
        "name": NAME,
        "cluster_name": NAME,
        "cluster_uuid": _UUID,
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "docker",
            "build_hash": "0000000000000000000000000000000000000000",
            "build_date": "2025-07-24T00:00:00.000000000Z",
            "build_snapshot": False,
            "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }


def startup(method: str, path: str, address: str) -> Reply | None:
    """Return the answer to a question that comes before the first document; None for any other request.

    Templates, policies, data streams and pipelines are said to be there, and to be put: documents of this door keep
    the form they come in, so there is nothing to prepare. `address` is host and port as the client called them.
    """
    if method in ("GET", "HEAD") and path in _QUESTIONS:
        return json_reply(_QUESTIONS[path](address))
    if method in ("GET", "HEAD") and re.fullmatch(r"/_cluster/health/[^/]{1,255}", path):
        return json_reply(_health(address))
    found = _PREPARED.fullmatch(path)
    if found is None:
        return None
    if method in ("PUT", "POST"):
        return json_reply({"acknowledged": True})
    return json_reply(_there(found["kind"], found["name"])) if method in ("GET", "HEAD") else None


def unknown(method: str, path: str) -> Reply:
    """Return the answer to a request that this door does not know: it takes documents and does nothing else."""
    reason = f"no handler found for uri [{path[:200]}] and method [{method}]; this door only takes documents by _bulk"
    cause = {"type": "illegal_argument_exception", "reason": reason}
    return json_reply({"error": {"root_cause": [cause], **cause}, "status": 400}, 400)


_PREPARED = re.compile(
    r"/_(?P<kind>index_template|component_template|template|ilm/policy|data_stream|ingest/pipeline|alias)"
    r"/(?P<name>[^/]{1,255})(?:/_lifecycle)?"
)


def _there(kind: str, name: str) -> dict[str, object]:
    """Return the shortest description of a thing that is there."""
    match kind:
        case "index_template" | "component_template":
            field = "index_templates" if kind == "index_template" else "component_templates"
            return {field: [{"name": name, kind: {"index_patterns": [f"{name}*"]}}]}
        case "data_stream":
            return {"data_streams": [{"name": name, "status": "GREEN", "timestamp_field": {"name": "@timestamp"}}]}
        case "ilm/policy":
            return {name: {"version": 1, "policy": {"phases": {}}}}
        case "ingest/pipeline":
            return {name: {"processors": []}}
    return {name: {"index_patterns": [f"{name}*"], "aliases": {name: {"is_write_index": True}}}}


def _license() -> dict[str, object]:
    return {"status": "active", "uid": _UUID, "type": "basic", "mode": "basic", "issued_to": NAME, "issuer": NAME}


def _health(_: str) -> dict[str, object]:
    return {
        "cluster_name": NAME,
        "status": "green",
        "timed_out": False,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": 1,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
    }


def _nodes(address: str) -> dict[str, object]:
    node = {
        "name": NAME,
        "version": VERSION,
        "roles": ["data", "ingest", "master"],
        "http": {"bound_address": [address], "publish_address": address, "max_content_length_in_bytes": 16_000_000},
        "ingest": {"processors": [{"type": name} for name in _PROCESSORS]},
    }
    return {"_nodes": {"total": 1, "successful": 1, "failed": 0}, "cluster_name": NAME, "nodes": {_NODE: node}}


def _xpack(_: str) -> dict[str, object]:
    off = {"available": False, "enabled": False}
    on = {"available": True, "enabled": True}
    return {"license": _license(), "features": {"ilm": on, "security": on, "monitoring": off}}


_QUESTIONS: dict[str, Callable[[str], dict[str, object]]] = {
    "/": lambda _: about(),
    "/_license": lambda _: {"license": _license()},
    "/_xpack": _xpack,
    "/_nodes": _nodes,
    "/_nodes/http": _nodes,
    "/_nodes/ingest": _nodes,
    "/_nodes/_all/http": _nodes,
    "/_cluster/health": _health,
    "/_ilm/status": lambda _: {"operation_mode": "RUNNING"},
}
