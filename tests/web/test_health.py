"""Promises of what is asked from outside: alive, ready, measured; reasons and names only for who may know them."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from sentinel.errors import UnavailableError
from sentinel.selfwatch.readiness import Readiness
from sentinel.web.app import create_app
from tests.web.browser import Browsers, browsers
from tests.web.world import METRICS_TOKEN, World


def full() -> int:
    raise UnavailableError("the journal /var/lib/sentinel/journal.db is full")


def test_a_server_that_works_is_ready(readers: Browsers) -> None:
    answer = readers.stranger().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_a_part_that_cannot_work_is_named_without_its_reason(world: World) -> None:
    broken = replace(world.services, readiness=Readiness({"journal": full, "store": list}, lambda: "disk full"))
    with browsers(create_app(broken)) as made:
        answer = made.stranger().get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json() == {"status": "not ready", "parts": ["journal", "pipeline"]}


def test_measures_are_for_who_knows_the_token(readers: Browsers) -> None:
    browser = readers.stranger()
    assert browser.get("/metrics").status_code == 401
    for guess in ("Bearer guessed", METRICS_TOKEN, "Bearer é", "Bearer "):
        answer = browser.get("/metrics", headers=[(b"Authorization", guess.encode("utf-8"))])
        assert answer.status_code == 401
    answer = browser.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert answer.status_code == 200
    found = {each.name: each for each in text_string_to_metric_families(answer.text)}
    assert found["sentinel_pipeline_waiting_events"].samples[0].value == 0
    assert "process_resident_memory_bytes" in found
