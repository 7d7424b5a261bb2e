"""Runs one command on one core and says what it took; a small process of its own, so that nothing else is counted.

    python child.py CORE STDOUT STDERR COMMAND...

The kernel hands a process's peak memory on to what it starts, therefore whoever measures memory has to be small.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Run the command; print wall and processor seconds, peak memory in kB and the exit code as JSON."""
    core, output, errors, *command = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    with Path(output).open("wb") as out, Path(errors).open("wb") as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    found = (wall, used.ru_utime, used.ru_stime, used.ru_maxrss, child.returncode)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
