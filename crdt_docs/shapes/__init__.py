"""Shapes: typed views of documents. Their schema is written in docs/reference/shapes.md."""
