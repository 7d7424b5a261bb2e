"""What signed commands may do on this machine; absent in an install that only monitors."""

from collections.abc import Callable

from collectors.respond.block_ip import BlockIp
from collectors.respond.collect_triage import CollectTriage
from collectors.respond.executor import Executor
from collectors.respond.kill_process import KillProcess
from collectors.respond.limits import Limits
from collectors.respond.quarantine_file import QuarantineFile

EXECUTORS: dict[str, Callable[[Limits], Executor]] = {
    "block_ip": BlockIp,
    "collect_triage": CollectTriage,
    "kill_process": KillProcess,
    "quarantine_file": QuarantineFile,
}
