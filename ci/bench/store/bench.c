// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * Measures libxenstore as xen-store/examples/bench measures xen-store: the same arguments, the
 * same lines.
 *
 *   bench [REQUESTS [ROUNDS]]                                20000 2000
 *
 * cc -O2 -pthread -o bench bench.c -lxenstore (dynamically: the static library has no threads).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#define ROOT "/xen-store-bench"
#define VALUE ROOT "/value"
#define FLIGHT 32

/* Counts the allocations of the library as well: it calls these. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static atomic_uint allocations;

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_realloc(memory, size);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void report(const char *what, double number, const char *unit)
{
    printf("libxenstore %s %.1f %s\n", what, number, unit);
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_value(struct xs_handle *store)
{
    unsigned int length;
    void *value = xs_read(store, XBT_NULL, VALUE, &length);

    if (!value)
        fail("xs_read");
    free(value);
}

static void write_node(struct xs_handle *store, const char *path, const char *value)
{
    if (!xs_write(store, XBT_NULL, path, value, strlen(value)))
        fail("xs_write");
}

static void one_in_flight(struct xs_handle *store, unsigned int requests)
{
    unsigned int before, i;
    double start = now();

    for (i = 0; i < requests; i++)
        read_value(store);
    report("read-1", requests / (now() - start), "requests/s");
    start = now();
    for (i = 0; i < requests; i++)
        write_node(store, VALUE, "a value of some bytes");
    report("write-1", requests / (now() - start), "requests/s");
    before = allocations;
    for (i = 0; i < requests; i++)
        read_value(store);
    report("allocations-read", (double)(allocations - before) / requests, "allocations/request");
}

struct work {
    pthread_t thread;
    struct xs_handle *store;
    unsigned int requests;
};

static void *read_values(void *argument)
{
    struct work *work = argument;
    unsigned int i;

    for (i = 0; i < work->requests; i++)
        read_value(work->store);
    return NULL;
}

/* One handle for all threads, or one for each. */
static void many_in_flight(struct xs_handle *shared, unsigned int requests, const char *what)
{
    struct work work[FLIGHT];
    double start;
    int i;

    for (i = 0; i < FLIGHT; i++) {
        work[i].store = shared ? shared : xs_open(0);
        work[i].requests = requests / FLIGHT;
        if (!work[i].store)
            fail("xs_open");
    }
    start = now();
    for (i = 0; i < FLIGHT; i++)
        if (pthread_create(&work[i].thread, NULL, read_values, &work[i]))
            fail("pthread_create");
    for (i = 0; i < FLIGHT; i++)
        pthread_join(work[i].thread, NULL);
    report(what, requests / FLIGHT * FLIGHT / (now() - start), "requests/s");
    for (i = 0; !shared && i < FLIGHT; i++)
        xs_close(work[i].store);
}

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;

    return (difference > 0) - (difference < 0);
}

static void next_event(struct xs_handle *store)
{
    unsigned int count;
    char **event = xs_read_watch(store, &count);

    if (!event)
        fail("xs_read_watch");
    free(event);
}

static void watch_latency(struct xs_handle *writer, unsigned int rounds)
{
    struct xs_handle *watcher = xs_open(0);
    double *times = calloc(rounds, sizeof(*times));
    unsigned int i;

    if (!watcher || !times || !xs_watch(watcher, ROOT "/watched", "token"))
        fail("xs_watch");
    next_event(watcher);
    for (i = 0; i < rounds; i++) {
        double start = now();

        write_node(writer, ROOT "/watched", "1");
        next_event(watcher);
        times[i] = (now() - start) * 1e6;
    }
    qsort(times, rounds, sizeof(*times), compare);
    report("watch-median", times[rounds / 2], "us");
    report("watch-99", times[rounds * 99 / 100], "us");
    free(times);
    xs_close(watcher);
}

int main(int argc, char **argv)
{
    unsigned int requests = argc > 1 ? atoi(argv[1]) : 20000;
    unsigned int rounds = argc > 2 ? atoi(argv[2]) : 2000;
    struct xs_handle *store = xs_open(0);

    if (!store)
        fail("xs_open");
    write_node(store, VALUE, "a value of some bytes");
    one_in_flight(store, requests);
    many_in_flight(store, requests, "read-32-threads");
    many_in_flight(NULL, requests, "read-32-handles");
    watch_latency(store, rounds ? rounds : 1);
    if (!xs_rm(store, XBT_NULL, ROOT))
        fail("xs_rm");
    return 0;
}
