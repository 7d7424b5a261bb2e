"""Worker processes that normalise lines and match rules; everything with state stays with the pipeline."""
