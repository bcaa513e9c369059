"""Labels per customer: schemes, what they assign, and how customers move."""
