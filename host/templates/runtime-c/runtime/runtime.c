// Memory and bytes, in place of a C library.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Blocks are powers of two with a header. What is freed serves the next block of its size, and is never given back to the host: an
// instance lives as long as its stream, and asks for the same sizes with every frame.
typedef struct block {
  struct block *next;
  unsigned order;
  // Keeps what is behind it aligned to 16 bytes, as vectors like it.
  uint64_t reserved;
} block_t;

enum { SMALLEST = 5, ORDERS = 31 };
static const size_t PAGE = 65536;

static block_t *unused[ORDERS];
static uintptr_t top;
extern unsigned char __heap_base;

static block_t *fresh(unsigned order) {
  if (top == 0) top = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  uint64_t end = (uint64_t)top + ((uint64_t)1 << order);
  uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
  if (end > have && __builtin_wasm_memory_grow(0, (size_t)((end - have + PAGE - 1) / PAGE)) == SIZE_MAX) return NULL;
  block_t *block = (block_t *)top;
  block->order = order;
  top = (uintptr_t)end;
  return block;
}

void *malloc(size_t size) {
  unsigned order = SMALLEST;
  while (order < ORDERS && ((size_t)1 << order) - sizeof(block_t) < size) order++;
  if (order == ORDERS) return NULL;
  block_t *block = unused[order];
  if (block) {
    unused[order] = block->next;
  } else {
    block = fresh(order);
  }
  return block ? block + 1 : NULL;
}

void free(void *old) {
  if (!old) return;
  block_t *block = (block_t *)old - 1;
  block->next = unused[block->order];
  unused[block->order] = block;
}

void *realloc(void *old, size_t size) {
  if (!old) return malloc(size);
  size_t room = ((size_t)1 << ((block_t *)old - 1)->order) - sizeof(block_t);
  if (size <= room) return old;
  void *new = malloc(size);
  if (!new) return NULL;
  memcpy(new, old, room);
  free(old);
  return new;
}

_Noreturn void abort(void) { __builtin_trap(); }

// These three are single instructions of WebAssembly.
void *memcpy(void *restrict to, const void *restrict from, size_t count) { return __builtin_memcpy(to, from, count); }
void *memmove(void *to, const void *from, size_t count) { return __builtin_memmove(to, from, count); }
void *memset(void *to, int byte, size_t count) { return __builtin_memset(to, byte, count); }

int memcmp(const void *a, const void *b, size_t count) {
  const unsigned char *one = a, *other = b;
  for (size_t at = 0; at < count; at++) {
    if (one[at] != other[at]) return one[at] < other[at] ? -1 : 1;
  }
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}
