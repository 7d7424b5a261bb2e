"""Real packets are dropped by the real firewall, in a network of the test's own, and pass again afterwards."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.respond.block_ip import BlockIp
from collectors.respond.limits import Limits
from sentinel.errors import InputError, RefusedError
from tests.collectors.respond.conftest import MakeTask

SCRIPT = Path(__file__).with_name("inside_network.py")


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "10.2.3.4", "224.0.0.5"])
def test_what_must_stay_reachable_is_refused_before_anything_is_run(
    limits: Limits, task: MakeTask, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: pytest.fail("nft was looked for"))
    with pytest.raises(RefusedError):
        BlockIp(limits).perform(task("block_ip", address=address))


@pytest.mark.parametrize("address", ["", "x", "203.0.113.1; flush ruleset", "203.0.113.0/24", "fe80::1%eth0", 7])
def test_what_is_no_address_never_reaches_the_firewall(limits: Limits, task: MakeTask, address: object) -> None:
    with pytest.raises(InputError):
        BlockIp(limits).perform(task("block_ip", address=address))


@pytest.mark.live
def test_packets_stop_and_pass_again(tmp_path: Path) -> None:
    missing = [
        name for name in ("ip", "nft", "unshare") if shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin") is None
    ]
    if os.geteuid() != 0 or missing:
        reason = f"blocking for real needs root and ip, nft, unshare; missing: {', '.join(missing) or 'root'}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command = ["unshare", "--net", "--mount", sys.executable, str(SCRIPT), str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all held"
