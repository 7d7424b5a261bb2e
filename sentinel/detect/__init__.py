"""Sigma rules are loaded, compiled, routed to records and matched; matches are correlated over time."""
