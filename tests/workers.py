"""Which of xdist's workers runs which file: one takes what waits for others, so that the rest can compute meanwhile."""

from xdist.scheduler.loadfile import LoadFileScheduling
from xdist.workermanage import WorkerController

TRIALS = (
    "tests/database/test_postgresql.py",
    "tests/live/test_crash_trial.py",
    "tests/live/test_kill_trial.py",
    "tests/live/test_scaled.py",
    "tests/test_correlation_kill.py",
)
"""Never two at a time: their processes need a core of their own."""
WAITING = (
    "tests/journal/test_kafka_faults.py",
    "tests/keeping/test_backup.py",
    "tests/live/senders/test_http_senders.py",
    "tests/live/senders/test_syslog_senders.py",
    "tests/live/servers/test_servers.py",
    "tests/live/test_doors_besieged.py",
    "tests/live/test_doors_killed.py",
    "tests/live/test_guessed_password.py",
    "tests/live/test_shared_work.py",
    "tests/playbooks/test_durable.py",
    "tests/store/elastic/test_rollover.py",
)
"""Seconds in which nothing is computed: for a start, for a time-out, for the end of a block."""


class Lanes(LoadFileScheduling):  # type: ignore[misc]
    """Keeps the tests of a file, which share its fixtures, on one worker; trials only on the last, what waits first."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        wanted = self._next(node)
        if wanted is not None:
            self.workqueue.move_to_end(wanted, last=False)
            super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        if self.workqueue and self._next(node) is None:
            node.shutdown()
        else:
            super()._reschedule(node)

    def _next(self, node: WorkerController) -> str | None:
        """Return the file for this worker, None where nothing is left for it."""
        is_last = node.gateway.id == max((each.gateway.id for each in self.nodes), key=lambda name: (len(name), name))
        if not is_last:
            return min((file for file in self.workqueue if file not in TRIALS), key=WAITING.__contains__, default=None)
        return min(self.workqueue, key=lambda file: (file not in TRIALS, file not in WAITING), default=None)
