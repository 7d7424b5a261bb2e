"""The habits of docs/style are checks here, so that nobody has to remember them."""

import ast
import re
import unicodedata
from pathlib import Path

import pytest

from tests.house.source import ALL, ROOT, SHIPPED, files, functions, name, tree

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE = {"utils", "helpers", "common", "manager", "misc"}

SUPERVISED = {
    "collectors/respond/agent.py",
    "collectors/run.py",
    "collectors/ship.py",
    "collectors/worker.py",
    "sentinel/cli/serve.py",
    "sentinel/crew/worker.py",
    "sentinel/intake/syslog/outbox.py",
    "sentinel/lanes/concluding.py",
    "sentinel/loop.py",
    "sentinel/pipeline.py",
}
"""Files with a supervised loop: the only homes of `except Exception`."""


@pytest.mark.parametrize("path", files(*ALL), ids=name)
def test_a_file_is_small_and_says_its_duty(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MAX_FILE_LINES, "split it by duty"
    assert path.stem not in VAGUE, "name the duty"
    if text.strip():
        assert ast.get_docstring(tree(path)), "the first line says what the file is for"


@pytest.mark.parametrize("path", files(*ALL), ids=name)
def test_functions_are_short(path: Path) -> None:
    long = [
        f"{f.name} ({(f.end_lineno or 0) - f.lineno + 1})"
        for f in functions(path)
        if (f.end_lineno or 0) - f.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("path", files(*SHIPPED), ids=name)
def test_broad_except_lives_only_in_supervised_loops(path: Path) -> None:
    broad = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
        # Cleaning up and raising again hides nothing.
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]
    assert not broad or name(path) in SUPERVISED, f"lines {broad}: name the error you expect"


@pytest.mark.parametrize("path", files("tests"), ids=name)
def test_no_test_sleeps(path: Path) -> None:
    sleeps = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep", "asyncio.sleep")
    ]
    assert not sleeps, f"lines {sleeps}: wait for the condition itself (tests.waiting.until)"


@pytest.mark.parametrize("path", files(*SHIPPED), ids=name)
def test_nothing_from_outside_is_executed(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in ("eval", "exec", "os.system", "os.popen", "pickle.loads", "pickle.load", "yaml.load"), (
            f"line {node.lineno}: {called}"
        )
        shell = [k for k in node.keywords if k.arg == "shell" and ast.unparse(k.value) != "False"]
        assert not shell, f"line {node.lineno}: shell"


@pytest.mark.parametrize("path", files(*SHIPPED), ids=name)
def test_text_is_nfc_and_finished(path: Path) -> None:
    text = path.read_text("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert not re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", text)


def test_nothing_committed_names_this_machine_or_a_registry() -> None:
    bad = re.compile(
        r"pythonhosted|pypi\.org|repo1?\.maven|registry\.npmjs|deb\.debian\.org|(?<![\w.])/(?:work|farm)/\w"
    )
    for path in [
        *files(*SHIPPED),
        *ROOT.glob("*.toml"),
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy").rglob("*"),
        *(ROOT / "requirements").glob("*"),
    ]:
        if path.is_file():
            assert not bad.search(path.read_text("utf-8", errors="replace")), name(path)
