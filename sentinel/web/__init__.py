"""The console for people and the doors for collectors, over HTTP."""
