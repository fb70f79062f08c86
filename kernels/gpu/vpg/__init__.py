"""Visual prefix guidance: the frozen models it needs, their layers, and the corruption of a prefix."""
