"""Templates become pages: one environment for each language, everything escaped, nothing hidden."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from sentinel.model.principal import Role
from sentinel.web import words
from sentinel.web.language import DEFAULT, LANGUAGES, Language
from sentinel.web.moments import Clock
from sentinel.web.numbers import in_bytes, in_digits
from sentinel.web.readable import pairs, shown, summary
from sentinel.web.timeline import told
from sentinel.web.visible import visible
from sentinel.web.visitor import BEFORE, THEMES, remember, stranger

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


class Shown:
    """The environments of one application."""

    def __init__(self, languages: Mapping[str, Language], zone: str) -> None:
        self.languages = languages
        self.clocks = {code: Clock(zone, code) for code in languages}
        self._environments = {code: self._environment(language) for code, language in languages.items()}

    def render(self, template: str, language: str, context: Mapping[str, object]) -> str:
        """Return the filled template; half a surrogate pair, which no encoding has, cannot be left in it."""
        return self._environments[language].get_template(template).render(context)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            finalize=_nothing_hidden,
            auto_reload=False,
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        clock = self.clocks[language.code]
        environment.filters |= {
            "moment": clock.moment,
            "ago": clock.ago,
            "lasting": clock.lasting,
            "clock": clock.local,
            "typed": clock.typed,
            "digits": lambda number: in_digits(number, language.code),
            "bytes": lambda number: in_bytes(number, language.code),
            "query": lambda values: urlencode(values, doseq=True),
        }
        environment.globals |= {
            "words": words,
            "Role": Role,
            "LANGUAGES": LANGUAGES,
            "THEMES": THEMES,
            "choose": language.choose,
            # `_` is for literals only: it takes what it is given for trusted markup with %-places.
            "tr": language.gettext,
            "summary": summary,
            "shown": shown,
            "pairs": pairs,
            "told": partial(told, language=language),
            "static": _static,
        }
        return environment


def _nothing_hidden(value: object) -> object:
    if isinstance(value, Markup):
        # Markup may hold values that were escaped, but not looked at: those of `_`, for example.
        return Markup(visible(value))  # noqa: S704 - it was markup, and no character of markup is added
    return visible(value) if isinstance(value, str) else value


@lru_cache(maxsize=64)
def _static(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def page(request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """Return `template` filled with `context` and with what every page knows."""
    who = stranger(request)
    shown: Shown = request.app.state.shown
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    everywhere: dict[str, object] = {
        "who": who,
        "language": who.language or DEFAULT,
        "path": request.url.path,
        # Coming back by GET to an address that only takes a form would be an error.
        "here": local_path(here) if request.method == "GET" else "/",
        "done": words.DONE.get(request.query_params.get("done", ""), ""),
    }
    response = HTMLResponse(shown.render(template, who.language, everywhere | context), status_code=status)
    if who.needs_cookie:
        remember(response, BEFORE, who.csrf, seconds=None)
    return response


def back_to(target: str, done: str = "") -> RedirectResponse:
    """Return the answer to a form: go to a page of ours, which says what was done."""
    place = local_path(target)
    path, _, query = place.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("done=")]
    query = "&".join([*kept, *([urlencode({"done": done})] if done else [])])
    return RedirectResponse(f"{path}?{query}" if query else path, status_code=303)


def local_path(target: str) -> str:
    """Return `target` if it is a path of this site, else the start page."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target
    return target if plain and target.isprintable() and len(target) <= 2000 else "/"
