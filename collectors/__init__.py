"""The collector: reads logs, hosts and networks of an agency, and ships what it read without loss."""
