"""The whole path measured: a real server, a separate producer, nothing lost, nothing doubled."""
