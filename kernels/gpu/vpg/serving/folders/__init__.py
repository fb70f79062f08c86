"""Served folders: model.json says who the model is, config.json what it is made of and where its weights are."""
