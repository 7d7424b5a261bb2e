"""Sentinel watches a city's e-government and answers attacks."""

__version__ = "0.1.0"
