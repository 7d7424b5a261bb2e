"""The matrix as an SVG picture: readable in light and dark, printed or read aloud, without script."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from xml.sax.saxutils import escape

from sentinel.cli.columns import printable
from sentinel.cli.coverage.attack import name_of, tactic_name
from sentinel.cli.coverage.matrix import Matrix
from sentinel.model.match import RuleInfo

WIDTH, HEIGHT, GAP, HEAD, MARGIN = 184, 40, 6, 46, 16
"""Of a cell, between cells, of a column's head, around everything; in pixels."""
LETTERS = 25
"""Letters of a name that fit into a cell."""
STEPS = (1, 3, 10, 30)
"""Rules from which a cell is a shade darker; the number stands in the cell too."""
MAX_TITLES = 20
_LIGHT = ("#eaf2f9", "#cfe2f2", "#a5c8e4", "#6ea5d0")
_DARK = ("#1b2f40", "#234560", "#2d5f87", "#2f6a9b")


@dataclass(frozen=True, slots=True)
class _Cell:
    technique: str
    rules: tuple[RuleInfo, ...]
    parts: int
    """How many of its sub-techniques rules speak of."""


def picture(matrix: Matrix, title: str) -> str:
    """Return an SVG document: a column for each tactic, a cell for each technique, its sub-techniques counted in."""
    columns = {tactic: _cells(techniques) for tactic, techniques in matrix.cells.items()}
    tallest = max((len(cells) for cells in columns.values()), default=0)
    width = 2 * MARGIN + max(len(columns), 2) * (WIDTH + GAP) - GAP
    height = 2 * MARGIN + 30 + HEAD + tallest * (HEIGHT + GAP)
    found = matrix.techniques()
    what = f"{title}: {len(found)} techniques"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="what">',
        f'<title id="what">{_text(what)}</title>',
        f"<style>{_style()}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 14}">{_text(what)}</text>',
    ]
    for left, (tactic, cells) in zip(count(MARGIN, WIDTH + GAP), columns.items(), strict=False):
        lines += _column(tactic, cells, left)
    return "\n".join([*lines, "</svg>", ""])


def _cells(techniques: Mapping[str, tuple[RuleInfo, ...]]) -> list[_Cell]:
    rules: defaultdict[str, dict[str, RuleInfo]] = defaultdict(dict)
    parts: defaultdict[str, int] = defaultdict(int)
    for technique, found in techniques.items():
        parent, dot, _ = technique.partition(".")
        rules[parent].update({rule.id: rule for rule in found})
        parts[parent] += bool(dot)
    return [_Cell(each, tuple(rules[each].values()), parts[each]) for each in sorted(rules)]


def _column(tactic: str, cells: list[_Cell], left: int) -> Iterator[str]:
    top = MARGIN + 30
    number = len({rule.id for cell in cells for rule in cell.rules})
    yield f'<text class="tactic" x="{left}" y="{top + 16}">{_text(tactic_name(tactic))}</text>'
    yield f'<text class="small" x="{left}" y="{top + 33}">{number} rules, {len(cells)} techniques</text>'
    for cell, place in zip(cells, count(top + HEAD, HEIGHT + GAP), strict=False):
        yield from _cell(cell, left, place)


def _cell(cell: _Cell, left: int, top: int) -> Iterator[str]:
    shade = sum(len(cell.rules) >= step for step in STEPS) - 1
    known = name_of(cell.technique)
    name = known or cell.technique
    shown = name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip() + "…"
    parts = f"{cell.parts} sub" if cell.parts else ""
    below = ", ".join(each for each in (cell.technique if known else "", parts) if each)
    titles = [rule.title for rule in cell.rules[:MAX_TITLES]]
    if len(cell.rules) > MAX_TITLES:
        titles.append(f"and {len(cell.rules) - MAX_TITLES} more")
    yield f"<g><title>{_text(f'{cell.technique} {known}: ' + '; '.join(titles))}</title>"
    yield f'<rect class="s{shade}" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="4"/>'
    yield f'<text class="name" x="{left + 8}" y="{top + 17}">{_text(shown)}</text>'
    yield f'<text class="id" x="{left + 8}" y="{top + 32}">{_text(below)}</text>'
    yield f'<text class="count" x="{left + WIDTH - 8}" y="{top + 32}">{len(cell.rules)}</text></g>'


def _style() -> str:
    light = _colours("#ffffff", "#14202b", "#3c4d5c", _LIGHT)
    dark = _colours("#10181f", "#f2f6f9", "#c3d0da", _DARK)
    fonts = (
        "text{font-family:system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif}"
        ".title{font-size:16px;font-weight:600}.tactic{font-size:14px;font-weight:600}.name{font-size:12px}"
        ".small,.id{font-size:11px}.count{font-size:12px;font-weight:600;text-anchor:end}"
    )
    return f"{fonts}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _colours(page: str, ink: str, faint: str, shades: tuple[str, ...]) -> str:
    cells = "".join(f".s{number}{{fill:{shade}}}" for number, shade in enumerate(shades))
    return f".page{{fill:{page}}}text{{fill:{ink}}}.small{{fill:{faint}}}{cells}"


def _text(text: str) -> str:
    """Return `text` for the inside of an element: no markup, no characters XML cannot hold."""
    return escape(printable(text))
