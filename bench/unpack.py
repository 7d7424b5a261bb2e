"""Unpacks archives of the corpora, on every Python that Sentinel runs on."""

import tarfile
from collections.abc import Callable
from pathlib import Path


def unpack(archive: Path, folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> None:
    """Write the files of a tar archive below `folder`, or those whose names are `wanted`.

    Pythons before 3.11.4, that of Debian 12 among them, know no extraction filters (PEP 706); the corpora need none.
    """
    with tarfile.open(archive) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)
        packed.extractall(folder, [member for member in packed if wanted(member.name)])
