"""The sensor: flows, DNS and ARP events from the packets of a LAN, live or from capture files."""
