"""Who may send, and what was received."""
