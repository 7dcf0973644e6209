// Says where an output goes: replaces each {name} of the template by the variable of that name, and writes all letters in lower case.
//
// `check` judges a template when the task is submitted; `expand` makes the URI when it runs. The host checks bucket, key and rights of
// the answer again. Both answer true, or false with an error. An instance serves one call, and its memory goes with it: what is given
// to the host is freed by the generated code, and nothing else needs to be.
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "uri_policy.h"

typedef uri_policy_string_t string_t;
typedef exports_wasmux_plugin_uri_template_error_t error_t;

// The value of a variable, or NULL.
typedef const string_t *(*lookup_t)(const void *variables, const uint8_t *name, size_t length);

static bool is_called(const string_t *text, const uint8_t *name, size_t length) {
  return text->len == length && memcmp(text->ptr, name, length) == 0;
}

static bool fails(error_t *error, const char *code, text_t message) {
  uri_policy_string_dup(&error->code, code);
  error->message = (string_t){message.bytes, message.length};
  error->field.is_some = false;
  return false;
}

static bool replace(const string_t *template_, lookup_t lookup, const void *variables, text_t *uri, error_t *error) {
  size_t at = 0;
  while (at < template_->len) {
    if (template_->ptr[at] != '{') {
      text_bytes(uri, template_->ptr + at++, 1);
      continue;
    }
    const uint8_t *name = template_->ptr + at + 1;
    size_t length = 0, rest = template_->len - at - 1;
    while (length < rest && name[length] != '}') length++;
    text_t message = {0};
    if (length == rest) {
      text_put(&message, "`");
      text_bytes(&message, name - 1, length + 1);
      text_put(&message, "` has no closing brace");
      return fails(error, "InvalidTemplate", message);
    }
    const string_t *value = lookup(variables, name, length);
    if (!value) {
      text_put(&message, "there is no variable `");
      text_bytes(&message, name, length);
      text_put(&message, "` with a value");
      return fails(error, "UnknownVariable", message);
    }
    text_bytes(uri, value->ptr, value->len);
    at += length + 2;
  }
  return true;
}

static const string_t *of_names(const void *variables, const uint8_t *name, size_t length) {
  const uri_policy_list_string_t *available = variables;
  for (size_t at = 0; at < available->len; at++) {
    if (is_called(&available->ptr[at], name, length)) return &available->ptr[at];
  }
  return NULL;
}

static const string_t *of_pairs(const void *variables, const uint8_t *name, size_t length) {
  const uri_policy_list_tuple2_string_string_t *pairs = variables;
  for (size_t at = 0; at < pairs->len; at++) {
    if (is_called(&pairs->ptr[at].f0, name, length)) return &pairs->ptr[at].f1;
  }
  return NULL;
}

bool exports_wasmux_plugin_uri_template_check(string_t *template_, uri_policy_list_string_t *available, error_t *error) {
  text_t ignored = {0};
  return replace(template_, of_names, available, &ignored, error);
}

bool exports_wasmux_plugin_uri_template_expand(
    string_t *template_, uri_policy_list_tuple2_string_string_t *variables, string_t *answer, error_t *error) {
  text_t uri = {0};
  if (!replace(template_, of_pairs, variables, &uri, error)) return false;
  for (size_t at = 0; at < uri.length; at++) {
    if (uri.bytes[at] >= 'A' && uri.bytes[at] <= 'Z') uri.bytes[at] += 'a' - 'A';
  }
  *answer = (string_t){uri.bytes, uri.length};
  return true;
}
