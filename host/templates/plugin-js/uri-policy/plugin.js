// Says where an output goes: replaces each {name} of the template by the variable of that name, and writes all letters in lower case.
//
// `check` judges a template when the task is submitted; `expand` makes the URI when it runs. The host checks bucket, key and rights of
// the answer again. What is thrown as {code, message, field} is the plugin's answer; any other exception is a bug, and traps.

function replace(template, value) {
  const uri = template.replace(/\{([^{}]*)\}/g, (_, name) => {
    const text = value(name);
    if (text === undefined) {
      throw { code: "UnknownVariable", message: `there is no variable \`${name}\` with a value` };
    }
    return text;
  });
  const open = /\{[^{}]*$/.exec(template);
  if (open) {
    throw { code: "InvalidTemplate", message: `\`${open[0]}\` has no closing brace` };
  }
  return uri;
}

export const uriTemplate = {
  check(template, available) {
    replace(template, (name) => (available.includes(name) ? "" : undefined));
  },

  expand(template, variables) {
    const values = new Map(variables);
    return replace(template, (name) => values.get(name)).toLowerCase();
  },
};
