"""Plays the staff of a one-stop office for a day and writes what its system would log: work, and misuse.

`python -m tests.lab.onestop FILE` writes the recording; the same seed gives the same day. Everybody in it is invented,
and citizens exist only as keyed hashes of made-up names, so there is no number to find behind them.
"""

import hashlib
import hmac
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

ZONE = timezone(timedelta(hours=7))
DAY = date(2026, 11, 23)
SEED = 20261123
KEY = b"only for the recording"
OFFICE = "mc-phuong-mau"
DOSSIERS = "000.00.01.X99"
PROCEDURES = ("2.000815", "1.004193", "2.000635", "1.001193", "1.000656")
Entry = dict[str, object]


@dataclass(frozen=True)
class Clerk:
    """Somebody who works at a counter."""

    user: str
    counter: str

    @property
    def device(self) -> str:
        """The counter's computer."""
        return f"quay{self.counter}-pc"

    @property
    def address(self) -> str:
        """Its address on the office's LAN."""
        return f"10.77.14.{20 + int(self.counter)}"


CLERKS = (Clerk("lan.nt", "01"), Clerk("hung.pv", "02"), Clerk("mai.tth", "03"), Clerk("dung.lq", "04"))
HEAD = Clerk("huong.dt", "05")


def citizen(name: str) -> str:
    """Return the token by which the log names a citizen."""
    return hmac.new(KEY, name.encode(), hashlib.sha256).hexdigest()


def at(hour: int, minute: int, second: float = 0.0) -> datetime:
    """Return a moment of the day, local time."""
    return datetime.combine(DAY, time(hour, minute), ZONE) + timedelta(seconds=second)


def entry(clerk: Clerk, moment: datetime, action: str, **more: object) -> Entry:
    """Return one line of the audit log; keys of `more` as in the schema."""
    return {
        "version": 1,
        "time": moment.isoformat(timespec="milliseconds"),
        "action": action,
        "outcome": "success",
        "user": clerk.user,
        "roles": ["truong-bo-phan"] if clerk == HEAD else ["can-bo-mot-cua"],
        "session": hashlib.sha256(f"{clerk.user}{moment.hour // 6}".encode()).hexdigest()[:16],
        "source_ip": clerk.address,
        "device": clerk.device,
        "office": OFFICE,
        "counter": clerk.counter,
        **more,
    }


class Office:
    """One day; `entries` in no order."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._served = 0

    def day(self) -> Iterator[Entry]:
        """Yield everything that happens."""
        for clerk in CLERKS:
            yield from self._half_day(clerk, at(7, 10), at(11, 30))
            yield from self._half_day(clerk, at(13, 15), at(16, 50))
        yield from self._head()
        yield from self._bulk_look_up(CLERKS[3], at(9, 40))
        yield from self._guessing(Clerk("hung.pv", "02"), at(10, 20))
        yield from self._shared_password(CLERKS[2], Clerk("mai.tth", "05"), at(14, 10))
        yield from self._tampering(CLERKS[1], at(15, 32))
        yield from self._night(CLERKS[3], at(20, 47))

    def _half_day(self, clerk: Clerk, begins: datetime, ends: datetime) -> Iterator[Entry]:
        moment = begins + timedelta(seconds=self._chance.uniform(0, 900))
        if self._chance.random() < 0.2:
            yield entry(clerk, moment, "login", outcome="failure", reason="sai mật khẩu")
            moment += timedelta(seconds=self._chance.uniform(8, 25))
        yield entry(clerk, moment, "login")
        moment += timedelta(seconds=self._chance.uniform(30, 240))
        while moment < ends:
            yield from self._serve(clerk, moment)
            moment += timedelta(seconds=self._chance.uniform(560, 1400))
        yield entry(clerk, ends + timedelta(seconds=self._chance.uniform(20, 600)), "logout")

    def _serve(self, clerk: Clerk, moment: datetime) -> Iterator[Entry]:
        """One citizen at the counter: looked up, then a dossier taken in, asked about or handed over."""
        self._served += 1
        who = citizen(f"citizen {self._served}")
        asks_only = self._chance.random() < 0.08
        yield entry(clerk, moment, "lookup", citizen=who, rows=1, open_dossier=not asks_only)
        if asks_only:
            return
        dossier = f"{DOSSIERS}-{DAY:%y%m%d}-{self._served:04d}"
        about = {"citizen": who, "dossier": dossier, "procedure": self._chance.choice(PROCEDURES)}
        later = moment + timedelta(seconds=self._chance.uniform(40, 200))
        kind = self._chance.random()
        if kind < 0.55:
            yield entry(clerk, later, "status_change", status_from="mới đăng ký", status_to="được tiếp nhận", **about)
            yield entry(clerk, later + timedelta(seconds=22), "print", rows=1, **about)
        elif kind < 0.8:
            handed = {"status_from": "đã xử lý xong", "status_to": "đã trả kết quả", "signed": True}
            yield entry(clerk, later, "status_change", **handed, **about)
        else:
            yield entry(clerk, later, "view", rows=1, open_dossier=True, **about)

    def _head(self) -> Iterator[Entry]:
        yield entry(HEAD, at(7, 40), "login")
        yield entry(HEAD, at(16, 30, 11), "export", rows=118, procedure=PROCEDURES[0])
        yield entry(HEAD, at(16, 55), "logout")

    def _bulk_look_up(self, clerk: Clerk, moment: datetime) -> Iterator[Entry]:
        """Misuse: 46 people within seven minutes, nearly all without a dossier here."""
        for number in range(46):
            moment += timedelta(seconds=self._chance.uniform(4, 11))
            who = citizen(f"somebody else {number}")
            yield entry(clerk, moment, "lookup", citizen=who, rows=1, open_dossier=number % 15 == 0)

    def _guessing(self, place: Clerk, moment: datetime) -> Iterator[Entry]:
        """Misuse: at an empty counter somebody tries the head's password, and a colleague's."""
        for name in ("huong.dt", "huong.dt", "huong.dt", "lan.nt", "lan.nt", "huong.dt"):
            moment += timedelta(seconds=self._chance.uniform(9, 30))
            yield entry(Clerk(name, place.counter), moment, "login", outcome="failure", reason="sai mật khẩu")

    def _shared_password(self, clerk: Clerk, elsewhere: Clerk, moment: datetime) -> Iterator[Entry]:
        """Misuse: the same account at two counters, two minutes apart."""
        yield entry(clerk, moment, "lookup", citizen=citizen("citizen at three"), rows=1, open_dossier=True)
        yield entry(elsewhere, moment + timedelta(seconds=125), "login")
        second = citizen("citizen at five")
        yield entry(elsewhere, moment + timedelta(seconds=170), "lookup", citizen=second, rows=1, open_dossier=True)
        yield entry(elsewhere, moment + timedelta(seconds=400), "logout")

    def _tampering(self, clerk: Clerk, moment: datetime) -> Iterator[Entry]:
        """Misuse: a result handed over before it is signed; a step dated back to before its deadline."""
        late = {"dossier": f"{DOSSIERS}-261112-0007", "procedure": PROCEDURES[3], "citizen": citizen("citizen late")}
        handed = {"status_from": "đang xử lý", "status_to": "đã trả kết quả", "signed": False}
        yield entry(clerk, moment, "status_change", **handed, **late)
        dated = {"status_from": "đang xử lý", "status_to": "đã xử lý xong", "effective_at": "2026-11-20T16:45:00+07:00"}
        other = {**late, "dossier": f"{DOSSIERS}-261112-0011", "citizen": citizen("citizen later")}
        yield entry(clerk, moment + timedelta(minutes=4), "status_change", **dated, **other)

    def _night(self, clerk: Clerk, moment: datetime) -> Iterator[Entry]:
        """Misuse: long after closing, a list of 812 dossiers is taken away."""
        yield entry(clerk, moment, "login")
        yield entry(clerk, moment + timedelta(seconds=74), "export", rows=812, procedure=PROCEDURES[0])
        yield entry(clerk, moment + timedelta(seconds=140), "logout")


def recording(seed: int = SEED) -> list[Entry]:
    """Return the day's entries, oldest first."""
    return sorted(Office(seed).day(), key=lambda each: str(each["time"]))


def main() -> None:
    """Write the recording to the file named."""
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in recording())
    Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
