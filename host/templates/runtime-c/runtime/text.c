#include "text.h"

#include <stdlib.h>
#include <string.h>

void text_bytes(text_t *text, const void *bytes, size_t count) {
  if (text->room - text->length < count) {
    text->room = 2 * (text->length + count);
    text->bytes = realloc(text->bytes, text->room);
    if (!text->bytes) abort();
  }
  memcpy(text->bytes + text->length, bytes, count);
  text->length += count;
}

void text_put(text_t *text, const char *words) { text_bytes(text, words, strlen(words)); }

void text_number(text_t *text, uint64_t number) {
  char digits[20];
  size_t first = sizeof digits;
  do {
    digits[--first] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  text_bytes(text, digits + first, sizeof digits - first);
}
