"""The families of models behind `vpg.step`, one a file."""
