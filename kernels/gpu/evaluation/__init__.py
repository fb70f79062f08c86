"""What `npm run eval` measures with: a model's world, its measures, and what of them is kept beside the weights."""
