"""Says where an output goes: replaces each {name} of the template by the variable of that name, and writes all letters in lower case.

`check` judges a template when the task is submitted; `expand` makes the URI when it runs. The host checks bucket, key and rights of the
answer again. `Err` with an `Error` is the plugin's answer; any other exception is a bug, and traps.

What this module imports becomes part of the component; nothing can be imported later, for there are no files.
"""

import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.errors import Error


def fault(code, message):
    return Err(Error(code, message, None))


def replace(template, values):
    def value(match):
        name = match[1]
        if name not in values:
            raise fault("UnknownVariable", f"there is no variable `{name}` with a value")
        return values[name]

    uri = re.sub(r"\{([^{}]*)\}", value, template)
    if unfinished := re.search(r"\{[^{}]*$", template):
        raise fault("InvalidTemplate", f"`{unfinished[0]}` has no closing brace")
    return uri


class UriTemplate(exports.UriTemplate):
    def check(self, template, available):
        replace(template, dict.fromkeys(available, ""))

    def expand(self, template, variables):
        return replace(template, dict(variables)).lower()
