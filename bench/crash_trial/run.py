"""Runs trials one after the other on one set of engines, each with a home of its own."""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.crash_trial import ground
from bench.crash_trial.engines import CONFIGURATIONS, Engine
from bench.crash_trial.trial import START_SECONDS, Result, Trial, until
from sentinel.cli.client import Client
from sentinel.cli.demo.city import program
from tests.live.servers.process import free_port

COLLECTOR_ONE_IN = 3
"""So many trials have a real collector as well."""


class Runner:
    """Holds what trials share."""

    def __init__(self, configuration: str, folder: Path) -> None:
        self._configuration = CONFIGURATIONS[configuration]
        self._folder = folder
        self._stack = ExitStack()
        self._engines: dict[str, Engine] = {}
        self._template: ground.Template | None = None

    def __enter__(self) -> Self:
        self._shim = ground.build_shim(self._folder)
        self._engines = self._stack.enter_context(self._configuration.engines())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, seed: int) -> Result:
        """Run the trial of a seed."""
        for engine in self._engines.values():
            engine.deaths = 0
        folder = self._folder / f"t{seed}"
        template = self._template or self._made(seed)
        trial = Trial(
            seed,
            template,
            self._engines,
            folder / "disk",
            configuration=self._configuration,
            has_collector=self._configuration.is_embedded and seed % COLLECTOR_ONE_IN == 0,
        )
        try:
            return trial.run()
        finally:
            trial.disk.remove()

    def _made(self, seed: int) -> ground.Template:
        """Return a new template; where nothing in it is of one trial, it serves for all."""
        settings = self._configuration.settings(self._engines, f"t{seed}")
        template = ground.make(self._folder / f"template-{seed}", free_port(), settings, self._shim)
        if self._configuration.is_embedded:
            self._enrol(template)
            self._template = template
        return template

    def _enrol(self, template: ground.Template) -> None:
        url = f"https://localhost:{template.port}"
        command = [program("sentinel"), "serve", "--home", str(template.folder / "home")]
        with (template.folder / "server.log").open("ab") as output:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            until(Client(url, template.target.ca).is_up, START_SECONDS, "the first start")
            ground.enrol(template, url)
        finally:
            server.terminate()
            server.wait(START_SECONDS)
