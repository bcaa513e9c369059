"""The nouns of the field: customers, orders and everything around them."""
