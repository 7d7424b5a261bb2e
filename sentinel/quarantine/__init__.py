"""Events that could not be read or stored: kept with their reason, listed, and sent on their way again."""
