"""Promises of the tree of agencies: it is the city's, it is whole, and nobody's scope reaches further than theirs."""

import contextlib
import json
import unicodedata
from collections.abc import Iterator
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from sentinel.accounts.agencies import CITY, Agencies, Tree
from sentinel.accounts.agency_file import parse
from sentinel.errors import InputError
from sentinel.model.agency import Agency, AgencyKind
from tests.database.fresh import database


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database(tmp_path_factory.mktemp("agencies"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def agencies(engine: Engine) -> Agencies:
    loaded = Agencies(engine)
    assert loaded.load_bundled() == 1 + 20 + 15 + 217 + 114
    return loaded


def _count(agencies: Agencies, on: str) -> dict[AgencyKind, int]:
    kinds = [agency.kind for agency in agencies.all(on)]
    return {kind: kinds.count(kind) for kind in AgencyKind}


def test_in_2021_there_are_20_departments_15_districts_and_217_communes(agencies: Agencies) -> None:
    assert _count(agencies, "2021-09-01") == {"city": 1, "department": 20, "district": 15, "commune": 217}


def test_since_july_2025_there_are_114_communes_and_no_districts(agencies: Agencies) -> None:
    for day in ("2025-07-01", "2026-11-23"):
        assert _count(agencies, day) == {"city": 1, "department": 20, "district": 0, "commune": 114}


def test_the_old_structure_ends_the_day_before(agencies: Agencies) -> None:
    assert _count(agencies, "2025-06-30")[AgencyKind.COMMUNE] == 217
    assert agencies.all("2020-12-31") == ()


def test_communes_of_2021_lie_in_districts_and_those_of_today_below_the_city(agencies: Agencies) -> None:
    def parents(day: str) -> set[AgencyKind]:
        communes = [agency for agency in agencies.all(day) if agency.kind is AgencyKind.COMMUNE]
        return {parent.kind for agency in communes if (parent := agencies.get(agency.parent or ""))}

    assert parents("2021-09-01") == {AgencyKind.DISTRICT}
    assert parents("2025-07-01") == {AgencyKind.CITY}


def test_names_are_nfc_and_no_two_siblings_share_one(agencies: Agencies) -> None:
    everyone = agencies.all()
    assert all(unicodedata.is_normalized("NFC", agency.name + agency.name_en) for agency in everyone)
    assert len({(agency.parent, agency.valid_from, agency.name) for agency in everyone}) == len(everyone)
    assert all(agency.name_en.isascii() for agency in everyone)


def test_a_successor_begins_when_its_predecessor_has_ended(agencies: Agencies) -> None:
    pairs = [(agency, agencies.get(agency.successor)) for agency in agencies.all() if agency.successor]
    assert len(pairs) > 100
    for old, new in pairs:
        assert new is not None
        assert old.valid_to is not None
        assert old.valid_to < new.valid_from


def test_loading_again_changes_nothing(agencies: Agencies, engine: Engine) -> None:
    before = agencies.all()
    other = Agencies(engine)
    assert other.load_bundled() == len(before)
    assert other.all() == before


def test_the_city_sees_everything_and_a_department_only_itself(agencies: Agencies) -> None:
    assert agencies.scope(CITY) == {agency.id for agency in agencies.all()}
    assert agencies.scope("dept-finance") == {"dept-finance"}


def test_a_district_sees_its_communes_though_they_have_ended(agencies: Agencies) -> None:
    ngo_quyen = next(agency for agency in agencies.all() if agency.name == "Quận Ngô Quyền")
    assert len(agencies.scope(ngo_quyen.id)) == 13


def test_a_commune_of_today_sees_what_went_into_it_as_a_whole(agencies: Agencies) -> None:
    by_name = {(agency.name, agency.valid_from[:4]): agency.id for agency in agencies.all()}
    cat_hai = agencies.scope(by_name["Đặc khu Cát Hải", "2025"])
    assert by_name["Huyện Cát Hải", "2021"] in cat_hai
    assert by_name["Thị trấn Cát Bà", "2021"] in cat_hai
    assert len(cat_hai) == 1 + 1 + 12
    assert by_name["Phường Gia Viên", "2021"] not in agencies.scope(by_name["Phường Gia Viên", "2025"])


def test_an_unknown_agency_has_no_scope(agencies: Agencies) -> None:
    assert agencies.get("dept-magic") is None
    with pytest.raises(InputError, match="no agency 'dept-magic'"):
        agencies.scope("dept-magic")


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    size = draw(st.integers(1, 12))
    ids = [f"a{number}" for number in range(size)]
    listed = []
    for number, each in enumerate(ids):
        parent = draw(st.sampled_from(ids[:number])) if number else None
        successor = draw(st.none() | st.sampled_from(ids))
        listed.append(
            Agency(
                id=each,
                kind=AgencyKind.COMMUNE,
                name=each,
                name_en=each,
                parent=parent,
                valid_from="2021-01-01",
                valid_to=None,
                successor=successor,
            )
        )
    return Tree(listed)


@settings(max_examples=300)
@given(trees())
def test_a_scope_holds_itself_descendants_and_predecessors_of_those_and_nobody_else(tree: Tree) -> None:
    def leads_to(agency: Agency, link: str, goals: set[str]) -> bool:
        seen: set[str] = set()
        following = getattr(agency, link)
        while following is not None and following not in seen:
            if following in goals:
                return True
            seen.add(following)
            following = getattr(tree.by_id[following], link)
        return False

    for root in tree.by_id:
        own = {root} | {each.id for each in tree.by_id.values() if leads_to(each, "parent", {root})}
        predecessors = {each.id for each in tree.by_id.values() if leads_to(each, "successor", own)}
        assert tree.scope(root) == own | predecessors


def _file(*entries: dict[str, object], **defaults: object) -> dict[str, str]:
    return {"x.json": json.dumps({"valid_from": "2021-01-01", **defaults, "agencies": entries})}


def _entry(agency_id: str, kind: str = "city", **more: object) -> dict[str, object]:
    return {"id": agency_id, "kind": kind, "name": "Tên", "name_en": "Name", **more}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"x.json": "{"}, r"x\.json: expected a JSON object"),
        ({"x.json": "[]"}, r"x\.json: expected a JSON object"),
        ({"x.json": '{"agencies": 3}'}, "must be a list"),
        (_file(_entry("a"), _entry("a")), "'a' is listed twice"),
        (_file({"id": "a"}), "agency 1: kind is missing"),
        (_file(_entry("a", colour="red")), "unknown key 'colour'"),
        (_file(_entry("a", "planet")), "unknown kind 'planet'"),
        (_file(_entry("a", parent=3)), "parent must be a text or null"),
        (_file(_entry("a", name="")), "name must be a text"),
        (_file(_entry("a", name="Ha\u0309i")), "not in Unicode form NFC"),
        (_file(_entry("a", valid_from="1.1.2021")), "not a day"),
        (_file(_entry("a", valid_from="20210101")), "not a day"),
        (_file(_entry("a", valid_to="2020-01-01")), "ends before it begins"),
        (_file(_entry("a" * 65)), "longer than 64"),
        (_file(_entry("a"), _entry("b", "commune", parent="c")), "no parent 'c'"),
        (_file(_entry("a"), _entry("b", "commune", parent="b")), "a commune cannot lie below 'b'"),
        (_file(_entry("a"), _entry("b", "commune")), "a commune cannot lie below 'None'"),
        (_file(_entry("a", valid_to="2025-06-30"), _entry("b", "commune", parent="a")), "does not exist all that time"),
        (_file(_entry("a", successor="b")), "no successor 'b'"),
        (_file(_entry("a", successor="b"), _entry("b", successor="a")), "go round in a circle"),
    ],
)
def test_a_fault_in_the_data_is_named_with_its_place(files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(files)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_no_text_breaks_the_reader_of_agencies(text: str) -> None:
    with contextlib.suppress(InputError):
        parse({"x.json": text})


def test_every_data_file_is_described() -> None:
    folder = resources.files("sentinel.accounts") / "data"
    described = (folder / "README.md").read_text("utf-8")
    for file in folder.iterdir():
        assert file.name == "README.md" or f"`{file.name}`" in described
