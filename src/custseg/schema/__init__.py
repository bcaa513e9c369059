"""One declaration of a noun makes its entity, its table and its checks."""
