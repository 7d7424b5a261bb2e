"""Options that commands share: which home folder, and JSON for programs."""

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[Path, typer.Option("--home", help="Home folder.", envvar="SENTINEL_HOME")]
DEFAULT_HOME = Path("sentinel")
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
