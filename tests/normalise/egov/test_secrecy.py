"""State secrets: markings are found in every way they are written, and what is secret is not stored."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.normalise.egov.secrecy import level_of, marking_in
from tests.normalise.egov.services import read
from tests.normalise.lines import fields

PLAN = "Phương án bảo vệ cảng"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("title", "level"),
    [
        (f"(MẬT) {PLAN}", "mật"),
        (f"[Mật] {PLAN}", "mật"),
        (f"MẬT - {PLAN}", "mật"),
        (f"MẬT {PLAN}", "mật"),
        (f"{PLAN} - MẬT", "mật"),
        (f"Độ mật: Mật. {PLAN}".replace(".", " |"), "mật"),
        (f"DO MAT: MAT | {PLAN}", "mật"),
        (f"TỐI MẬT: {PLAN}", "tối mật"),
        (f"{PLAN} (Tối mật)", "tối mật"),
        (f"{PLAN} TỐI MẬT năm 2026", "tối mật"),
        (f"TOI MAT - {PLAN}", "tối mật"),
        (f"{PLAN} TOI MAT", "tối mật"),
        ("TUYỆT MẬT", "tuyệt mật"),
        (f"TUYỆT\u00a0MẬT – {PLAN}", "tuyệt mật"),
        (f"TUYET MAT {PLAN}", "tuyệt mật"),
        (f"MẬ\u200bT: {PLAN}", "mật"),
        (f"(MẬT) (TỐI MẬT) {PLAN}", "tối mật"),
        ("PHƯƠNG ÁN BẢO VỆ CẢNG (TUYỆT MẬT)", "tuyệt mật"),
    ],
)
def test_a_marking_is_found(title: str, level: str, form: str) -> None:
    assert marking_in(unicodedata.normalize(form, title)) == level


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "title",
    [
        "V/v đổi MẬT KHẨU hộp thư công vụ",
        "QUY HOẠCH MẬT ĐỘ XÂY DỰNG",
        "Tập huấn bảo MẬT thông tin",
        "BẢO VỆ BÍ MẬT NHÀ NƯỚC",
        "Quyết định ban hành Danh mục bí mật nhà nước độ TUYỆT MẬT, độ TỐI MẬT lĩnh vực nội vụ",
        "Danh mục bí mật nhà nước độ Tối mật và độ Mật",
        "SỔ THEO DÕI VĂN BẢN TỐI MẬT NĂM 2026",
        "Thẩm định hồ sơ hỗ trợ nuôi ong lấy mật",
        "Kinh phí mua mặt nạ phòng độc",
        "FORMAT: mat kinh",
        "Thuê MAT và sân bãi",
        "",
    ],
)
def test_what_only_mentions_or_contains_one_is_no_marking(title: str, form: str) -> None:
    assert marking_in(unicodedata.normalize(form, title)) is None


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("Tối mật", "tối mật"),
        ("TOI_MAT", "tối mật"),
        ("toi-mat", "tối mật"),
        ("top_secret", "tuyệt mật"),
        ("Nội bộ", "nội bộ"),
        ("thuong", "thường"),
        ("kín", None),
    ],
)
def test_levels_have_many_spellings(word: str, level: str | None) -> None:
    assert level_of(word) == level
    assert level_of(unicodedata.normalize("NFD", word)) == level


def test_title_and_file_name_of_a_secret_document_are_not_stored() -> None:
    found = read("edoc", secrecy="mật", title=PLAN, file_name="phuong-an.docx", note="bố trí lực lượng")
    stored = json.dumps(found, ensure_ascii=False)
    assert PLAN not in stored
    assert "phuong-an" not in stored
    assert "lực lượng" not in stored
    assert found["sentinel.egov.withheld"] == ["file_name", "note", "title"]
    assert found["sentinel.egov.document_number"] == "1843/UBND-VX"
    assert json.loads(str(found["event.original"]))["title"] == "(withheld)"


def test_a_marking_in_a_title_is_told_and_the_title_withheld() -> None:
    found = read("edoc", secrecy="thường", title=f"TỐI MẬT - {PLAN}")
    assert (found["sentinel.egov.marking_found"], found["sentinel.egov.document_secrecy"]) == ("tối mật", "thường")
    assert PLAN not in json.dumps(found, ensure_ascii=False)
    assert read("edoc", marking="tuyệt mật", title=f"(MẬT) {PLAN}")["sentinel.egov.marking_found"] == "tuyệt mật"
    assert "sentinel.egov.document_title" not in read("conference", title="(MẬT) Họp UBND")


def test_a_title_that_is_not_secret_stays() -> None:
    found = read("edoc", title=PLAN)
    assert found["sentinel.egov.document_title"] == PLAN
    assert "sentinel.egov.is_withheld" not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"secrecy": ["mật"]},
        {"secrecy": "không rõ"},
        {"action": "unknown"},
        {"time": "yesterday"},
        {"secrecy": "mật", "outcome": "maybe"},
    ],
)
def test_a_rejected_line_keeps_no_title(changes: dict[str, object]) -> None:
    found = read("edoc", title=PLAN, **changes)
    assert found["event.kind"] == "pipeline_error"
    assert PLAN not in json.dumps(found, ensure_ascii=False)


def test_a_line_of_a_document_system_that_is_no_json_is_not_kept() -> None:
    found = fields("egov.edoc", f'{{"title": "{PLAN}"')
    assert found["event.kind"] == "pipeline_error"
    assert PLAN not in json.dumps(found, ensure_ascii=False)
    assert str(found["event.original"]).startswith("(withheld: ")


def test_bodies_and_numbers_have_no_place_in_any_log() -> None:
    found = read("mail", Body="Kính gửi ...", cccd="031099001234", content=None)
    assert found["event.kind"] == "event"
    assert found["sentinel.egov.withheld"] == ["Body", "cccd"]
    assert "Kính gửi" not in json.dumps(found, ensure_ascii=False)
    assert "031099001234" not in json.dumps(found)


def test_what_has_no_place_is_found_inside_objects_too() -> None:
    found = read("portal", vendor={"form": [{"Ho_Ten": "Nguyễn Văn A", "page": 2}]}, NỘI_DUNG="đơn", more={"page": 2})
    assert found["event.kind"] == "event"
    assert found["sentinel.egov.withheld"] == ["NỘI_DUNG", "vendor"]
    assert "Nguyễn" not in json.dumps(found, ensure_ascii=False)
    assert "sentinel.egov.is_withheld" not in read("portal", vendor={"form": [{"page": 2}]})


def test_more_than_can_be_looked_through_is_withheld() -> None:
    assert read("portal", vendor=[[]] * 5_000)["sentinel.egov.withheld"] == ["vendor"]
    assert read("portal", vendor=list(range(5_000))).get("sentinel.egov.withheld") is None


@given(st.text(max_size=300))
def test_no_title_breaks_the_search_for_markings(title: str) -> None:
    assert marking_in(title) in (None, "mật", "tối mật", "tuyệt mật")
    level_of(title)


@given(st.sampled_from(["mật", "tối mật", "TUYỆT MẬT", "secret"]), st.text(min_size=12, max_size=40))
def test_no_text_of_a_secret_document_gets_through(secrecy: str, words: str) -> None:
    secret = f"kế hoạch {words} kế hoạch"
    found = read("edoc", secrecy=secrecy, title=secret, trich_yeu=secret)
    assert "kế hoạch" not in json.dumps(found, ensure_ascii=False)
