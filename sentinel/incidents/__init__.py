"""Alerts that belong together become incidents with a timeline."""
