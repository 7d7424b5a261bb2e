"""Events made unique share no text, and are still the same kinds of events."""

import json

import pytest

from bench.sigma.unique import unique

EVENT = {
    "EventID": 1,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "EventTime": "2020-09-20 17:39:24",
    "Image": "C:\\a.exe",
    "event_data": {"User": "root", "Words": ["one", "one"]},
}


@pytest.mark.parametrize("is_in_front", [False, True])
def test_no_text_comes_twice_and_the_kind_stays(is_in_front: bool) -> None:
    line = json.dumps(EVENT).encode()
    events = [json.loads(each) for each in unique([line, line], is_in_front=is_in_front)]
    texts = [text for each in events for text in (each["Image"], each["event_data"]["User"])]
    texts += [word for each in events for word in each["event_data"]["Words"]]
    assert len(set(texts)) == len(texts) == 8
    for each in events:
        assert {name: each[name] for name in ("EventID", "Channel", "EventTime")} == {
            name: EVENT[name] for name in ("EventID", "Channel", "EventTime")
        }
        assert each["Image"].endswith("C:\\a.exe") if is_in_front else each["Image"].startswith("C:\\a.exe")
