"""Matches become alerts that people can work through."""
