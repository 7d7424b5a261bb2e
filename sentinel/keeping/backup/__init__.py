"""Copies of a whole home: made while the server runs, checked by hashes, restored into an empty place."""
