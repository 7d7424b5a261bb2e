"""What single programs write to the authentication log; one file per program."""
