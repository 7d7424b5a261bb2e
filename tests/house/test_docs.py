"""The documentation says what the code does."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from sentinel.cli import COMMANDS
from tests.house.source import ROOT


def build() -> ModuleType:
    """Return `docs/build.py` as a module."""
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "rules.md", "cli.md"])
def test_generated_pages_are_fresh(name: str) -> None:
    page = ROOT / "docs" / "reference" / name
    assert page.read_text("utf-8") == build().PAGES[name](), "run `python docs/build.py`"


def test_every_command_has_its_module_and_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for name, (module, _) in COMMANDS.items():
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()
        assert f"`{name}" in readme or f"sentinel {name}" in readme, f"the README does not mention {name}"


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.name
)
def test_paths_named_in_the_documentation_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
    for named in re.findall(r"`((?:sentinel|collectors|docs|bench|deploy|tests|rules|playbooks)/[\w./-]+)`", text):
        if not re.search(r"NAME|AREA|ID\b", named):
            assert (ROOT / named).exists(), f"{page.name}: {named}"


def test_decisions_are_one_page_each() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        text = page.read_text("utf-8")
        assert len(text) < 4_000
        for part in ("Context.", "Decision.", "Consequences.", "Alternatives."):
            assert part in text, f"{page.name} lacks '{part}'"
