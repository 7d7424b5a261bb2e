"""Every action a playbook may ask for: one file and one line each."""

from typing import Any

from sentinel.playbooks.action import Action
from sentinel.playbooks.actions import block_ip, collect_triage, kill_process, quarantine_file

ACTIONS: dict[str, Action[Any]] = {
    "block_ip": block_ip.BlockIp(),
    "collect_triage": collect_triage.CollectTriage(),
    "kill_process": kill_process.KillProcess(),
    "quarantine_file": quarantine_file.QuarantineFile(),
}
