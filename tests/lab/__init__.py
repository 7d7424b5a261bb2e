"""A small agency LAN in network namespaces, attacked by real tools: for recordings and for live tests."""

from tests.lab.lab import Lab

__all__ = ["Lab"]
