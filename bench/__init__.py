"""Every figure that the README quotes, by one command each."""
