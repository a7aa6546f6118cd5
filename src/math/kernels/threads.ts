/**
 * @file Work shared by threads. All state lies in a control block in the shared memory; a job is a
 * function and a number of tasks, and tasks are handed out by an atomic counter. Which thread runs a
 * task never matters to its result. The native engine has its jobs done by the same threads.
 */

// Offsets in the control block; each part that is written often has a cache line of its own.
/** Tasks of the running job that nobody took yet; zero or less when there are none. */
const TICKETS: usize = 0;
/** Tasks of the running job that are finished. */
const DONE: usize = 64;
/** 1 while the main thread sleeps until DONE is full. */
const MAIN_SLEEPS: usize = 68;
/** What workers without work sleep on; it changes when they have to look again. */
const GENERATION: usize = 128;
const SLEEPERS: usize = 132;
/** Index of the running job's function in the table. */
const ENTRY: usize = 192;
const TASKS: usize = 196;
/** How many threads share the work, the main thread included. */
const THREADS: usize = 200;
const STARTED: usize = 204;
const STOPPED: usize = 208;
/** Address and bytes of the first thread's scratch memory; the others' follow. */
const SCRATCH: usize = 212;
const SCRATCH_STRIDE: usize = 216;
const ARGUMENTS: usize = 256;
/** Tasks of the native engine's running job that nobody took yet (native/threads.c). */
const NATIVE_TICKETS: usize = 960;

/** Looks at the counter before a thread sleeps: some microseconds, the time between two kernels. */
const SPINS = 40000;

/** Provided by the host: starts the worker threads, which run `serve`. */
declare function startWorkers(): void;

/** Provided by the host: takes tasks of the native engine until there are none. */
declare function helpNative(thread: i32): void;

/** Address of the running job's arguments; each takes a slot of 4 bytes. */
export function argumentsOf(control: usize): usize {
  return control + ARGUMENTS;
}

/** Address of the memory that thread `thread` may use within one task. */
export function scratchOf(control: usize, thread: i32): usize {
  return <usize>load<u32>(control, SCRATCH) + <usize>thread * <usize>load<u32>(control, SCRATCH_STRIDE);
}

/** Runs tasks 0 to `tasks` - 1 of the function at table index `entry`: (control, task, thread). */
export function parallel(control: usize, entry: u32, tasks: i32): void {
  if (tasks <= 1 || load<i32>(control, THREADS) == 1) {
    serial(control, entry, tasks);
    return;
  }
  store<u32>(control, entry, ENTRY);
  store<i32>(control, tasks, TASKS);
  atomic.store<i32>(control, 0, DONE);
  atomic.store<i32>(control, tasks, TICKETS);
  rouse(control);
  help(control, 0);
  awaitDone(control, tasks);
}

/** Starts the workers, or wakes those that sleep. */
export function rouse(control: usize): void {
  if (!load<i32>(control, STARTED)) {
    atomic.store<i32>(control, 1, STARTED);
    startWorkers();
  }
  if (atomic.load<i32>(control, SLEEPERS) > 0) {
    atomic.add<i32>(control, 1, GENERATION);
    // A count that is no small integer, such as -1, would make an object.
    atomic.notify(control + GENERATION, load<i32>(control, THREADS));
  }
}

/** The same without waking anybody, for jobs of a few microseconds. */
export function serial(control: usize, entry: u32, tasks: i32): void {
  for (let task = 0; task < tasks; task++) call_indirect<void>(entry, control, task, 0);
}

/** The life of a worker thread; returns after `stop`. */
export function serve(control: usize, thread: i32): void {
  while (!atomic.load<i32>(control, STOPPED)) {
    help(control, thread);
    if (atomic.load<i32>(control, NATIVE_TICKETS) > 0) helpNative(thread);
    let spins = SPINS;
    while (spins > 0 && !hasWork(control)) spins--;
    if (spins == 0) sleep(control);
  }
}

/** Makes all workers return from `serve`. */
export function stop(control: usize): void {
  atomic.store<i32>(control, 1, STOPPED);
  atomic.add<i32>(control, 1, GENERATION);
  atomic.notify(control + GENERATION, -1);
}

/** Tells the control block how many threads there are and where their scratch memory lies. */
export function configure(control: usize, threads: i32, scratch: usize, scratchBytes: usize): void {
  store<i32>(control, threads, THREADS);
  store<u32>(control, <u32>scratch, SCRATCH);
  store<u32>(control, <u32>scratchBytes, SCRATCH_STRIDE);
}

/**
 * Takes tasks until there are none. ENTRY and TASKS are read only with a ticket in hand: the job
 * cannot end before that task is done, so they belong to it.
 */
function help(control: usize, thread: i32): void {
  while (atomic.load<i32>(control, TICKETS) > 0) {
    const ticket = atomic.sub<i32>(control, 1, TICKETS);
    if (ticket <= 0) return;
    const tasks = load<i32>(control, TASKS);
    call_indirect<void>(load<u32>(control, ENTRY), control, tasks - ticket, thread);
    if (atomic.add<i32>(control, 1, DONE) + 1 == tasks && atomic.load<i32>(control, MAIN_SLEEPS)) {
      atomic.notify(control + DONE, 1);
    }
  }
}

// @ts-ignore: decorator
@inline
function hasWork(control: usize): bool {
  return atomic.load<i32>(control, TICKETS) > 0 || atomic.load<i32>(control, NATIVE_TICKETS) > 0;
}

/** A worker announces that it sleeps before it looks at the counter again: no wake-up is lost. */
function sleep(control: usize): void {
  const generation = atomic.load<i32>(control, GENERATION);
  atomic.add<i32>(control, 1, SLEEPERS);
  if (!hasWork(control) && !atomic.load<i32>(control, STOPPED)) {
    atomic.wait<i32>(control + GENERATION, generation, -1);
  }
  atomic.sub<i32>(control, 1, SLEEPERS);
}

function awaitDone(control: usize, tasks: i32): void {
  for (let spins = SPINS; spins > 0; spins--) {
    if (atomic.load<i32>(control, DONE) == tasks) return;
  }
  atomic.store<i32>(control, 1, MAIN_SLEEPS);
  for (;;) {
    const done = atomic.load<i32>(control, DONE);
    if (done == tasks) break;
    atomic.wait<i32>(control + DONE, done, -1);
  }
  atomic.store<i32>(control, 0, MAIN_SLEEPS);
}
