"""What the logs mean: one customer at a glance."""
