#include "json.h"

#include <string.h>

static json_t behind(json_t value, size_t count) { return (json_t){value.bytes + count, value.length - count}; }

static json_t trimmed(json_t value) {
  while (value.length > 0 && (*value.bytes == ' ' || *value.bytes == '\n' || *value.bytes == '\r' || *value.bytes == '\t')) {
    value = behind(value, 1);
  }
  return value;
}

// How many bytes the string has that begins here, with its quotes.
static size_t string_length(json_t from) {
  size_t at = 1;
  while (at < from.length && from.bytes[at] != '"') at += from.bytes[at] == '\\' ? 2 : 1;
  return at < from.length ? at + 1 : from.length;
}

// The value that begins here.
static json_t first(json_t from) {
  from = trimmed(from);
  size_t depth = 0, at = 0;
  while (at < from.length) {
    uint8_t byte = from.bytes[at];
    if (depth == 0 && at > 0 && (byte == ',' || byte == '}' || byte == ']')) break;
    if (byte == '"') {
      at += string_length(behind(from, at));
    } else {
      if (byte == '{' || byte == '[') depth++;
      if (byte == '}' || byte == ']') depth--;
      at++;
    }
    if (depth == 0 && (byte == '"' || byte == '}' || byte == ']')) break;
  }
  return (json_t){from.bytes, at};
}

// What is behind this byte where the text begins with it, and otherwise nothing.
static json_t past(json_t text, uint8_t byte) {
  text = trimmed(text);
  return text.length > 0 && *text.bytes == byte ? behind(text, 1) : (json_t){0};
}

json_t json_document(const uint8_t *bytes, size_t length) { return first((json_t){bytes, length}); }

json_t json_member(json_t object, const char *name) {
  size_t length = strlen(name);
  json_t rest = past(object, '{');
  for (;;) {
    rest = trimmed(rest);
    if (rest.length == 0 || *rest.bytes != '"') return (json_t){0};
    size_t quoted = string_length(rest);
    bool found = quoted == length + 2 && memcmp(rest.bytes + 1, name, length) == 0;
    rest = past(behind(rest, quoted), ':');
    json_t value = first(rest);
    if (found) return value;
    rest = past(behind(trimmed(rest), value.length), ',');
  }
}

json_t json_item(json_t array, size_t index) {
  json_t rest = past(array, '[');
  for (;;) {
    rest = trimmed(rest);
    if (rest.length == 0 || *rest.bytes == ']') return (json_t){0};
    json_t value = first(rest);
    if (index == 0) return value;
    index--;
    rest = past(behind(rest, value.length), ',');
  }
}

static bool begins(json_t value, const char *word) {
  size_t length = strlen(word);
  return value.length >= length && memcmp(value.bytes, word, length) == 0;
}

bool json_is(json_t value) { return value.length > 0 && !begins(value, "null"); }
bool json_is_true(json_t value) { return begins(value, "true"); }

double json_number(json_t value, double otherwise) {
  size_t at = 0;
  bool negative = begins(value, "-");
  if (negative) at++;
  if (at == value.length || value.bytes[at] < '0' || value.bytes[at] > '9') return otherwise;
  double number = 0;
  int exponent = 0;
  bool fraction = false;
  for (; at < value.length; at++) {
    uint8_t byte = value.bytes[at];
    if (byte == '.') {
      fraction = true;
    } else if (byte >= '0' && byte <= '9') {
      number = number * 10 + (byte - '0');
      if (fraction) exponent--;
    } else {
      break;
    }
  }
  if (at < value.length && (value.bytes[at] == 'e' || value.bytes[at] == 'E')) {
    at++;
    bool below = at < value.length && value.bytes[at] == '-';
    if (at < value.length && (value.bytes[at] == '-' || value.bytes[at] == '+')) at++;
    int written = 0;
    for (; at < value.length && value.bytes[at] >= '0' && value.bytes[at] <= '9' && written < 1000; at++) {
      written = written * 10 + (value.bytes[at] - '0');
    }
    exponent += below ? -written : written;
  }
  for (; exponent > 0; exponent--) number *= 10;
  for (; exponent < 0; exponent++) number /= 10;
  return negative ? -number : number;
}
