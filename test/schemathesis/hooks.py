"""What schemathesis cannot know of ids: whose key it must leave alone, and which generation there is."""

import os
import re

import schemathesis

OWN_KEY = os.environ["VPG_KEY_ID"]
GENERATION = os.environ["VPG_GENERATION"]
NOBODYS = {OWN_KEY: "key_" + "0" * 24, GENERATION: "gen_" + "0" * 56}
# Half of all well-formed ids: nobody invents one whose MAC is right.
REPLACED = re.compile(r"gen_[0-9a-f]{55}[02468ace]")


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """Its own key must not be shut, changed or rotated, nor the one generation deleted."""
    given = str(case.path_parameters.get("id"))
    changes = case.method == "DELETE" if given == GENERATION else case.method != "GET"
    if changes and given in NOBODYS:
        case.path_parameters["id"] = NOBODYS[given]
    elif case.method != "DELETE" and REPLACED.fullmatch(given):
        case.path_parameters["id"] = GENERATION
