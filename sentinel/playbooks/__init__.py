"""Answers to attacks, written as playbooks: checked when loaded, planned purely, run durably."""
