"""The main job: from a file of orders to labelled customers and points."""
