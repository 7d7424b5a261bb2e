"""A harmless executor whose every act can be counted, and a responder around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.respond.agent import Responder
from collectors.respond.executor import Done, Task
from collectors.respond.limits import Limits
from sentinel.errors import RefusedError, UnavailableError
from tests.collectors.respond.server import COLLECTOR, PUBLIC


@dataclass(frozen=True)
class Settings:
    """Table `[respond]`."""

    enabled: bool = True
    quarantine: Path | None = None
    never_touch: tuple[str, ...] = ()


class Touch:
    """Makes a file per effect; every act is a line in `acts`."""

    is_reversible = True
    is_repeatable = False

    def __init__(self, limits: Limits) -> None:
        self.folder = limits.home / "touched"
        self.folder.mkdir(parents=True, exist_ok=True)

    def perform(self, task: Task) -> Done:
        match task.arguments.get("how"):
            case "refuse":
                raise RefusedError("it is a gateway")
            case "fail":
                raise UnavailableError("busy")
            case "break":
                raise ZeroDivisionError
            case "forbid":
                raise PermissionError(1, "the disk says no")
        self._note("perform", task)
        self.path(task.effect).write_text("done")
        return Done("touched", {"size": 4})

    def verify(self, task: Task) -> str:
        if not self.path(task.effect).exists() or task.arguments.get("how") == "vanish":
            raise UnavailableError("not there")
        return "there"

    def undo(self, task: Task) -> str:
        if (self.folder / "stuck").exists():
            raise UnavailableError("stuck")
        if task.arguments.get("how") == "forbid":
            raise PermissionError(1, "the disk says no")
        if self.path(task.effect).exists():
            self._note("undo", task)
            self.path(task.effect).unlink()
        return "gone"

    def path(self, effect: str) -> Path:
        return self.folder / effect

    def acts(self) -> list[str]:
        return acts(self.folder.parent)

    def _note(self, what: str, task: Task) -> None:
        with (self.folder.parent / "acts").open("a") as file:
            file.write(f"{what} {task.effect}\n")


def acts(home: Path) -> list[str]:
    """Return what was done, in order."""
    path = home / "acts"
    return path.read_text().splitlines() if path.exists() else []


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **later: float) -> None:
        self.now += timedelta(**later)


class Nowhere:
    """A server that is gone."""

    url = "https://127.0.0.1:9"

    def get_json(self, path: str, timeout: float = 0) -> dict[str, object]:
        raise UnavailableError("gone")

    def post_json(self, path: str, body: Mapping[str, object], timeout: float = 0) -> dict[str, object]:
        raise UnavailableError("gone")


class Listener(Nowhere):
    """A server that takes reports."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def post_json(self, path: str, body: Mapping[str, object], timeout: float = 0) -> dict[str, object]:
        self.told.append((path.split("/")[4], dict(body)))
        return {}


def responder(home: Path, client: object, clock: Clock | None = None) -> Responder:
    """Return a responder that can only touch."""
    return Responder(
        Settings(),
        client,  # type: ignore[arg-type]
        home=home,
        collector_id=COLLECTOR,
        command_key=PUBLIC,
        executors={"touch": Touch, "look": Touch},
        **({"clock": clock} if clock else {}),
    )


def told(client: Listener) -> list[object]:
    """Return the states that were reported."""
    return [body["state"] for _, body in client.told]
