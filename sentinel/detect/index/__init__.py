"""The fast way to the same verdicts: values become bits, each value is judged once, and bits decide."""
