"""Sentinel watches itself: its audit log and what its health checks find become events like any other."""
