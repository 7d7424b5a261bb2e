"""Promises about playbooks: whoever changes one between two starts is seen."""

from pathlib import Path

from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.playbooks.library import Library
from sentinel.selfwatch.playbooks import LOADED, note_changes

PLAYBOOK = Path(__file__).resolve().parent.parent / "web" / "data" / "web_shell.yml"


def test_changes_of_playbooks_are_written_once(tmp_path: Path, engine: Engine, log: Audit) -> None:
    file = tmp_path / "one.yml"
    text = PLAYBOOK.read_text("utf-8")
    file.write_text(text, "utf-8")

    def start() -> list[str]:
        seen = len(log.entries(0, 1000))
        note_changes(engine, log, Library.load([tmp_path]))
        return [entry.action for entry in log.entries(seen, 1000)]

    assert start() == [LOADED]
    assert start() == []
    file.write_text(f"{text}\n# more\n", "utf-8")
    assert start() == ["playbook.changed", LOADED]
    (tmp_path / "two.yml").write_text("playbook: [broken", "utf-8")
    assert start() == ["playbook.faulty", LOADED]
    assert start() == []
    file.unlink()
    assert start() == ["playbook.removed", LOADED]
    file.write_text(text, "utf-8")
    assert start() == ["playbook.added", LOADED]
