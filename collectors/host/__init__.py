"""What is read from the machine itself: processes and connections, through psutil."""
