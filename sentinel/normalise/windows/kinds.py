"""What frequent Windows events mean: action, category, type and outcome by dataset and event id."""

from functools import lru_cache

from sentinel.model.record import Fields


def dataset_of(channel: str) -> str:
    """Return the dataset of a Windows event log."""
    return _DATASETS.get(channel.lower(), "windows.other")


_DATASETS = {
    "security": "windows.security",
    "system": "windows.system",
    "microsoft-windows-sysmon/operational": "windows.sysmon",
    "microsoft-windows-powershell/operational": "windows.powershell",
    "powershellcore/operational": "windows.powershell",
    "windows powershell": "windows.powershell",
}

_SYSMON: dict[int, tuple[str, str, str]] = {
    1: ("process_created", "process", "start"),
    2: ("file_time_changed", "file", "change"),
    3: ("network_connection", "network", "connection start"),
    5: ("process_ended", "process", "end"),
    6: ("driver_loaded", "driver", "start"),
    7: ("image_loaded", "process", "change"),
    8: ("remote_thread_created", "process", "change"),
    9: ("raw_disk_read", "file", "access"),
    10: ("process_accessed", "process", "access"),
    11: ("file_created", "file", "creation"),
    12: ("registry_key_changed", "registry configuration", "change"),
    13: ("registry_value_set", "registry configuration", "change"),
    14: ("registry_renamed", "registry configuration", "change"),
    15: ("file_stream_created", "file", "creation"),
    16: ("sysmon_configuration_changed", "configuration", "change"),
    17: ("pipe_created", "file", "creation"),
    18: ("pipe_connected", "file", "access"),
    19: ("wmi_filter", "process", "change"),
    20: ("wmi_consumer", "process", "change"),
    21: ("wmi_binding", "process", "change"),
    22: ("dns_query", "network", "connection protocol info"),
    23: ("file_deleted", "file", "deletion"),
    25: ("process_tampered", "process", "change"),
    26: ("file_deleted", "file", "deletion"),
}
_SECURITY: dict[int, tuple[str, str, str]] = {
    1102: ("audit_log_cleared", "iam", "admin change"),
    4624: ("logged_in", "authentication", "start"),
    4625: ("logon_failed", "authentication", "start"),
    4634: ("logged_out", "authentication", "end"),
    4647: ("logged_out", "authentication", "end"),
    4648: ("logged_in_explicit", "authentication", "start"),
    4656: ("object_handle_requested", "file", "access"),
    4657: ("registry_value_set", "registry configuration", "change"),
    4663: ("object_accessed", "file", "access"),
    4672: ("special_privileges_assigned", "iam", "admin"),
    4688: ("process_created", "process", "start"),
    4689: ("process_ended", "process", "end"),
    4697: ("service_installed", "iam configuration", "admin change"),
    4698: ("scheduled_task_created", "iam configuration", "admin creation"),
    4699: ("scheduled_task_deleted", "iam configuration", "admin deletion"),
    4702: ("scheduled_task_changed", "iam configuration", "admin change"),
    4719: ("audit_policy_changed", "iam configuration", "admin change"),
    4720: ("user_created", "iam", "user creation"),
    4722: ("user_enabled", "iam", "user change"),
    4723: ("password_changed", "iam", "user change"),
    4724: ("password_reset", "iam", "user change"),
    4725: ("user_disabled", "iam", "user change"),
    4726: ("user_deleted", "iam", "user deletion"),
    4728: ("group_member_added", "iam", "group change"),
    4732: ("group_member_added", "iam", "group change"),
    4738: ("user_changed", "iam", "user change"),
    4740: ("user_locked_out", "iam", "user change"),
    4756: ("group_member_added", "iam", "group change"),
    4768: ("kerberos_ticket_requested", "authentication", "start"),
    4769: ("kerberos_service_ticket_requested", "authentication", "start"),
    4771: ("kerberos_preauthentication_failed", "authentication", "start"),
    4776: ("credentials_validated", "authentication", "start"),
    5140: ("share_accessed", "network file", "access"),
    5145: ("share_file_checked", "network file", "access"),
    5156: ("connection_allowed", "network", "connection allowed"),
}
_SYSTEM: dict[int, tuple[str, str, str]] = {
    104: ("log_cleared", "iam", "admin change"),
    7036: ("service_state_changed", "process", "change"),
    7045: ("service_installed", "iam configuration", "admin change"),
}
_POWERSHELL: dict[int, tuple[str, str, str]] = {
    400: ("engine_started", "process", "start"),
    800: ("pipeline_executed", "process", "info"),
    4103: ("module_logged", "process", "info"),
    4104: ("script_block", "process", "info"),
}
_KINDS = {
    "windows.sysmon": _SYSMON,
    "windows.security": _SECURITY,
    "windows.system": _SYSTEM,
    "windows.powershell": _POWERSHELL,
}
_FAILURES = frozenset({("windows.security", 4625), ("windows.security", 4771)})


@lru_cache(maxsize=10_000)
def _known(dataset: str, event_id: int) -> tuple[str, tuple[str, ...], tuple[str, ...], str] | None:
    known = _KINDS.get(dataset, {}).get(event_id)
    if known is None:
        return None
    action, categories, types = known
    outcome = ""
    if dataset == "windows.security" and "authentication" in categories:
        outcome = "failure" if (dataset, event_id) in _FAILURES else "success"
    return action, tuple(categories.split()), tuple(types.split()), outcome


def kind_of(dataset: str, event_id: int) -> Fields:
    """Return `event.action`, `.category`, `.type` and `.outcome` where the event is one we know."""
    known = _known(dataset, event_id)
    if known is None:
        return {}
    action, categories, types, outcome = known
    fields: Fields = {"event.action": action, "event.category": [*categories], "event.type": [*types]}
    if outcome:
        fields["event.outcome"] = outcome
    return fields
