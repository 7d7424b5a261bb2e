"""Sigma rules over what is stored: the store finds what may match, the engine decides."""
