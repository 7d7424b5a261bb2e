"""Syslog from whoever speaks it: UDP, TCP and TLS, RFC 3164 and RFC 5424."""
