/* A pool of threads. Tasks are handed out by a counter; which thread runs one never matters to its result. */
#include "engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Looks at the counter before a thread sleeps: some tens of microseconds, the time between two kernels. */
enum { SPINS = 4000 };

struct Pool {
  /* Tasks that nobody took yet in the low half, the number of the job in the high half. */
  _Alignas(64) atomic_ullong tickets;
  _Alignas(64) atomic_int done;
  _Alignas(64) atomic_int sleepers;
  Task run;
  void *job;
  int tasks;
  int threads;
  atomic_int stopped;
  pthread_mutex_t mutex;
  pthread_cond_t woken;
  pthread_t ids[];
};

typedef struct {
  Pool *pool;
  int thread;
} Seat;

static void pause_briefly(int spin)
{
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
  /* Other processes may need the core more than this loop does. */
  if (spin % 256 == 255) sched_yield();
}

/* Takes tasks until there are none. */
static void help(Pool *pool, int thread)
{
  unsigned long long seen = atomic_load(&pool->tickets);
  while ((uint32_t)seen > 0) {
    if (!atomic_compare_exchange_weak(&pool->tickets, &seen, seen - 1)) continue;
    int tasks = pool->tasks;
    pool->run(pool->job, tasks - (int)(uint32_t)seen, thread);
    atomic_fetch_add(&pool->done, 1);
    seen = atomic_load(&pool->tickets);
  }
}

static int has_work(Pool *pool)
{
  return (uint32_t)atomic_load(&pool->tickets) > 0 || atomic_load(&pool->stopped);
}

static void sleep_until_woken(Pool *pool)
{
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (!has_work(pool)) pthread_cond_wait(&pool->woken, &pool->mutex);
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void wake_all(Pool *pool)
{
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->woken);
  pthread_mutex_unlock(&pool->mutex);
}

static void *serve(void *argument)
{
  Seat seat = *(Seat *)argument;
  free(argument);
  while (!atomic_load(&seat.pool->stopped)) {
    help(seat.pool, seat.thread);
    int spin = 0;
    while (spin < SPINS && !has_work(seat.pool)) pause_briefly(spin++);
    if (spin == SPINS) sleep_until_woken(seat.pool);
  }
  return NULL;
}

Pool *pool_create(int threads)
{
  void *memory = NULL;
  size_t bytes = sizeof(Pool) + sizeof(pthread_t) * (size_t)threads;
  if (posix_memalign(&memory, 64, bytes) != 0) return NULL;
  Pool *pool = memset(memory, 0, bytes);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->woken, NULL);
  pool->threads = 1;
  for (int thread = 1; thread < threads; thread++) {
    Seat *seat = malloc(sizeof *seat);
    if (!seat) break;
    *seat = (Seat){pool, thread};
    if (pthread_create(&pool->ids[thread], NULL, serve, seat) != 0) {
      free(seat);
      break; /* Fewer threads do the same work. */
    }
    pool->threads++;
  }
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
  unsigned long long number = (atomic_load(&pool->tickets) >> 32) + 1;
  atomic_store(&pool->tickets, number << 32 | (unsigned)tasks);
  wake_all(pool);
  help(pool, 0);
  for (int spin = 0; atomic_load(&pool->done) < tasks; spin++) pause_briefly(spin);
}

void pool_stop(Pool *pool)
{
  atomic_store(&pool->stopped, 1);
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->woken);
  pthread_mutex_unlock(&pool->mutex);
  for (int thread = 1; thread < pool->threads; thread++) pthread_join(pool->ids[thread], NULL);
  pool->threads = 1;
}

void pool_destroy(Pool *pool)
{
  pool_stop(pool);
  pthread_cond_destroy(&pool->woken);
  pthread_mutex_destroy(&pool->mutex);
  free(pool);
}
