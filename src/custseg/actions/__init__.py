"""What to do next: strategies for segments, and who may be contacted."""
