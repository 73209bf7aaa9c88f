"""Images made by formula or from what dependencies ship: nothing to download."""
