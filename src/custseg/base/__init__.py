"""The customer base: the logs as they are seen at an instant."""
