"""Published benchmarks on served folders, without and with VPG under the same seeds: docs/benchmarks.md."""
