"""Numbers in, numbers out: numpy and numba only, no frames, no objects."""
