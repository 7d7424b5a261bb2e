"""The outcome of `sentinel rules test` as JUnit XML, the form that CI systems show."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from sentinel.cli.columns import printable
from sentinel.cli.samples import Outcome
from sentinel.detect.rule import Fault
from sentinel.errors import UnavailableError


def write_report(path: Path, outcomes: Sequence[Outcome], faults: Sequence[Fault]) -> None:
    """Write one test case for each rule file and one error for each broken rule."""
    failed = sum(bool(each.problems) for each in outcomes)
    counts = {"tests": str(len(outcomes) + len(faults)), "failures": str(failed), "errors": str(len(faults))}
    suite = Xml.Element("testsuite", {"name": "sentinel rules test", **counts})
    for outcome in outcomes:
        case = _case(suite, outcome.samples.rule_file)
        if outcome.problems:
            failure = Xml.SubElement(case, "failure", {"message": _clean(outcome.problems[0])})
            failure.text = _clean("\n".join(outcome.problems))
        if outcome.others:
            others = [f"also fires: {each.sample}: {each.rule.title}" for each in outcome.others]
            Xml.SubElement(case, "system-out").text = _clean("\n".join(others))
    for fault in faults:
        Xml.SubElement(_case(suite, fault.path), "error", {"message": _clean(fault.message)})
    root = Xml.Element("testsuites")
    root.append(suite)
    try:
        path.write_bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))
    except OSError as error:
        raise UnavailableError(f"cannot write {path}: {error.strerror}") from error


def _case(suite: Xml.Element, path: Path) -> Xml.Element:
    names = {
        "classname": _clean(".".join(path.parent.parts[-2:])),
        "name": _clean(path.stem),
        "file": _clean(str(path)),
    }
    return Xml.SubElement(suite, "testcase", names)


def _clean(text: str) -> str:
    """Return `text` without what XML 1.0 cannot hold."""
    return "\n".join(map(printable, text.split("\n")))
