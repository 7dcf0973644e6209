// A text that grows. It begins as {0}; its bytes belong to whoever takes them.
#ifndef RUNTIME_TEXT_H
#define RUNTIME_TEXT_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t room;
} text_t;

void text_bytes(text_t *text, const void *bytes, size_t count);
void text_put(text_t *text, const char *words);
void text_number(text_t *text, uint64_t number);

#endif
