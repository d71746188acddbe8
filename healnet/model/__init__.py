"""The network: tokens, positions, attention, feed-forward, fusion and presets."""
