"""What schemathesis must not do: shut, change or rotate the key that it calls with, which the list of keys shows it."""

import os

import schemathesis

OWN = os.environ["VPG_KEY_ID"]
NOBODYS = "key_" + "0" * 24


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    if case.method != "GET" and case.path_parameters.get("id") == OWN:
        case.path_parameters["id"] = NOBODYS
