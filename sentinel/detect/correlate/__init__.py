"""Matches of rules, judged together over time: Sigma correlation rules 2.1, on event time."""
