"""Lets MkDocs read the pages that stand beside its own configuration file."""

from __future__ import annotations

from mkdocs.config.config_options import Dir, DocsDir

# MkDocs refuses such a layout lest it publish the configuration; `exclude_docs` keeps it out.
DocsDir.post_validation = Dir.post_validation
