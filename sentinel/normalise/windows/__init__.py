"""Windows events: four ways they are written as JSON, one way they are kept."""
