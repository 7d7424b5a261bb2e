"""Who may do and see what: agencies, users, roles, sign-in."""
