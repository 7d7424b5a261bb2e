"""What the sensor notices by itself; each detector is one file, sees every packet and keeps its own small memory."""

from collections.abc import Callable
from typing import Protocol

from collectors.network.detectors.arp_binding_changed import ArpBindingChanged
from collectors.network.detectors.arp_binding_new import ArpBindingNew
from collectors.network.detectors.arp_conflict import ArpConflict
from collectors.network.detectors.arp_gratuitous import ArpGratuitous
from collectors.network.observation import Observation
from collectors.network.packet import Packet


class Detector(Protocol):
    """Looks at packets one by one, in the order they were captured."""

    def see(self, packet: Packet) -> Observation | None:
        """Return an event when `packet` completes what is looked for, else None."""
        ...


DETECTORS: dict[str, Callable[[], Detector]] = {
    "arp_binding_new": ArpBindingNew,
    "arp_binding_changed": ArpBindingChanged,
    "arp_conflict": ArpConflict,
    "arp_gratuitous": ArpGratuitous,
}
"""Event action to what makes the detector."""
