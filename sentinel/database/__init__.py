"""State that is not an event: tables and their migrations."""
