"""Device time of the models by step and by picture, with random weights, beside a plain loop of the same weights."""
