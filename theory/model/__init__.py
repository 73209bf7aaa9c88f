"""The linear model: groups of features, their numbers, exact second moments, and samples."""
