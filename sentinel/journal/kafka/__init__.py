"""The journal on Kafka: topics that any number of servers write and any number of workers read."""
