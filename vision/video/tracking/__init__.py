"""The region tracker: proposals, links from frame to frame, tracks."""
