"""Everything is killed at seeded times and points while unique lines come in; each acknowledged one is stored once."""
