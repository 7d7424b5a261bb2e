"""The console in a real browser: by keyboard, without script, for everybody, and in pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from sentinel.model.alert import AlertState
from sentinel.model.moment import now
from sentinel.model.principal import Principal, Role
from sentinel.web.app import create_app
from tests.live.console import chromium, served
from tests.web import world as worlds
from tests.web.world import CITY, OURS, PASSWORD, THEIRS, World

pytestmark = pytest.mark.live

SCREENS = Path(__file__).resolve().parent.parent / "output" / "screens"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def city(tmp_path: Path) -> Iterator[World]:
    built = worlds.build(tmp_path)
    yield built
    built.close()


@pytest.fixture
def address(city: World, tmp_path: Path) -> Iterator[str]:
    with served(create_app(city.services), tmp_path) as found:
        yield found


def open_page(browser: Browser, address: str, **more: object) -> Page:
    context = browser.new_context(base_url=address, ignore_https_errors=True, **more)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    return context.new_page()


def sign_in(page: Page, who: Principal) -> Page:
    page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(who.name)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts")
    return page


def test_the_queue_is_worked_by_keyboard_alone(browser: Browser, address: str, city: World) -> None:
    page = sign_in(open_page(browser, address, viewport=WIDE), city.people[Role.OPERATOR, OURS])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("tiếp nhận")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    first = page.locator("tr.here")
    expect(first).to_have_attribute("data-id", city.things[OURS].alert)
    page.keyboard.press("a")
    expect(first.locator(".state")).to_have_text("Đã tiếp nhận")
    expect(first.locator(".c-state")).to_contain_text("operator.")

    page.keyboard.press("j")
    second = page.locator("tr.here").get_attribute("data-id")
    page.keyboard.press("c")
    page.keyboard.type("Cảnh báo sai")
    page.keyboard.press("Tab")
    page.keyboard.type("diễn tập")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cảnh báo đã được đóng.")).to_be_visible()
    closed = city.services.alerts.get(frozenset({OURS}), str(second))
    assert closed is not None
    assert closed.state is AlertState.CLOSED
    assert closed.note == "diễn tập"

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Máy chủ web khởi chạy trình lệnh")
    page.wait_for_load_state()
    page.keyboard.press("u")
    page.wait_for_url("**/alerts")
    page.keyboard.press("/")
    page.keyboard.type("SQL")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_new_alert_is_announced_without_moving_the_list(browser: Browser, address: str, city: World) -> None:
    page = sign_in(open_page(browser, address, viewport=WIDE), city.people[Role.OPERATOR, OURS])
    expect(page.locator("tbody tr")).to_have_count(5)
    records = worlds.scene.records(OURS, "tintuc", city.things[OURS].collector, now())
    city.services.alerts.raise_from(worlds.matches(records))
    expect(page.get_by_text("Có cảnh báo mới. Hiển thị")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_text("Có cảnh báo mới. Hiển thị").click()
    expect(page.locator("tbody tr")).to_have_count(10)


def test_a_step_is_approved_and_the_machine_confirms(browser: Browser, address: str, city: World) -> None:
    page = sign_in(open_page(browser, address, viewport=WIDE), city.people[Role.RESPONDER, OURS])
    page.get_by_role("navigation", name="Trình đơn chính").get_by_text("Sự cố").click()
    page.get_by_text("Dừng tiến trình 4711?").click()
    page.locator(".ask").get_by_label("Ghi chú").fill("đã xem tệp tải lên")
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")
    waiting = [approval for approval, _ in city.services.runs.waiting(frozenset({OURS}))]
    assert any("4711" in approval.ask for approval in waiting), "Enter in the note decided"
    page.get_by_role("button", name="Phê duyệt").click()
    expect(page.get_by_text("Đã phê duyệt; kịch bản tiếp tục.")).to_be_visible()
    worlds.work(
        city.services, city.people[Role.ADMINISTRATOR, CITY], city.things[OURS].run, city.things[OURS].collector
    )
    page.reload()
    expect(page.locator(".effect").nth(1)).to_contain_text("Đã kiểm chứng")
    expect(page.locator(".run h2")).to_contain_text("Hoàn thành")


def test_everything_works_without_script(browser: Browser, address: str, city: World) -> None:
    page = sign_in(
        open_page(browser, address, viewport=WIDE, java_script_enabled=False), city.people[Role.OPERATOR, OURS]
    )
    page.get_by_role("button", name="Tiếp nhận: Máy chủ web").click()
    expect(page.get_by_text("Cảnh báo đã được tiếp nhận.")).to_be_visible()
    page.locator("tbody tr").first.locator("summary").click()
    page.locator("tbody tr").first.get_by_label("Lý do").select_option("resolved")
    page.locator("tbody tr").first.get_by_role("button", name="Đóng cảnh báo").click()
    expect(page.get_by_text("Cảnh báo đã được đóng.")).to_be_visible()
    page.goto("/search?range=custom")
    expect(page.get_by_label("Từ", exact=True)).to_be_visible()


def test_a_link_from_another_site_finds_the_reader_signed_in(browser: Browser, address: str, city: World) -> None:
    page = sign_in(open_page(browser, address, viewport=WIDE), city.people[Role.OPERATOR, OURS])
    target = f"{address}/alerts/{city.things[OURS].alert}"
    other_site = address.replace("127.0.0.1", "localhost")
    page.route(
        f"{other_site}/chat", lambda route: route.fulfill(body=f'<a href="{target}">xem</a>', content_type="text/html")
    )
    page.goto(f"{other_site}/chat")
    page.get_by_text("xem").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Máy chủ web khởi chạy trình lệnh")


def pages(city: World) -> dict[str, str]:
    things = city.things[OURS]
    return {
        "alerts": "/alerts",
        "alerts-closed": "/alerts?state=closed",
        "alert": f"/alerts/{things.alert}",
        "incidents": "/incidents",
        "incidents-closed": "/incidents?state=closed",
        "incident": f"/incidents/{things.incident}",
        "rules": "/rules",
        "rules-nothing": "/rules?state=disabled&text=x",
        "rule": f"/rules/{things.rule}",
        "collectors": "/collectors",
        "search": "/search?range=1h",
        "search-fault": "/search?q=user.name:(",
        "search-nothing": "/search?q=nothing",
        "event": f"/events/{things.record}",
        "audit": "/audit",
        "missing": "/alerts/none",
    }


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_is_accessible_and_fits(
    browser: Browser, address: str, city: World, language: str, theme: str, size: dict[str, int]
) -> None:
    worlds.trouble(city)
    worlds.rule_work(city)
    page = open_page(browser, address, viewport=size)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if "Failed to load" not in message.text else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/sign-in")
    page.locator(f"button[name=language][value={language}]").click()
    page.locator(f"button[name=theme][value={theme}]").click()
    look(page, "sign-in", f"{language}-{theme}-{size['width']}")
    page.locator("input[name=name]").fill(city.people[Role.ADMINISTRATOR, CITY].name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts")
    for name, path in pages(city).items():
        page.goto(path)
        look(page, name, f"{language}-{theme}-{size['width']}")
    assert not faults


def look(page: Page, name: str, variant: str) -> None:
    """Keep a picture of the page; fail where it is too wide or somebody could not use it."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}-{variant}.png", full_page=True)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{name} {variant} is {too_wide} px too wide"
    if not variant.startswith("vi"):
        return  # the same elements in other words
    found = Axe().run(page)
    assert found.violations_count == 0, f"{name} {variant}: {found.generate_report()}"


def test_one_browser_never_shows_another_agency(browser: Browser, address: str, city: World) -> None:
    page = sign_in(open_page(browser, address, viewport=WIDE), city.people[Role.OPERATOR, THEIRS])
    for path in pages(city).values():
        page.goto(path)
        assert city.things[OURS].mark not in page.content()
