"""Sigma side by side: speed against rsigma, agreement with a full scan, conformance with two other engines."""
