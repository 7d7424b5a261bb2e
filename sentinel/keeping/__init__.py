"""How long things are kept, what is held beyond that, and copies of everything: backups and sealed bundles."""
