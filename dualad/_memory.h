/* Where tangents lie: at the start of a cache line, and in the memory of those that are gone.

   Wide registers fill whole lines. Where arrays begin between two lines, as from malloc, each store
   meets both, and a step takes up to twice as long.

   At every step of a function, tangents of many directions come and go. The system fills their
   memory with zeros each time, which takes as long as the step itself. So some of it is kept.

   NumPy allocates these arrays by the functions below, and gives their memory back by them: what
   is kept belongs to no array any more. All of this runs under the GIL. */

#ifndef DUALAD_MEMORY_H
#define DUALAD_MEMORY_H

#include <Python.h>
#include <stdint.h>
#include <string.h>

#define SMALL ((size_t)1 << 15) /* bytes; below, a step takes no longer than finding its memory */
#define LARGE ((size_t)1 << 20) /* malloc itself reuses the memory of smaller arrays */
#define KEPT ((size_t)1 << 27)  /* at most this many bytes are kept, */
#define BLOCKS 8                /* in at most this many blocks */
#define LINE ((size_t)64)       /* of the cache; so many bytes more are allocated, for the front */

typedef struct { /* in front of each block */
    char *start; /* what NumPy has allocated */
    size_t size; /* of the block */
} Front;

static PyDataMemAllocator *numpys;
static PyObject *handler;    /* the functions below, in a capsule */
static void *blocks[BLOCKS]; /* the last block is the newest */
static int block_count;
static size_t kept;

#define SIZE(block) (((Front *)(block))[-1].size)

static void *removed(int i) {
    void *block = blocks[i];
    kept -= SIZE(block);
    block_count--;
    memmove(&blocks[i], &blocks[i + 1], (block_count - i) * sizeof *blocks);
    return block;
}

static void release(void *block) {
    numpys->free(numpys->ctx, ((Front *)block)[-1].start, SIZE(block) + LINE);
}

static void *allocate(void *context, size_t size) {
    for (int i = size < LARGE ? -1 : block_count - 1; i >= 0; i--)
        if (size <= SIZE(blocks[i]) && SIZE(blocks[i]) / 4 * 3 <= size)
            return removed(i);
    char *start = numpys->malloc(numpys->ctx, size + LINE);
    if (start == NULL && block_count > 0) { /* what is kept may be what is missing */
        while (block_count > 0)
            release(removed(0));
        start = numpys->malloc(numpys->ctx, size + LINE);
    }
    if (start == NULL)
        return NULL;
    Front *block = (Front *)((uintptr_t)(start + LINE) / LINE * LINE);
    block[-1].start = start; /* a front fits in before it: malloc gives memory for any two words */
    block[-1].size = size;
    return block;
}

static void give_back(void *context, void *block, size_t size) {
    if (block == NULL)
        return;
    if (SIZE(block) < LARGE || SIZE(block) > KEPT) {
        release(block);
        return;
    }
    while (block_count == BLOCKS || kept > KEPT - SIZE(block))
        release(removed(0));
    blocks[block_count++] = block;
    kept += SIZE(block);
}

static void *allocate_zeros(void *context, size_t count, size_t size) {
    void *block = allocate(context, count * size);
    return block == NULL ? NULL : memset(block, 0, count * size);
}

static void *resize(void *context, void *block, size_t size) {
    void *other = allocate(context, size);
    if (other != NULL && block != NULL) {
        memcpy(other, block, SIZE(block) < size ? SIZE(block) : size);
        give_back(context, block, size);
    }
    return other;
}

static PyDataMem_Handler functions = {
    "dualad", 1, {NULL, allocate, allocate_zeros, resize, give_back}
};

static int open_memory(void) {
    PyDataMem_Handler *of_numpy = PyCapsule_GetPointer(PyDataMem_DefaultHandler, "mem_handler");
    if (of_numpy == NULL)
        return -1;
    numpys = &of_numpy->allocator;
    handler = PyCapsule_New(&functions, "mem_handler", NULL);
    return handler == NULL ? -1 : 0;
}

/* A new array, as PyArray_New gives it: `strides` may be NULL. */
static PyObject *new_in_memory(int ndim, npy_intp *dims, int kind, npy_intp *strides) {
    size_t size = kind == NPY_DOUBLE ? 8 : 4;
    for (int i = 0; i < ndim; i++)
        size *= (size_t)dims[i];
    if (size < SMALL)
        return PyArray_New(&PyArray_Type, ndim, dims, kind, strides, NULL, 0, 0, NULL);
    PyObject *before = PyDataMem_SetHandler(handler);
    if (before == NULL)
        return NULL;
    PyObject *array = PyArray_New(&PyArray_Type, ndim, dims, kind, strides, NULL, 0, 0, NULL);
    PyObject *ours = PyDataMem_SetHandler(before);
    Py_DECREF(before);
    if (ours == NULL) /* an error is set */
        Py_CLEAR(array);
    Py_XDECREF(ours);
    return array;
}

/* How many blocks are kept, and their bytes: for tests. */
static PyObject *memory_kept(void) {
    return Py_BuildValue("in", block_count, (Py_ssize_t)kept);
}

#undef SMALL
#undef LARGE
#undef KEPT
#undef BLOCKS
#undef LINE
#undef SIZE

#endif
