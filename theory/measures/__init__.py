"""What an encoder has learned, measured on its weights."""
