"""otlp: OpenTelemetry logs over HTTP, in protobuf or JSON.

OTLP specification 1.x, "OTLP/HTTP"; `opentelemetry.proto.collector.logs.v1`.
"""

import base64
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from sentinel.errors import InputError, RefusedError, SentinelError
from sentinel.intake.dataset_names import dataset_named
from sentinel.intake.document import MAX_HOST_CHARACTERS
from sentinel.intake.door import MAX_ITEMS, Asked, Door, Reading, Reply, TooManyError, check_length
from sentinel.intake.lines import Line
from sentinel.model.hints import WRAPPING
from sentinel.model.sender import Sender
from sentinel.normalise import times
from sentinel.normalise.decode import MAX_DEPTH

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_DATASETS = ("event.dataset", "data_stream.dataset", "sentinel.dataset")
_HOSTS = ("host.name", "host.id", "k8s.pod.name", "service.instance.id")
_START = datetime(1970, 1, 1, tzinfo=UTC)
Message = Any
"""A generated protobuf message; the packages come without types."""


class UnsupportedMediaError(InputError):
    """The body is neither of OTLP's two kinds."""

    http_status = 415


def read(asked: Asked, body: bytes, sender: Sender) -> Reading:
    """Return the records of a request; those that cannot be kept are told in `partial_success`."""
    request = _request(asked, body)
    lines: list[Line] = []
    rejected, last = 0, ""
    for resource, scope, record in _records(request):
        try:
            lines.append(_line(resource, scope, record, sender))
        except (InputError, RefusedError) as error:
            rejected, last = rejected + 1, str(error)
        if len(lines) + rejected > MAX_ITEMS:
            raise TooManyError(f"more than {MAX_ITEMS} records in one request")
    response = ExportLogsServiceResponse()
    if rejected:
        partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=_plain(last))
        response.partial_success.CopyFrom(partial)
    faults = {"bad_item": (rejected, last)} if rejected else {}
    return Reading(lines=lines, faults=faults, reply=_reply(asked, response))


def refuse(asked: Asked, error: SentinelError) -> Reply:
    """Return the error as OTLP has it, a `Status` in the kind the request was of."""
    message = _plain(str(error))
    if _kind(asked) == JSON:
        return Reply(status=error.http_status, body=orjson.dumps({"message": message}))
    # `google.rpc.Status` has its message under the same number, and its package is no dependency of ours.
    body = ExportLogsPartialSuccess(error_message=message).SerializeToString()
    return Reply(status=error.http_status, body=body, media_type=PROTOBUF)


def _request(asked: Asked, body: bytes) -> Message:
    request = ExportLogsServiceRequest()
    match _kind(asked):
        case "application/x-protobuf":
            try:
                request.ParseFromString(body)
            except DecodeError as error:
                raise InputError(f"not a protobuf message of OTLP: {error}") from error
        case "application/json":
            try:
                # OTLP's JSON writes ids in hex where protobuf's JSON has base64.
                document = _with_base64_ids(body)
                ParseDict(document, request, ignore_unknown_fields=True, max_recursion_depth=MAX_DEPTH * 3)
            except (ParseError, RecursionError, ValueError) as error:
                raise InputError(f"not OTLP in JSON: {str(error)[:300]}") from error
        case kind:
            raise UnsupportedMediaError(f"Content-Type must be {PROTOBUF} or {JSON}, not {kind[:60]}")
    return request


def _kind(asked: Asked) -> str:
    return asked.headers.get("content-type", "").partition(";")[0].strip().lower()


def _with_base64_ids(body: bytes) -> dict[str, object]:
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise InputError("expected a JSON object")
    for resource in _list(document, "resourceLogs"):
        for scope in _list(resource, "scopeLogs"):
            for record in _list(scope, "logRecords"):
                for name in ("traceId", "spanId"):
                    if isinstance(value := record.get(name), str):
                        record[name] = base64.b64encode(bytes.fromhex(value)).decode()
    return document


def _list(value: dict[str, object], name: str) -> Iterator[dict[str, object]]:
    found = value.get(name)
    yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))


def _records(request: Message) -> Iterator[tuple[dict[str, object], dict[str, object], Message]]:
    """Yield each record with what its resource and its scope say, which is read once."""
    for of_resource in request.resource_logs:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_logs:
            scope: dict[str, object] = {}
            if of_scope.scope.name:
                scope = {"name": of_scope.scope.name, "version": of_scope.scope.version}
                scope |= {"attributes": _attributes(of_scope.scope.attributes)}
            for record in of_scope.log_records:
                yield resource, scope, record


def _line(resource: dict[str, object], scope: dict[str, object], record: Message, sender: Sender) -> Line:
    attributes = _attributes(record.attributes)
    document: dict[str, object] = {
        "timeUnixNano": record.time_unix_nano,
        "observedTimeUnixNano": record.observed_time_unix_nano,
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "body": _value(record.body, 0),
        "attributes": attributes,
        "traceId": record.trace_id.hex(),
        "spanId": record.span_id.hex(),
        "eventName": record.event_name,
        "resource": resource,
        "scope": scope,
    }
    raw = orjson.dumps({name: value for name, value in document.items() if value not in (None, "", 0, {})}).decode()
    check_length(raw)
    return Line(
        raw=raw,
        dataset=dataset_named(_first(_DATASETS, attributes, resource), sender.dataset),
        host=_first(_HOSTS, attributes, resource)[:MAX_HOST_CHARACTERS],
        time=_time(record.time_unix_nano or record.observed_time_unix_nano),
        hints={WRAPPING: "otlp"},
    )


def _first(names: tuple[str, ...], *places: Mapping[str, object]) -> str:
    found = (value for name in names for place in places if isinstance(value := place.get(name), str) and value)
    return next(found, "")


def _time(nanoseconds: int) -> datetime | None:
    if not nanoseconds:
        return None
    try:
        moment = _START + timedelta(microseconds=nanoseconds // 1000)
        times.to_text(moment)
    except OverflowError as error:
        raise InputError(f"no time: {nanoseconds}") from error
    return moment


def _attributes(pairs: Message) -> dict[str, object]:
    return {pair.key: _value(pair.value, 0) for pair in pairs}


def _value(value: Message, depth: int) -> object:
    """Return an `AnyValue` as JSON has it; bytes in base64, as OTLP's JSON writes them."""
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(each, depth + 1) for each in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            # JSON has no such numbers.
            return value.double_value if math.isfinite(value.double_value) else str(value.double_value)
        case kind:
            plain: object = getattr(value, kind)
            return plain


def _reply(asked: Asked, response: Message) -> Reply:
    if _kind(asked) != JSON:
        return Reply(body=response.SerializeToString(), media_type=PROTOBUF)
    partial = response.partial_success
    if not partial.rejected_log_records:
        return Reply(body=b"{}")
    said = {"rejectedLogRecords": str(partial.rejected_log_records), "errorMessage": partial.error_message}
    return Reply(body=orjson.dumps({"partialSuccess": said}))


def _plain(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


DOOR = Door(read=read, refuse=refuse)
