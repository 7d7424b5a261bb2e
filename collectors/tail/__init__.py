"""Following a text file through growth, rotation, truncation and restarts, without loss."""
