// Reads JSON that the host has written, which is always valid, without copying it. What is not there has no bytes.
#ifndef RUNTIME_JSON_H
#define RUNTIME_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A value as it stands in the document: a string with its quotes.
typedef struct {
  const uint8_t *bytes;
  size_t length;
} json_t;

json_t json_document(const uint8_t *bytes, size_t length);
// The member of an object with this name.
json_t json_member(json_t object, const char *name);
// The item of an array, counted from 0.
json_t json_item(json_t array, size_t index);
// Whether it is neither missing nor null.
bool json_is(json_t value);
bool json_is_true(json_t value);
// A number that may have a sign, a fraction and an exponent; `otherwise` for all else.
double json_number(json_t value, double otherwise);

#endif
