"""A home folder with everything that works on it; what stands below it is in `foundation` and `detecting`."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path

from sentinel.home import metrics_token
from sentinel.hunt.desk import HuntDesk
from sentinel.hunt.rows import Hunts
from sentinel.intake.doorway import Doorway
from sentinel.intake.receiver import Receiver
from sentinel.intake.sender_desk import SenderDesk
from sentinel.intake.senders import Senders
from sentinel.intake.syslog.server import SyslogServer
from sentinel.listening import syslog_server
from sentinel.model.agency import Scope
from sentinel.model.sender import HTTP_DOORS
from sentinel.normalise import normalise
from sentinel.quarantine.desk import QuarantineDesk
from sentinel.quarantine.rows import QuarantineRows
from sentinel.selfwatch import metrics
from sentinel.selfwatch.checks import Limits
from sentinel.selfwatch.door import Door
from sentinel.selfwatch.metrics import Metrics
from sentinel.selfwatch.readiness import Check, Readiness
from sentinel.selfwatch.watch import Watch
from sentinel.web.services import Services
from sentinel.wiring.detecting import Detecting
from sentinel.wiring.keeping import Keeping


class Home(Detecting, Keeping):
    """One home folder with everything that works on it, each part built when it is first asked for."""

    @cached_property
    def receiver(self) -> Receiver:
        """Return the intake of batches."""
        return Receiver(self.journal, self.engine)

    @cached_property
    def senders(self) -> Senders:
        """Return who may send through doors of other kinds."""
        return Senders(self.engine)

    @cached_property
    def sender_desk(self) -> SenderDesk:
        """Return where senders are added and revoked."""
        return SenderDesk(self.engine, self.audit)

    @cached_property
    def doorway(self) -> Doorway:
        """Return the intake of all doors but Sentinel's own."""
        return Doorway(self.journal, self.engine, self.wake_pipeline)

    @cached_property
    def syslog(self) -> SyslogServer:
        """Return the syslog doors, not open yet."""
        return syslog_server(self.settings, self.keys, self.doorway, self.senders)

    @cached_property
    def watch(self) -> Watch:
        """Return what puts Sentinel's own events into the journal."""
        return Watch(
            audit=self.audit,
            door=Door(self.journal, self.wake_pipeline),
            sources=self.sources,
            identities=self.identities,
            senders=self.senders,
            agencies=self.agencies,
            journal=self.journal,
            store=self.store,
            home=self.path,
            limits=Limits(
                collector_silent=timedelta(minutes=self.settings.watch.collector_silent_minutes),
                source_silent=timedelta(minutes=self.settings.watch.source_silent_minutes),
                disk_percent=self.settings.watch.disk_percent,
                disk_days=self.settings.watch.disk_days,
            ),
            trouble=self.trouble,
            leads=self.leader.leads if not self.single else None,
        )

    @cached_property
    def readiness(self) -> Readiness:
        """Return the parts that must answer before this server takes work."""
        checks: dict[str, Check] = {
            "database": lambda: self.agencies.get("city"),
            "journal": lambda: self.journal.part(self.journal.parts()[0]).begin(),
            "store": lambda: self.store.known(["readiness"]),
        }
        return Readiness(checks, self.trouble)

    @cached_property
    def metrics(self) -> Metrics:
        """Return what this process measures of itself."""

        def everyone() -> Scope:
            return frozenset(agency.id for agency in self.agencies.all())

        return Metrics(
            [
                *metrics.lag(self.journal, self.store),
                metrics.silence(self.sources),
                metrics.refusals(lambda: self.receiver.counters(everyone())),
                metrics.doors(lambda: self.doorway.statistics),
                metrics.counts("pipeline", "What the pipeline has done with events.", self.done),
                metrics.counts("store", "What the store has done with records.", lambda: self.store.statistics),
                metrics.quarantined(lambda: self.quarantine.rows.counts(everyone())),
            ]
        )

    @cached_property
    def hunting(self) -> HuntDesk:
        """Return where people ask for hunts."""
        return HuntDesk(
            store=self.store,
            hunts=Hunts(self.engine),
            rules=self._rules_in,
            alerts=self.alerts,
            incidents=self.incidents,
            audit=self.audit,
        )

    @cached_property
    def quarantine(self) -> QuarantineDesk:
        """Return what could not be read or stored, and the way back."""
        rows = QuarantineRows(self.engine)
        return QuarantineDesk(rows=rows, store=self.store, journal=self.journal, normalise=normalise, audit=self.audit)

    @cached_property
    def services(self) -> Services:
        """Return what the web needs."""
        return Services(
            agencies=self.agencies,
            users=self.users,
            sign_in=self.sign_in,
            alerts=self.alerts,
            incidents=self.incidents,
            runs=self.runs,
            commands=self.commands,
            store=self.store,
            identities=self.identities,
            enrolment=self.enrolment,
            receiver=self.receiver,
            senders=self.senders,
            doorway=self.doorway,
            doors_zone=self.settings.doors.zone or self.settings.display.zone,
            doors=frozenset(name for name in HTTP_DOORS if getattr(self.settings.doors, name)),
            audit=self.audit,
            wake=self.wake_pipeline,
            wake_runs=self.wake_runs,
            bell=self.bell,
            rules=self._stocked_shelf(),
            rule_states=self.rule_states,
            rule_counters=self.rule_counters,
            hunting=self.hunting,
            readiness=self.readiness,
            metrics=self.metrics,
            metrics_token=metrics_token(self.path / "keys"),
            ca_pem=self.keys.ca.read_bytes(),
            command_key=self.public_key(),
            display_zone=self.settings.display.zone,
        )

    def close(self) -> None:
        """Release what was opened."""
        if "hunting" in self.__dict__:
            self.hunting.close()
        for name in ("pipeline", "sharing"):
            if name in self.__dict__:
                getattr(self, name).close()
                self.detection.shelf.save()
        for name in ("journal", "brokers", "store", "leader"):
            if name in self.__dict__:
                getattr(self, name).close()
        if "database" in self.__dict__:
            self.database.dispose()


def open_home(path: Path) -> Home:
    """Return the home at `path`; raise `InputError` where there is none or its settings are wrong."""
    return Home(path)
