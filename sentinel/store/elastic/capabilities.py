"""What the Elasticsearch at hand can do: asked of the server itself, never concluded from its version alone."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentinel.errors import UnavailableError
from sentinel.store.elastic.client import explained

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

OLDEST = (8, 13)
"""The first that lets a bulk request insist on a data stream (`require_data_stream`)."""
NEWEST_MAJOR = 9
"""The 8.x client speaks to servers of its own and of the next major version."""
_PATTERN = "sentinel-probe-*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server has. Where one is missing, Sentinel does without."""

    version: tuple[int, int]
    lifecycle: bool
    """Data stream lifecycle is carried out here, not only written down."""
    ilm: bool
    failure_store: bool


def detect(client: "Elasticsearch") -> Capabilities:
    """Ask the server; raise `UnavailableError` where it does not answer, is too old or too new, or is another product.

    Nothing is made on the server: templates are simulated. Needs the privileges `monitor` and `manage_index_templates`.
    """
    with explained("ask what this Elasticsearch can do"):
        version = _version(client)
        return Capabilities(
            version=version,
            lifecycle=_has(client, "/_data_stream/sentinel-probe-none/_lifecycle"),
            ilm=_has(client, "/_ilm/policy/sentinel-probe-none"),
            failure_store=_takes(client, {"data_stream_options": {"failure_store": {"enabled": True}}}),
        )


def _version(client: "Elasticsearch") -> tuple[int, int]:
    """Return the lowest version among the nodes; `GET /` is not everywhere, and names only one node."""
    body = _ask(client, "GET", "/_nodes?filter_path=nodes.*.version").body
    texts = [str(node.get("version", "")) for node in body.get("nodes", {}).values()]
    found = [(int(match[1]), int(match[2])) for text in texts if (match := re.match(r"(\d+)\.(\d+)\.", text))]
    if not found:
        raise UnavailableError("Elasticsearch does not tell its version; the privilege `monitor` is needed")
    lowest = min(found)
    if lowest < OLDEST or max(found)[0] > NEWEST_MAJOR:
        raise UnavailableError(
            f"Elasticsearch {lowest[0]}.{lowest[1]} is not supported; "
            f"use {OLDEST[0]}.{OLDEST[1]} to {NEWEST_MAJOR}.x, 8.19 or 9.1 at best"
        )
    return lowest


def _has(client: "Elasticsearch", path: str) -> bool:
    """Return whether something answers there; "there is none of that name" is an answer.

    Without the module that answers, the core takes the path for the name of an index, or for another method's.
    """
    answer = _ask(client, "GET", path, allow=(400, 404, 405))
    if answer.meta.status == 404:
        return True
    return bool(answer.meta.status == 200)


def _takes(client: "Elasticsearch", template: dict[str, Any]) -> bool:
    """Return whether a template with that would be taken."""
    body = {"index_patterns": [_PATTERN], "priority": 0, "data_stream": {}, "template": template}
    answer = _ask(client, "POST", "/_index_template/_simulate", body, allow=(400,))
    return bool(answer.meta.status == 200)


def _ask(
    client: "Elasticsearch", method: str, path: str, body: dict[str, Any] | None = None, allow: tuple[int, ...] = ()
) -> Any:
    headers = {"accept": "application/json", "content-type": "application/json"}
    return client.options(ignore_status=allow).perform_request(method, path, headers=headers, body=body)
