"""Processing pipelines of pySigma, which rewrite rules before they are compiled; files of them are hostile input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sentinel.detect.documents import parse_documents, read_documents
from sentinel.errors import InputError

if TYPE_CHECKING:
    from sigma.processing.pipeline import ProcessingPipeline

ALLOWED = frozenset(
    {
        "add_condition", "add_field", "case", "change_logsource", "convert_type", "detection_item_failure",
        "drop_detection_item", "extract_fields", "field_name_mapping", "field_name_prefix",
        "field_name_prefix_mapping", "field_name_suffix", "hashes_fields", "map_string", "nest", "regex",
        "remove_field", "replace_string", "rule_failure", "set_custom_attribute", "set_field", "set_state",
        "set_value", "strict_field_mapping_failure", "value_placeholders", "wildcard_placeholders",
    }
)  # fmt: skip
"""Transformations that only change the rule. Others run commands, open files, ask servers, or write queries."""
_KEYS = frozenset({"name", "priority", "transformations", "vars", "allowed_backends"})
_OF_QUERIES = ("postprocessing", "finalizers")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that may be used: a file that was checked, or one of an installed package."""

    name: str
    """Path of the file, or the name the package gives it."""
    content: bytes
    """The file's text, or the packages that bring it with their versions: a part of the key of compiled rules."""
    is_file: bool


def read_pipelines(given: Sequence[str | Path]) -> tuple[Pipeline, ...]:
    """Return the pipelines named: files (`*.yml`, `*.yaml`), else names of installed ones such as `ecs_windows`.

    Raises InputError for a file that may not be used and for a name that no installed package has.
    """
    return tuple(_file(Path(each)) if _is_file(each) else _installed(str(each)) for each in given)


def combine(pipelines: Sequence[Pipeline]) -> "ProcessingPipeline | None":
    """Return one pipeline that does what all do, those of lower priority first; None where there are none."""
    if not pipelines:
        return None
    built = sorted((_build(each) for each in pipelines), key=lambda each: each.priority)
    together = built[0]
    for each in built[1:]:
        together = together + each
    return together


def _is_file(given: str | Path) -> bool:
    return isinstance(given, Path) or given.endswith((".yml", ".yaml")) or Path(given).is_file()


def _file(path: Path) -> Pipeline:
    documents = read_documents(path)
    if len(documents) != 1:
        raise InputError(f"{path}: expected one pipeline, got {len(documents)} documents")
    document = documents[0]
    if queries := [key for key in _OF_QUERIES if document.get(key)]:
        raise InputError(f"{path}: '{queries[0]}' changes queries, which Sentinel does not make; remove it")
    if unknown := set(document) - _KEYS - set(_OF_QUERIES):
        raise InputError(f"{path}: unknown key '{min(unknown)}'; known are {', '.join(sorted(_KEYS))}")
    priority = document.get("priority", 0)
    if not isinstance(priority, int):
        raise InputError(f"{path}: 'priority' must be a whole number, got {priority!r}")
    _check_items(document.get("transformations", []), str(path))
    pipeline = Pipeline(str(path), yaml.safe_dump(document, sort_keys=True).encode(), is_file=True)
    _build(pipeline)
    return pipeline


def _check_items(items: object, place: str) -> None:
    if not isinstance(items, list):
        raise InputError(f"{place}: 'transformations' must be a list")
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict):
            raise InputError(f"{place}: transformation {number} must be a map")
        kind = item.get("type")
        if kind not in ALLOWED:
            raise InputError(
                f"{place}: transformation {number} is of type '{kind}', which may not be used: "
                "only those that change nothing but the rule are"
            )
        if kind == "nest":
            _check_items(item.get("items"), f"{place}: transformation {number}")


def _installed(name: str) -> Pipeline:
    makers = _makers()
    if name not in makers:
        known = ", ".join(sorted(makers)) or "none"
        raise InputError(f"no pipeline '{name}' is installed (there are: {known}); give the path of a pipeline file")
    brought = sorted(f"{each.name}=={each.version}" for each in distributions() if "sigma" in each.name.lower())
    return Pipeline(name, f"{name}: {', '.join(brought)}".encode(), is_file=False)


def _makers() -> dict[str, Callable[[], Any]]:
    from sigma.plugins import InstalledSigmaPlugins

    return dict(InstalledSigmaPlugins.autodiscover(include_backends=False, include_validators=False).pipelines)


def _build(pipeline: Pipeline) -> "ProcessingPipeline":
    """Return pySigma's object for a pipeline; raise InputError where it refuses it."""
    from sigma.exceptions import SigmaError
    from sigma.processing.pipeline import ProcessingPipeline

    try:
        if pipeline.is_file:
            (document,) = parse_documents(pipeline.content.decode(), pipeline.name)
            return ProcessingPipeline.from_dict(document)
        made = _makers()[pipeline.name]
        built: ProcessingPipeline = made if isinstance(made, ProcessingPipeline) else made()
        return built
    except (SigmaError, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise InputError(f"{pipeline.name}: not a pipeline that can be used: {' '.join(str(error).split())}") from error
