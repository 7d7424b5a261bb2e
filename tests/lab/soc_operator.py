"""An operator at the SOC's machine: signs in by a one-time link and answers the playbook's question over HTTPS."""

import argparse
import json
import sys
from pathlib import Path

from sentinel.cli.client import Client


def main() -> None:
    """Approve the only open question and print it; the one-time token comes on standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("ca", type=Path)
    options = parser.parse_args()
    client = Client(options.url, options.ca)
    client.sign_in(sys.stdin.read().strip())
    questions = client.get("/api/v1/approvals")["approvals"]
    if not isinstance(questions, list) or len(questions) != 1:
        raise SystemExit(f"expected one open question, got {questions}")
    question = questions[0]["approval"]
    client.post(f"/api/v1/approvals/{question['id']}/decision", {"approved": True, "note": "seen in the lab"})
    sys.stdout.write(json.dumps(question))


if __name__ == "__main__":
    main()
