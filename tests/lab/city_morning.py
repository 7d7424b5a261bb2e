"""Plays a normal working morning of the city's e-government and writes what nine systems would log: 2,000 lines.

`python -m tests.lab.city_morning FILE` writes them as collectors ship them; the same seed gives the same morning.
Everybody in it is invented. Nothing bad happens, but what a city does on a normal day does: mistyped passwords, a
ministry's circular that every agency opens, a leader who signs a batch, an outlier that is held back, a guest who was
invited, a provider that misses one heartbeat.
"""

import hashlib
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

ZONE = timezone(timedelta(hours=7))
MIDNIGHT = datetime(2026, 11, 23, tzinfo=ZONE)
SEED = 20261123
LINES = 2_000
AGENCIES = [f"000.{number:02d}.15.H24" for number in range(1, 25)]
CIRCULAR, FORM = "thong-tu-18", "bieu-mau-thong-ke"
OPENING, NOON = 7 * 3600, 11 * 3600 + 1800


@dataclass(frozen=True)
class Line:
    """One line of an audit log, and which agency's collector ships it."""

    at: datetime
    service: str
    agency: str
    raw: str

    def shipped(self) -> str:
        """Return it as samples and batches carry it."""
        seen = (self.at + timedelta(seconds=1)).isoformat()
        body = {"dataset": f"egov.{self.service}", "raw": self.raw, "host": f"{self.service}01", "seen_at": seen}
        return json.dumps(body, ensure_ascii=False)


def token(name: str) -> str:
    """Return the keyed hash that stands for somebody."""
    return hashlib.sha256(f"city morning {name}".encode()).hexdigest()[:40]


def content(name: str) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(f"file {name}".encode()).hexdigest()


def line(service: str, seconds: float, action: str, agency: str = "city", /, **more: object) -> Line:
    """Return one line at `seconds` after midnight; keys of `more` as in the service's schema, None left out."""
    at = MIDNIGHT + timedelta(seconds=seconds)
    body: dict[str, object] = {"version": 1, "time": at.isoformat(timespec="milliseconds"), "action": action}
    body |= {"outcome": "success", **{name: value for name, value in more.items() if value is not None}}
    return Line(at, service, agency, json.dumps(body, ensure_ascii=False))


class Morning:
    """One morning; parts yield their lines in no order."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def lines(self) -> list[Line]:
        """Return the first 2,000 lines in the order they happen."""
        parts = (
            self._counters(),
            self._heartbeats(),
            self._portal(),
            self._documents(),
            self._signatures(),
            self._copies(),
            self._mail(),
            self._meetings(),
            self._operations_centre(),
            self._oddities(),
        )
        every = [each for part in parts for each in part]
        return sorted(every, key=lambda each: each.at)[:LINES]

    def _some(self, low: float, high: float) -> float:
        return self._chance.uniform(low, high)

    def _counters(self) -> Iterator[Line]:
        """Clerks serve citizens; each look-up goes through the integration platform."""
        for office in range(5):
            for counter in range(2):
                yield from self._counter(AGENCIES[office], f"mc-{office:02d}", counter)

    def _counter(self, agency: str, office: str, counter: int) -> Iterator[Line]:
        who = {"user": f"canbo{counter}.{office}", "office": office, "counter": f"{counter:02d}"}
        who |= {"device": f"{office}-quay{counter:02d}", "source_ip": f"10.77.{int(office[3:])}.{20 + counter}"}
        now = OPENING + 600 + self._some(0, 900)
        if self._chance.random() < 0.25:
            wrong = {"outcome": "failure", "reason": "sai mật khẩu", **who}
            yield line("onestop", now - 20, "login", agency, **wrong)
        yield line("onestop", now, "login", agency, **who)
        while (now := now + self._some(500, 1100)) < NOON:
            person, dossier = token(f"{office}{now}"), f"H24-{office[3:]}-261123-{int(now):05d}"
            asks_only = self._chance.random() < 0.1
            yield line("onestop", now, "lookup", agency, citizen=person, rows=1, open_dossier=not asks_only, **who)
            yield self._call(now + 0.4, AGENCIES[int(office[3:])], person)
            if not asks_only:
                about = {"citizen": person, "dossier": dossier, "procedure": "1.004193", **who}
                change = {"status_from": "mới đăng ký", "status_to": "được tiếp nhận"}
                yield line("onestop", now + 90, "status_change", agency, **change, **about)
                yield line("onestop", now + 120, "print", agency, rows=1, **about)

    def _call(self, now: float, agency: str, person: str) -> Line:
        by = {"consumer": "mot-cua-thanh-pho", "consumer_kind": "interactive", "registered": True, "agency": agency}
        to = {"api": "dan-cu/tra-cuu", "provider": "csdl-dan-cu", "status": 200, "source_ip": "10.70.2.11"}
        size, wait = self._chance.randint(900, 3000), self._chance.randint(80, 900)
        return line("lgsp", now, "call", citizen=person, records=1, bytes=size, latency_ms=wait, **by, **to)

    def _heartbeats(self) -> Iterator[Line]:
        """Ask providers whether they answer (one is late once), end a nightly job, renew a key with a ticket."""
        for provider in ("ngsp", "csdl-dan-cu", "csdl-dat-dai"):
            for number in range(54):
                is_late = provider == "csdl-dat-dai" and number == 17
                told = {"outcome": "failure", "status": 504} if is_late else {"status": 200}
                yield line("lgsp", OPENING + number * 300, "heartbeat", provider=provider, **told)
        batch = {"consumer": "doi-soat-bhxh", "consumer_kind": "batch", "registered": True, "source_ip": "10.70.2.30"}
        for number in range(20):
            job = {"api": "bhxh/qua-trinh", "provider": "bhxh", "status": 200, "records": 200, **batch}
            yield line("lgsp", 6 * 3600 + number * 90, "call", citizen=token(f"batch {number}"), **job)
        expired = {"consumer": "so-tai-nguyen", "source_ip": "10.70.9.40", "status": 401, "outcome": "failure"}
        for number in range(12):
            yield line("lgsp", 8 * 3600 + number * 30, "call", api="dat-dai/thua-dat", **expired)
        done = {"user": "quantri.lgsp", "consumer": "so-tai-nguyen", "change_ticket": "TD-2026-0418"}
        yield line("lgsp", 8 * 3600 + 420, "key_issue", **done)
        served = {**expired, "status": 200, "outcome": "success", "records": 1, "registered": True}
        yield line("lgsp", 8 * 3600 + 500, "call", api="dat-dai/thua-dat", **served)

    def _portal(self) -> Iterator[Line]:
        """Citizens at home, at an office's public computer, and behind one mobile network's address."""
        for number in range(80):
            now = self._some(6.5 * 3600, NOON)
            seen = {"session": token(f"session {number}")[:16], "source_ip": f"203.0.113.{number % 40 + 1}"}
            seen |= {"account": token(f"account {number}"), "device": f"fp-{number:04x}"}
            if number % 12 == 0:
                seen["device"] = f"mc-kiosk-{number % 24}"
            if self._chance.random() < 0.15:
                yield line("portal", now - 25, "login", outcome="failure", identity_provider="local", **seen)
            yield line("portal", now, "login", identity_provider="vneid", **seen)
            for step in range(self._chance.randint(1, 3)):
                mine = {"dossier": f"H24-261120-{number:04d}", "owner": number % 15 != 0, **seen}
                yield line("portal", now + 30 + step * 20, "view", status=200, **mine)
            if self._chance.random() < 0.45:
                yield from self._hands_in(now + 200, number, seen)
        for number in range(18):
            yield line("portal", OPENING + number * 900, "page_check", path="/")

    def _hands_in(self, now: float, number: int, seen: dict[str, str]) -> Iterator[Line]:
        path = f"/kho-tep/2026/11/23/{number:04x}.pdf"
        stored = {"path": path, "file_extension": "pdf", "file_size": 400_000, "file_hash": content(path)}
        yield line("portal", now, "upload", scan="clean", **stored, **seen)
        yield line("portal", now + 5, "open", path=path, status=200, **seen)
        yield line("portal", now + 60, "submit", dossier=f"H24-261123-{number:04d}", procedure="1.004193", **seen)
        yield line("portal", now + 120, "pay", dossier=f"H24-261123-{number:04d}", **seen)

    def _documents(self) -> Iterator[Line]:
        """Bring a ministry's circular to every agency, and routine besides."""
        signed = {"sender": "000.00.00.G01", "certificate_agency": "000.00.00.G01", "external": True}
        for place, agency in enumerate(AGENCIES):
            desk = {"agency": agency, "user": f"vanthu.{place:02d}", "device": f"vt-{place:02d}", "secrecy": "thường"}
            now = OPENING + 1200 + self._some(0, 1800)
            about = {"document": "d-2026-tt18", "number": "18/2026/TT-BNV", **desk}
            yield line("edoc", now, "receive", title="Thông tư quy định chế độ báo cáo", **about, **signed)
            file = {"file_hash": content(CIRCULAR), "file_extension": "pdf", "macro": False}
            yield line("edoc", now + 60, "attachment_open", **about, **file, **signed)
            yield line("edoc", now + 300, "forward", recipients=[agency], **about)
            for number in range(self._chance.randint(6, 10)):
                own = {"document": f"d-2026-{place:02d}{number:02d}", "number": f"{1800 + number}/UBND-VX", **desk}
                at = self._some(OPENING + 1800, NOON)
                yield line("edoc", at, "view", title="V/v bảo mật thông tin, đổi MẬT KHẨU thư công vụ", **own)
                if number % 3 == 0:
                    yield line("edoc", at + 40, "download", **own)
        outside = {"recipient_domains": ["congty.example.com"], "title": "V/v trả lời kiến nghị của doanh nghiệp"}
        outside |= {"user": "vanthu.00", "agency": AGENCIES[0], "secrecy": "thường", "document": "d-2026-9901"}
        yield line("edoc", 10 * 3600, "send", **outside)
        number_only = {"user": "vanthu.01", "agency": AGENCIES[1], "secrecy": "mật", "document": "d-2026-9902"}
        yield line("edoc", 10 * 3600 + 200, "view", **number_only)

    def _signatures(self) -> Iterator[Line]:
        """Leaders sign one by one and in batches, a central server seals, one PIN is mistyped."""
        for place, agency in enumerate(AGENCIES[:14]):
            holder = {"agency": agency, "user": f"lanhdao.{place:02d}", "certificate": f"540a11{place:02x}"}
            holder |= {"certificate_status": "valid", "not_after": "2028-03-01T00:00:00+07:00", "key": "usb-token"}
            holder |= {"device": f"ct-{place:02d}", "application": "vSign-Desktop", "approved_application": True}
            now = self._some(OPENING + 1800, NOON - 3600)
            if place == 4:
                yield line("signing", now - 30, "pin_failure", **{**holder, "outcome": "failure"})
            for number in range(self._chance.randint(2, 5)):
                file = content(f"signed {place} {number}")
                yield line("signing", now + number * 45, "sign", batch=False, file_hash=file, **holder)
            if place % 5 == 0:
                for number in range(12):
                    yield line("signing", now + 900 + number * 0.6, "sign", batch=True, **holder)
        seal = {"agency": AGENCIES[0], "certificate": "77ff01", "certificate_status": "valid", "key": "hsm"}
        for number in range(60):
            yield line("signing", self._some(OPENING, NOON), "sign", device=f"hsm-{number % 2}", **seal)
        yield line("signing", 9 * 3600, "sim_change", agency=AGENCIES[3], certificate="c0ffee03", sim=token("sim"))

    def _copies(self) -> Iterator[Line]:
        """Four officials certify copies; one refuses a paper without its original."""
        for place in range(4):
            desk = {"agency": AGENCIES[place], "office": f"mc-{place:02d}", "user": f"chungthuc.{place}"}
            desk |= {"certificate": f"7be1{place:02x}", "device": f"mc-{place:02d}-quay03", "on_leave": False}
            now = OPENING + 1500.0
            while (now := now + self._some(480, 1500)) < NOON:
                name = f"{place} {now:.0f}"
                paper = {"request": f"CTBS-{place}-{now:.0f}", "file_hash": content(name), "holder": token(name)}
                yield line("certification", now, "receive", **paper, **desk)
                seen = {"original_seen": True, "copies": self._chance.randint(1, 5)}
                yield line("certification", now + 110, "certify", **seen, **paper, **desk)
        refused = {"agency": AGENCIES[1], "user": "chungthuc.1", "original_seen": False, "file_hash": content("scan")}
        yield line("certification", 9 * 3600, "refuse", reason="không xuất trình bản chính", **refused)

    def _mail(self) -> Iterator[Line]:
        """Officials read and write; a newsletter and a supplier's form reach several agencies."""
        for place, agency in enumerate(AGENCIES):
            box = {"user": f"canbo.{place:02d}", "agency": agency, "source_ip": f"10.77.{place}.31"}
            now = OPENING + self._some(0, 3600)
            for number in range(3 if place == 7 else 0):
                old = {"protocol": "imap", "outcome": "failure"}
                yield line("mail", now - 90 + number * 30, "login", **box, **old)
            yield line("mail", now, "login", protocol="imap" if place % 3 == 0 else "webmail", **box)
            for number in range(self._chance.randint(2, 5)):
                to = {"recipient_count": self._chance.randint(1, 12), "recipient_domains": ["haiphong.gov.vn"]}
                yield line("mail", now + 300 + number * 900, "send", protocol="webmail", **to, **box)
            news = {"external": True, "sender": token("newsletter"), "sender_domain": "bantin.example.com"}
            yield line("mail", 8 * 3600 + place * 2, "receive", dmarc="none", file_extension="pdf", **news, **box)
            if place % 4 == 0:
                form = {"external": True, "sender": token("supplier"), "dmarc": "pass", "macro": True}
                yield line("mail", 9 * 3600 + place, "receive", file_hash=content(FORM), **form, **box)
        office = {"user": "vanphong", "agency": AGENCIES[0], "protocol": "webmail"}
        yield line("mail", 8.5 * 3600, "send", recipient_count=180, recipient_domains=["haiphong.gov.vn"], **office)
        yield line("mail", 9.5 * 3600, "forward_set", recipient_domains=["haiphong.gov.vn"], **office)

    def _meetings(self) -> Iterator[Line]:
        """Hold a session of the committee with an invited guest, and an open talk with companies."""
        session = {"meeting": "m-20261123-01", "title": "Phiên họp thường kỳ UBND tháng 11", "platform": "VC-HP"}
        for place, agency in enumerate(AGENCIES):
            member = {"user": f"lanhdao.{place:02d}", "agency": agency, "participant_kind": "member", "invited": True}
            yield line("conference", 8 * 3600 + self._some(-600, 300), "join", **session, **member)
        guest = {"participant_kind": "guest", "participant": token("expert"), "invited": True}
        yield line("conference", 8 * 3600 + 60, "join", **session, **guest)
        stranger = {"participant_kind": "anonymous", "outcome": "failure", "reason": "không có lời mời"}
        yield line("conference", 8 * 3600 + 90, "join", source_ip="203.0.113.77", **session, **stranger)
        shared = {"user": "lanhdao.00", "recipient_domains": ["haiphong.gov.vn"], "public_link": False}
        yield line("conference", 11 * 3600, "share", **session, **shared)
        talk = {"meeting": "m-20261123-02", "meeting_kind": "public", "title": "UBND đối thoại với doanh nghiệp"}
        for number in range(12):
            someone = {"participant_kind": "anonymous", "source_ip": f"203.0.113.{100 + number}"}
            yield line("conference", 10 * 3600 + number * 20, "join", **talk, **someone)

    def _operations_centre(self) -> Iterator[Line]:
        """Deliver feeds every quarter of an hour, and publish what two people have approved."""
        for place, feed in enumerate(("ho-so-truc-tuyen", "quan-trac", "giao-thong", "y-te")):
            for number in range(18):
                at = OPENING + number * 900 + place
                value = round(self._chance.gauss(50, 2), 2)
                figure = {"feed": feed, "indicator": f"chi-so-{place}", "value": value, "mean": 50.0, "deviation": 2.0}
                yield line("ioc", at, "feed_update", feed_hash=content(f"{feed} {number}"), **figure)
                yield line("ioc", at + 5, "feed_check", feed=feed, silent_minutes=0, unchanged_periods=number % 4)
        administrator = {"user": "quantri.ioc", "roles": ["admin"], "zone": "management"}
        yield line("ioc", 7.4 * 3600, "login", **administrator)
        ticket = {"change_ticket": "TD-2026-0431", "feed": "giao-thong", "user": "quantri.ioc"}
        yield line("ioc", 7.5 * 3600, "config_change", **ticket)
        for place in range(4):
            shown = {"dashboard": "lanh-dao", "indicator": f"chi-so-{place}", "approvers": ["an.tv", "binh.lt"]}
            yield line("ioc", 8 * 3600 + 600 + place, "publish", user="hung.pv", **shown)

    def _oddities(self) -> Iterator[Line]:
        """Do what rules look at, once or twice: odd, but no reason to wake anybody."""
        for number in range(6):
            early = AGENCIES[number % 2]
            yield self._call(6.8 * 3600 + number * 60, early, token(f"early {number}"))
        for place in range(8):
            desk = {"agency": AGENCIES[place], "user": f"vanthu.{place:02d}", "secrecy": "thường"}
            tender = {"document": "d-2026-5501", "file_hash": content("moi-thau"), "external": True}
            yield line("edoc", 9 * 3600 + place * 200, "attachment_open", **tender, **desk)
            if place < 2:
                sheet = {"document": "d-2026-5502", "file_hash": content(FORM), "macro": True}
                yield line("edoc", 9.2 * 3600 + place * 900, "attachment_open", **sheet, **desk)
                offer = {"external": True, "sender": token("seller"), "dmarc": "none", "file_extension": "xlsm"}
                box = {"user": f"canbo.{place:02d}", "agency": AGENCIES[place]}
                yield line("mail", 9.3 * 3600 + place, "receive", **offer, **box)
        mailbox = {"user": "quantri.mail", "agency": "city"}
        yield line("mail", 8.2 * 3600, "password_reset", target="canbo.05", **mailbox)
        yield line("mail", 8.4 * 3600, "mailbox_export", target="nghiviec.nv", **mailbox)
        by_phone = {"agency": AGENCIES[3], "certificate": "c0ffee03", "key": "sim-pki", "sim": token("sim")}
        yield line("signing", 8.5 * 3600, "sign", certificate_status="valid", **by_phone)
        wrong = {"consumer": "so-tai-nguyen", "source_ip": "10.70.9.40", "status": 404, "outcome": "failure"}
        yield line("lgsp", 9.1 * 3600, "call", api="dat-dai/thua-dat-v2", **wrong)
        flood = {"feed": "muc-nuoc", "indicator": "muc-nuoc", "value": 3.4, "mean": 1.4, "deviation": 0.4}
        yield line("ioc", 9.4 * 3600, "feed_update", **flood)


def recording() -> list[Line]:
    """Return the morning."""
    return Morning(SEED).lines()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("".join(each.shipped() + "\n" for each in recording()), "utf-8")
