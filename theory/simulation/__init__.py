"""Training of many encoders at once, and the game between an encoder and its views."""
