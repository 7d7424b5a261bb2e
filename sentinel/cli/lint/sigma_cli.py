"""`sigma check` of sigma-cli, as a process of its own: what other tools will say of the same rules."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.validators import LEFT_OUT

LIMIT_SECONDS = 300
BATCH = 500
"""Files of one call: a command line has its limits."""


def issues(files: Sequence[Path], known: Sequence[Issue]) -> Iterator[Issue]:
    """Yield what sigma-cli finds and nobody has said yet of the same file; hints, since our own loader decides.

    Where it cannot be run, or gives up, that is a hint too: "cannot" is not "nothing".
    """
    said = {(each.path.resolve(), each.check.removeprefix("sigma:")) for each in known}
    broken = {each.path.resolve() for each in known if each.check == "broken"}
    # One file that is no YAML would end the whole run, and a name that is not UTF-8 would break its report.
    asked = [path for path in files if path.resolve() not in broken and _is_text(path)]
    for start in range(0, len(asked), BATCH):
        for found in _batch(asked[start : start + BATCH]):
            if (found.path.resolve(), found.check.removeprefix("sigma-cli:")) not in said:
                yield found


def _batch(files: Sequence[Path]) -> Iterator[Issue]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "sigma.cli.main", "check", "--pass-on-error", "--junitxml", str(report)]
        command += [part for name in LEFT_OUT for part in ("-x", name)]
        command += [str(path.resolve()) for path in files]
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter, no shell, absolute paths
                command, capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield _cannot(files[0], f"sigma check did not end: {error}")
            return
        if not report.exists():
            words = " ".join((ended.stderr or ended.stdout).split())[-300:]
            yield _cannot(files[0], f"sigma check gave up: {words}")
            return
        names = {str(path.resolve()): path for path in files}
        yield from _read(report, names)


def _read(report: Path, names: dict[str, Path]) -> Iterator[Issue]:
    try:
        cases = list(Xml.parse(report).getroot().iter("testcase"))  # noqa: S314 - sigma-cli wrote it just now
    except Xml.ParseError as error:
        # It writes what rules hold as it is, and XML has no words for control characters.
        yield _cannot(next(iter(names.values())), f"the report of sigma check is no XML: {error}")
        return
    for case in cases:
        failure = case.find("failure")
        if failure is None:
            continue
        path = names.get(case.get("file", ""))
        if path is None:
            continue
        kind = (failure.get("message") or "").partition(":")[0].removesuffix("Issue")
        words = " ".join((failure.text or "").split())
        title = (case.get("name") or "").partition(" ")[2]
        yield Issue(
            path=path,
            check=f"sigma-cli:{kind}",
            message=f"sigma check: {words or kind}",
            remedy="other tools will stumble over it",
            rule=title,
            is_grave=False,
        )


def _is_text(path: Path) -> bool:
    try:
        str(path.resolve()).encode()
    except UnicodeEncodeError:
        return False
    return True


def _cannot(path: Path, message: str) -> Issue:
    return Issue(path=path, check="sigma-cli", message=message, remedy="run `sigma check` by hand", is_grave=False)
