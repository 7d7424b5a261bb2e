"""Every kind of input by name; a module is loaded only when its kind is used, so that no extra is needed for others."""

from collections.abc import Callable
from typing import Any

from collectors.reading import Input
from collectors.settings import (
    AuditdSettings,
    CaptureSettings,
    ConnectionsSettings,
    EvtxSettings,
    FileSettings,
    InputSettings,
    ProcessesSettings,
)
from sentinel.errors import UnavailableError


def _file(settings: FileSettings) -> Input:
    from collectors.logs.file import FileInput

    return FileInput(settings)


def _auditd(settings: AuditdSettings) -> Input:
    from collectors.logs.auditd import AuditdInput

    return AuditdInput(settings)


def _evtx(settings: EvtxSettings) -> Input:
    from collectors.logs.evtx import EvtxInput

    return EvtxInput(settings)


def _processes(settings: ProcessesSettings) -> Input:
    from collectors.host.processes import ProcessesInput

    return ProcessesInput(settings)


def _connections(settings: ConnectionsSettings) -> Input:
    from collectors.host.connections import ConnectionsInput

    return ConnectionsInput(settings)


def _capture(settings: CaptureSettings) -> Input:
    from collectors.network.capture import CaptureInput

    return CaptureInput(settings)


INPUTS: dict[str, Callable[[Any], Input]] = {
    "file": _file,
    "auditd": _auditd,
    "evtx": _evtx,
    "processes": _processes,
    "connections": _connections,
    "capture": _capture,
}
"""Kind to factory; a factory takes the settings that `collectors.settings.KINDS` names for its kind."""

_EXTRAS = {"evtx": "evtx", "scapy": "capture", "cryptography": "respond", "zstandard": "zstd"}
"""Top-level module to the extra that brings it."""


def make_input(kind: str, settings: InputSettings) -> Input:
    """Return an input that is not open yet; raise `UnavailableError` naming the extra that is missing."""
    try:
        return INPUTS[kind](settings)
    except ModuleNotFoundError as error:
        raise missing(kind, error) from error


def missing(what: str, error: ModuleNotFoundError) -> UnavailableError:
    """Return the error that says which extra brings the module that `what` needs."""
    module = (error.name or "").partition(".")[0]
    extra = _EXTRAS.get(module)
    if extra is None:
        return UnavailableError(f"{what} needs the Python module '{error.name}', which is not installed")
    return UnavailableError(f"{what} needs the extra '{extra}': pip install 'sentinel-soc[{extra}]'")
