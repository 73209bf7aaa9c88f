"""Sets of images that show one thing, on which invariances are measured."""
