"""`python -m tests.lab record FOLDER`: run the lab once and keep its logs and captures."""

import argparse
import sys
from pathlib import Path

from tests.lab.recording import record


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("verb", choices=["record"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    for phase in record(arguments.folder):
        sys.stderr.write(f"{phase.began} {phase.name}: auth.log {phase.auth_log}, access.log {phase.access_log}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
