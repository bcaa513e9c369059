"""Pictures of results, drawn with Altair (extra `plot`)."""
