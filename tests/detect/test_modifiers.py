"""Modifiers against oracles too simple to be wrong."""

import re
from base64 import b64encode
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from sentinel.detect.compile import items, value_holds
from sentinel.detect.facts import Facts
from sentinel.detect.load import parse_file
from sentinel.detect.place import Place
from tests.detect.conftest import Load

PLAIN_TEXT = st.text(alphabet=st.characters(exclude_characters="*?\\", exclude_categories=["Cs"]), max_size=12)
DASHES = "-/\u2013\u2014\u2015"
Ask = Any


@pytest.fixture
def ask(load: Load) -> Ask:
    """Return a function that says whether an item of a rule holds for a value."""
    import yaml

    def holds(item: str, wanted: str, text: str) -> bool:
        detection = {"sel": {f"V|{item}": wanted}, "condition": "sel"}
        document = {"title": "t", "logsource": {"product": "test"}, "detection": detection}
        rule_set = load(yaml.safe_dump(document))
        assert not rule_set.faults, rule_set.faults
        (only,) = items(rule_set.rules[0].condition)
        values = [value for choice in only.values for value in choice]
        facts = Facts({"V": text})
        return any(value_holds(value, facts, Place(("V",)), lambda name: (name,)) for value in values)

    return holds


ANY_TIMES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)


@ANY_TIMES
@given(PLAIN_TEXT.filter(lambda text: len(text.encode()) > 1), st.binary(max_size=7), st.binary(max_size=7))
def test_base64offset_finds_a_text_wherever_it_is(ask: Ask, wanted: str, before: bytes, after: bytes) -> None:
    encoded = b64encode(before + wanted.encode() + after).decode()
    assert ask("base64offset|contains|cased", wanted, encoded)


@ANY_TIMES
@given(
    PLAIN_TEXT.filter(lambda text: len(text) > 1), st.integers(0, 5), st.sampled_from(["wide", "utf16le", "utf16be"])
)
def test_wide_texts_are_found_wherever_they_are(ask: Ask, wanted: str, before: int, name: str) -> None:
    codec = "utf-16-be" if name == "utf16be" else "utf-16-le"
    encoded = b64encode(b"x" * before + wanted.encode(codec) + b"yy").decode()
    assert ask(f"{name}|base64offset|contains|cased", wanted, encoded)


@ANY_TIMES
@given(PLAIN_TEXT)
def test_base64_is_the_text_other_tools_make(ask: Ask, wanted: str) -> None:
    assert ask("base64|cased", wanted, b64encode(wanted.encode()).decode())
    assert ask("wide|base64|cased", wanted, b64encode(wanted.encode("utf-16-le")).decode())
    assert ask("utf16|base64|cased", wanted, b64encode(b"\xff\xfe" + wanted.encode("utf-16-le")).decode())


@ANY_TIMES
@given(st.text(alphabet="ab -/1", max_size=8).filter(lambda text: len(re.findall(r"\B[-/]\b", text)) < 4), st.data())
def test_windash_takes_each_dash_for_any_of_five(ask: Ask, wanted: str, data: st.DataObject) -> None:
    places = [found.start() for found in re.finditer(r"\B[-/]\b", wanted)]
    forms = set()
    for dashes in product(DASHES, repeat=len(places)):
        letters = list(wanted)
        for place, dash in zip(places, dashes, strict=True):
            letters[place] = dash
        forms.add("".join(letters))
    assert ask("windash", wanted, data.draw(st.sampled_from(sorted(forms))))
    other = data.draw(st.text(alphabet="ab -/1\u2013\u2014\u2015", max_size=8))
    assert ask("windash", wanted, other) is (other in forms)


@ANY_TIMES
@given(PLAIN_TEXT, PLAIN_TEXT)
def test_parts_of_plain_texts_are_what_they_say(ask: Ask, wanted: str, text: str) -> None:
    from unicodedata import normalize

    from sentinel.detect.facts import fold

    one, other = fold(normalize("NFC", wanted)), fold(normalize("NFC", text))
    assert ask("contains", wanted, text) is (one in other)
    assert ask("startswith", wanted, text) is other.startswith(one)
    assert ask("endswith", wanted, text) is other.endswith(one)
    assert (
        ask("contains", wanted, text + wanted + text)
        or normalize("NFC", text + wanted) != normalize("NFC", text) + normalize("NFC", wanted)
        or normalize("NFC", wanted + text) != normalize("NFC", wanted) + normalize("NFC", text)
    )


def test_validators_see_the_modifiers_they_know(tmp_path: Path) -> None:
    items = "{'A|utf16le|base64offset|contains': abc, 'B|windash|expand': '-%x%', 'C|re|startswith': a}"
    path = tmp_path / "rule.yml"
    path.write_text(
        f"title: t\nlogsource: {{product: t}}\ndetection: {{a: {items}, b: [{items}], condition: a or b}}\n"
    )
    (parsed,) = parse_file(path)[0]
    assert isinstance(parsed, SigmaRule)
    flat = [parsed.detection["a"], *parsed.detection["b"].detection_items]
    found = [modifier for detection in flat for item in detection.detection_items for modifier in item.modifiers]
    assert len(found) == 14
    assert {modifier.__module__ for modifier in found} == {"sigma.modifiers"}
