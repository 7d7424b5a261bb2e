"""Packs of Sigma rules from elsewhere: read with suspicion, verified, checked rule by rule, installed whole or not."""
