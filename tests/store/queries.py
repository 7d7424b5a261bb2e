"""Random records and random queries about them, for the tests that compare stores with the reference."""

import json
import unicodedata

from hypothesis import strategies as st

from sentinel.model.record import Fields, Value

WORDS = ["root", "Root", "admin", "Hải", "hai", "Phòng", "đô", "ĐÔ", "a_b", "50%", "x.y", "ΣΑΣ", "Straße", "số 5", "3"]
WORDS += [
    "Nguyễn Văn Hải",
    "C:\\Windows\\System32\\cmd.exe",
    "/usr/bin/id -u",
    "GET /a?b=c",
    "",
    " ",
    "true",
    "1e3",
    "-2.5",
]
WORDS += ["2026-11-23T08:00:00.000000Z", "10.0.0.1", "power shell", "powershell -enc AAA="]
IPS = [
    "10.0.0.1",
    "10.0.1.9",
    "192.168.7.1",
    "2001:db8::1",
    "2001:DB8:0::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "::FFFF:0a00:1",
    "0:0:0:0:0:ffff:10.0.1.9",
    "ffff:ffff::1",
    "::1",
    "1.2.3",
]
TIMES = ["2026-11-23T08:00:00.000000Z", "2026-11-24T00:00:00.000000Z", "1999-01-01T00:00:00.000001Z", "yesterday"]
TEXT_FIELDS = ["user.name", "host.name", "process.command_line", "winlog.event_data.Image", "x.y", "tags"]
TEXT_FIELDS += ["event.category", "url.original", "related.user"]
PROSE_FIELDS = ["message", "error.message", "event.original"]
NUMBER_FIELDS = ["process.pid", "log.offset", "http.request.body.bytes", "sentinel.dns.entropy", "x.y"]
IP_FIELDS = ["source.ip", "related.ip", "host.ip", "x.y"]
DATE_FIELDS = ["event.created", "event.start"]
TRUTH_FIELDS = ["log.truncated", "x.y"]
FIELDS = [*TEXT_FIELDS, *PROSE_FIELDS, *NUMBER_FIELDS, *IP_FIELDS, *DATE_FIELDS, *TRUTH_FIELDS]

words = st.sampled_from([*WORDS, *(unicodedata.normalize("NFD", word) for word in WORDS)])
texts = st.one_of(
    words,
    st.lists(words, min_size=1, max_size=3).map(" ".join),
    st.text("aAbBđĐếẾ ._-/\\1*?%", max_size=6),
)
numbers = st.integers(-3, 12) | st.sampled_from([0.5, 3.25, -2.0, 100.0])
anything: st.SearchStrategy[Value] = st.one_of(
    texts, numbers, st.booleans(), st.sampled_from(IPS), st.sampled_from(TIMES)
)


def _field(usual: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    """Return mostly what the field is meant for, at times anything, and lists of both."""
    single = st.one_of(usual, usual, usual, anything)
    same = st.one_of(st.lists(usual, min_size=1, max_size=3), st.lists(texts, max_size=3))
    return st.one_of(single, single, same)  # type: ignore[arg-type]


def _with_line(fields: Fields, line: str | None) -> Fields:
    """Return the fields with an original line that says the message, as most do."""
    message = fields.get("message")
    if line is None or not isinstance(message, str):
        return fields
    return {**fields, "event.original": line.replace("%s", message if line[0] != "{" else json.dumps(message))}


lines = st.sampled_from([None, "<13>Nov 23 08:00:00 web01 app: %s", '{"level": "Info", "message": %s, "id": 7}'])
fields = st.builds(_with_line, st.deferred(lambda: _unlined), lines)
_unlined = st.fixed_dictionaries(
    {},
    optional={
        **{name: _field(texts) for name in (*TEXT_FIELDS, *PROSE_FIELDS)},
        **{name: _field(numbers) for name in NUMBER_FIELDS},
        **{name: _field(st.sampled_from(IPS)) for name in IP_FIELDS},
        **{name: _field(st.sampled_from(TIMES)) for name in DATE_FIELDS},
        **{name: _field(st.booleans()) for name in TRUTH_FIELDS},
    },
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def bare(text: str) -> str:
    """Return the text as a word in which `*` and `?` are wildcards and all else is plain."""
    return "".join(each if each.isalnum() or each in "*?" else f"\\{each}" for each in text)


def _with_wildcards(text: str, places: list[tuple[int, str]]) -> str:
    characters = list(text)
    for place, sign in places:
        at = place % (len(characters) + 1)
        characters[at : at + (sign == "?")] = [sign]
    return "".join(characters)


patterns = st.builds(
    _with_wildcards, texts.filter(bool), st.lists(st.tuples(st.integers(0, 20), st.sampled_from("*?")), max_size=3)
).map(bare)
expressions = st.sampled_from(
    [
        "ro+t",
        "(root|admin)",
        "h.i",
        "[a-f]+",
        ".*",
        r"\d+",
        r"[^a]*",
        "a?b?c?",
        r"c:\\\\.*",
        "hải",
        "po.*ll",
        "[0-9.]{3,9}",
    ]
)
networks = st.sampled_from(
    [
        *("10.0.0.0/8", "10.0.1.0/24", "0.0.0.0/0", "192.168.6.0/23", "10.0.0.1", "10.0.0.1/32"),
        *("2001:db8::/32", "::/0", "fe80::1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104"),
    ]
)
bounds = st.integers(-3, 12) | st.sampled_from([0.5, 3.25, -2.0])
times = st.sampled_from(["2026-11-23", "2026-11", "1999", "2026-11-23T08:00:00Z", "*"])


def _range(field: str, low: object, high: object, signs: str) -> str:
    return f"{field}:{signs[0]}{low} TO {high}{signs[1]}"


signs = st.sampled_from(["[]", "[}", "{]", "{}"])
leaves = st.one_of(
    st.builds("{}:{}".format, st.sampled_from(TEXT_FIELDS + PROSE_FIELDS), texts.map(quoted)),
    st.builds("{}:{}".format, st.sampled_from(TEXT_FIELDS + PROSE_FIELDS + NUMBER_FIELDS + IP_FIELDS), patterns),
    st.builds("{}:/{}/".format, st.sampled_from(TEXT_FIELDS + PROSE_FIELDS), expressions),
    texts.map(quoted),
    patterns,
    st.builds("_exists_:{}".format, st.sampled_from([*FIELDS, "no.such"])),
    st.builds(_range, st.sampled_from(NUMBER_FIELDS), bounds, bounds, signs),
    st.builds(_range, st.sampled_from(TEXT_FIELDS), texts.map(quoted), texts.map(quoted), signs),
    st.builds(_range, st.sampled_from(DATE_FIELDS), times, times, signs),
    st.builds("{}:{}".format, st.sampled_from(IP_FIELDS), networks.map(quoted)),
    st.builds("{}:{}".format, st.sampled_from(TRUTH_FIELDS), st.sampled_from(["true", "false"])),
    st.builds("{}:{}".format, st.sampled_from(NUMBER_FIELDS), bounds),
)


def _combined(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("NOT ({})".format, children),
        st.builds("({}) AND ({})".format, children, children),
        st.builds("({}) OR ({})".format, children, children),
    )


queries = st.recursive(leaves, _combined, max_leaves=5)
