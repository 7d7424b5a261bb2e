"""What is read from log files: text lines and Windows event logs."""
