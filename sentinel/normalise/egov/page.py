"""The page of a schema, for the vendor who writes to it: made from the table that the parser checks by."""

from collections.abc import Sequence

from sentinel.model.ecs import LISTS, TYPES
from sentinel.normalise.egov.schema import Entry, Schema
from sentinel.normalise.egov.values import MAX_ITEMS, MAX_TEXT, WRITTEN

PERSONAL_DATA = """
## Personal data

The log must not hold a citizen's number, name, address or telephone number, nor the body of a document or message.
Where a person has to be told apart, the line carries HMAC-SHA-256 of the number with a key that the city keeps, the
same for all agencies and systems, as 32 to 64 hexadecimal digits in small letters: equal people have equal tokens, so
Sentinel can count and join, and nobody can read a number out of them. A line whose token has any other form is
rejected, and so is one whose account name is 9 or 12 digits; what stood there is not kept. Names such as `body`,
`content`, `ocr` or `cccd` are taken out before the line is stored, and the record says so
(`sentinel.egov.is_withheld`).
"""
_FIRST = (
    ("`version`", "number", "", "1, also when missing", ""),
    ("`time`", "text", "yes", "When it happened: ISO 8601 with a time zone", "`@timestamp`"),
    ("`action`", "text", "yes", "One of the actions above", "`event.action`"),
    ("`outcome`", "text", "yes", "`success` or `failure`", "`event.outcome`"),
)


def page(schema: Schema) -> str:
    """Return the page in Markdown, ending in a line break."""
    actions = "\n".join(
        f"| `{each.name}` | {each.meaning} | `{each.category}`, `{each.type}` |" for each in schema.actions
    )
    rows = ["| " + " | ".join(cells) + " |" for cells in (*_FIRST, *map(_cells, schema.entries))]
    return f"""# {schema.title} (`{schema.dataset}`)

*{schema.title_vi}.* {schema.about}

One JSON object per line, UTF-8, in a file the collector tails (`dataset = "{schema.dataset}"`), written when it has
happened, also when it failed.

```json
{schema.example.strip()}
```

(Shown on several lines here; in the file it is one.)

## Actions

| action | means | ECS category, type |
|---|---|---|
{actions}

## Names

| name | type | needed | meaning | becomes |
|---|---|---|---|---|
{chr(10).join(rows)}

A text has at most {MAX_TEXT} characters and a list {MAX_ITEMS} items where nothing else is said. An empty text and
`null` are the same as a name left out. A name that is not in the table is not an error: it stays in the original line
and no rule sees it. A value of the wrong type or beyond its bound, a missing needed name, or an action that is not
listed makes the line a record of kind `pipeline_error`, which is kept and counted.

`sentinel.egov.is_office_hours` is added to every record: Monday to Saturday, 07:00 to 18:00 in Asia/Ho_Chi_Minh.

{PERSONAL_DATA.strip()}
{schema.notes.rstrip()}

## Rules

Rules name this log as `product: egov`, `service: {schema.service}`; ours are below `rules/egov`, in the
folder of the same name.
"""


def index(schemas: Sequence[Schema]) -> str:
    """Return the page that lists all services, in Markdown."""
    rows = "\n".join(
        f"| [`{each.dataset}`](egov-{each.service}.md) | {each.title} | {each.title_vi} |" for each in schemas
    )
    return f"""# Logs of e-government

Each page says what a vendor's application writes so that Sentinel can watch it: one JSON object per line, the names
with their types and bounds, an example. Parser and page are made from one table, so neither can say what the other
does not.

| dataset | log | nhật ký |
|---|---|---|
{rows}

Rules name them as `product: egov` with the part behind the dot as `service`; ours lie in `rules/egov`. A system that
serves several agencies names the one that acts in `agency`; rules across agencies tell them apart by it, or by the
agency of the collector where it is missing. `sentinel scan` knows a file by the service in its name, such as
`egov-portal.ndjson`.
"""


def _cells(entry: Entry) -> tuple[str, str, str, str, str]:
    meaning = entry.meaning
    if entry.words:
        meaning += ": " + ", ".join(f"`{word}`" for word in entry.words) if "`" not in meaning else ""
    if entry.most is not None:
        meaning += f"; at most {entry.most:,}" + _unit(entry)
    kind = "list of text" if entry.field in LISTS else WRITTEN[entry.kind]
    becomes = f"`{entry.field}`" + (", a date" if TYPES[entry.field] == "date" else "")
    return f"`{entry.name}`", kind, "yes" if entry.needed else "", meaning, becomes


def _unit(entry: Entry) -> str:
    if entry.kind in ("texts", "domains"):
        return " items"
    return "" if entry.kind == "count" else " characters"
