// What there is of <stdlib.h>: a component without WASI has no C library of a system.
#ifndef RUNTIME_STDLIB_H
#define RUNTIME_STDLIB_H
#include <stddef.h>

// NULL where the host gives no more memory.
void *malloc(size_t size);
void *realloc(void *old, size_t size);
void free(void *old);
// Traps: the call fails, and the instance is never called again.
_Noreturn void abort(void);

#endif
