"""SigmaHQ's public rules are installed as they are published: what cannot be used is named, all else is in use."""

from pathlib import Path

import pytest

from sentinel.detect.load import load_rules
from sentinel.model.moment import now
from sentinel.rulepacks.install import SET_ASIDE_SUFFIX, install, open_pack


@pytest.mark.slow
def test_the_public_rules_are_installed_and_those_without_a_list_set_aside(corpora: Path, tmp_path: Path) -> None:
    pack = open_pack(corpora / "sigma" / "sigma-rules.tar.gz", {}, unsigned=True)
    done = install(pack, tmp_path / "into", now())
    assert done.rules > 3_700
    # Only what needs a list of placeholders, or an aggregation of old, may be broken.
    broken = [each for each in done.set_aside if each.is_broken]
    assert [each for each in broken if "placeholder" not in each.reason and "unsupported/" not in each.file] == []
    folder = tmp_path / "into" / done.name
    assert all((folder / each.file).exists() or (folder / (each.file + SET_ASIDE_SUFFIX)).exists() for each in broken)
    again = load_rules([folder])
    assert len(again.rules) + len(again.correlations) == done.rules
