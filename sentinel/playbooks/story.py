"""Tells what a run does, in the incident's timeline and in the audit log, as part of the same transaction."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from sentinel.audit import Audit
from sentinel.database.text import fit
from sentinel.model.run import Run
from sentinel.playbooks.action import Sentence

SYSTEM = "system"
MAX_SENTENCE = 1_000
"""In the audit log, whose details are bounded as JSON: one character may take twelve there."""


class Timeline(Protocol):
    """The incidents, as far as a run needs them."""

    def append(
        self,
        incident_id: str,
        *,
        key: str,
        kind: str,
        actor: str,
        code: str,
        text: str,
        facts: Mapping[str, str] = ...,
        connection: Connection | None = None,
    ) -> None:
        """Add an entry to an incident's timeline; the same key again changes nothing."""


@dataclass(frozen=True)
class Story:
    """Writes both."""

    audit: Audit
    timeline: Timeline

    def tell(
        self,
        connection: Connection,
        run: Run,
        code: str,
        sentence: Sentence,
        *,
        key: str,
        actor: str = SYSTEM,
        why: str = "",
        kind: str = "action",
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Write one entry in the timeline and one in the audit log.

        `code` names what happened (`effect.verified`); the Vietnamese sentence travels as the fact `text_vi`.
        """
        facts = {"text_vi": sentence.vi, "playbook": run.playbook, "run": run.id, **(detail or {})}
        if why:
            facts["why"] = why
        self.timeline.append(
            run.incident,
            key=hashlib.sha256(f"{run.id}/{code}/{key}".encode()).hexdigest(),
            kind=kind,
            actor=actor,
            code=code,
            text=sentence.en,
            facts=facts,
            connection=connection,
        )
        self.audit.record(
            actor=actor,
            agency=run.agency,
            action=code,
            object=run.id,
            why=why,
            detail={
                "text": fit(sentence.en, MAX_SENTENCE),
                "incident": run.incident,
                "playbook": run.playbook,
                **(detail or {}),
            },
            connection=connection,
        )
