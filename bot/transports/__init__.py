"""One package a platform: its events into chat requests, replies into its messages."""
