# Sourced from the project's root: makes .venv hold what the given requirements files name.
for requirements in "$@"; do
  stamp=".venv/$(echo "$requirements" | tr / -)"
  cmp -s "$requirements" "$stamp" && continue
  echo "vpg-edge: installing $requirements into .venv (PyTorch takes several GB) …" >&2
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$stamp"
done
