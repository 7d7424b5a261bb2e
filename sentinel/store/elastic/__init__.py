"""Events in Elasticsearch: about a dozen data streams, written so that nothing is lost or doubled."""
