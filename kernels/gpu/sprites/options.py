"""A command's words, for one that is started or written down in its place."""


def without(words: list[str], names: tuple[str, ...]) -> list[str]:
    """The command's words without some options and their values."""
    made, skip = [], False
    for word in words:
        if not skip and not any(word == name or word.startswith(f"{name}=") for name in names):
            made.append(word)
        skip = word in names
    return made
