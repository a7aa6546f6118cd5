/*
 * Work shared by threads. They are those of the WebAssembly kernels (src/math/kernels/threads.ts), which look
 * for tasks of either side, so that one side's idle threads never hold up the other's. Tasks are handed out
 * by a counter; which thread runs one never matters to its result.
 */
#include "engine.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Where kernels/threads.ts keeps these in its control block. */
enum { SLEEPERS = 132, STARTED = 204, NATIVE_TICKETS = 960 };

struct Pool {
  _Alignas(64) atomic_int done;
  /* Tasks that nobody took yet in the low half, the number of the job in the high half. */
  _Alignas(64) atomic_ullong *tickets;
  atomic_int *sleepers, *started;
  void (*rouse)(void *host);
  void *host;
  Task run;
  void *job;
  int tasks;
  int threads;
};

static void pause_briefly(int spin)
{
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
  /* Other processes may need the core more than this loop does. */
  if (spin % 256 == 255) sched_yield();
}

void pool_help(Pool *pool, int thread)
{
  unsigned long long seen = atomic_load(pool->tickets);
  while ((uint32_t)seen > 0) {
    if (!atomic_compare_exchange_weak(pool->tickets, &seen, seen - 1)) continue;
    int tasks = pool->tasks;
    pool->run(pool->job, tasks - (int)(uint32_t)seen, thread);
    atomic_fetch_add(&pool->done, 1);
    seen = atomic_load(pool->tickets);
  }
}

Pool *pool_create(char *control, int threads, void (*rouse)(void *host), void *host)
{
  void *memory = NULL;
  if (posix_memalign(&memory, 64, sizeof(Pool)) != 0) return NULL;
  Pool *pool = memset(memory, 0, sizeof(Pool));
  pool->tickets = (atomic_ullong *)(control + NATIVE_TICKETS);
  pool->sleepers = (atomic_int *)(control + SLEEPERS);
  pool->started = (atomic_int *)(control + STARTED);
  pool->rouse = rouse;
  pool->host = host;
  pool->threads = threads;
  return pool;
}

void pool_run(Pool *pool, Task run, void *job, int tasks)
{
  if (tasks <= 0) return;
  if (tasks == 1 || pool->threads == 1) {
    for (int task = 0; task < tasks; task++) run(job, task, 0);
    return;
  }
  pool->run = run;
  pool->job = job;
  pool->tasks = tasks;
  atomic_store(&pool->done, 0);
  unsigned long long number = (atomic_load(pool->tickets) >> 32) + 1;
  atomic_store(pool->tickets, number << 32 | (unsigned)tasks);
  if (atomic_load(pool->sleepers) > 0 || !atomic_load(pool->started)) pool->rouse(pool->host);
  pool_help(pool, 0);
  for (int spin = 0; atomic_load(&pool->done) < tasks; spin++) pause_briefly(spin);
}

void pool_stop(Pool *pool)
{
  pool->threads = 1;
}
