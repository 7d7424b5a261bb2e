"""A playbook is started by hand once, however many press the button at the same moment."""

import threading

from sentinel.errors import ConflictError
from tests.playbooks.stage import Stage, person


def test_of_several_that_start_it_at_once_one_does(stage: Stage) -> None:
    given = {"collector": "agent-1", "source": "203.0.113.7"}
    together = threading.Barrier(6)
    outcomes: list[str] = []

    def start() -> None:
        together.wait(10)
        try:
            outcomes.append(stage.runs.start(person(), "block", "incident-1", given, stage.now))
        except ConflictError:
            outcomes.append("refused")

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(outcomes), outcomes.count("refused")) == (6, 5)
