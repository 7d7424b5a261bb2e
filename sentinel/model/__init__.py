"""The values that pass between the stages: frozen dataclasses and names, no input or output."""
