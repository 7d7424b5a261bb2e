"""E-government logs: one table per service says what its lines hold; one reader and one page are made from it."""
