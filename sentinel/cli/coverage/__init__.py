"""Which ATT&CK techniques a set of rules speaks of: as a table, a Navigator layer, and a picture."""
