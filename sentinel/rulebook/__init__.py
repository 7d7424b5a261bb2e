"""The rules as a server keeps them: loaded, reloaded, switched on and off by agency, and counted."""
