"""Who is asking, and what they may see and do."""

from dataclasses import dataclass
from enum import StrEnum

from sentinel.model.agency import Scope


class Role(StrEnum):
    """What a user may do; each role includes those before it, except auditor, who changes nothing."""

    AUDITOR = "auditor"
    """Reads everything in scope and the audit log."""
    OPERATOR = "operator"
    """Triages alerts and incidents, starts playbooks."""
    RESPONDER = "responder"
    """Also approves steps that change something on a machine, and undoes them."""
    ADMINISTRATOR = "administrator"
    """Also manages users and collectors, and reads the audit log."""

    def includes(self, needed: "Role") -> bool:
        """Return whether a user with this role may do what `needed` may."""
        order = [Role.OPERATOR, Role.RESPONDER, Role.ADMINISTRATOR]
        if needed is Role.AUDITOR:
            return self in (Role.AUDITOR, Role.ADMINISTRATOR)
        return self in order and order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A signed-in user."""

    id: str
    name: str
    role: Role
    agency: str
    """Root of what they see."""
    scope: Scope
    language: str = "vi"
    """`vi` or `en`."""
