"""Blocks one IP address, both ways, in a machine's own firewall."""

from datetime import timedelta

from sentinel.playbooks.action import Action, Arguments, Sentence
from sentinel.playbooks.kinds import Ip


class BlockIpArguments(Arguments):
    """Which address."""

    address: Ip


class BlockIp(Action[BlockIpArguments]):
    """Class 1: unblocked at its time or by one button."""

    name = "block_ip"
    danger = 1
    max_ttl = timedelta(days=7)
    arguments = BlockIpArguments

    def sentence(self, arguments: BlockIpArguments) -> Sentence:
        """Return what it does."""
        return Sentence(
            f"Block {arguments.address} on collector {arguments.collector}",
            f"Chặn địa chỉ {arguments.address} trên bộ thu thập {arguments.collector}",
        )
