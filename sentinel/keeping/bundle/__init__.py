"""Sealed bundles: events as evidence, with what was asked, by whom, and a signature over the hashes of it all."""
