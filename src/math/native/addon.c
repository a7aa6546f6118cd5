/* What JavaScript calls: opens an engine on the heap, and hands addresses on as pointers. */
#include "engine.h"

#define NAPI_VERSION 8
#include <node_api.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_ARGUMENTS = 13 };

typedef struct Instance {
  Engine engine;
  const Kernels *kernels;
  /* Where it was opened: keeps the heap's memory alive, and wakes the threads. */
  napi_env env;
  napi_ref view, rouse;
  /* By what the threads find it, and how many JavaScript objects refer to it. */
  uint32_t id;
  int references;
  struct Instance *next;
} Instance;

/* All that are open, in this process's threads of JavaScript. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Instance *instances;
static uint32_t last_id;

/* ---- Memory ---- */

static float *allocate(size_t floats)
{
  void *memory = NULL;
  return posix_memalign(&memory, 64, 4 * floats) == 0 ? memory : NULL;
}

float *engine_padded(Engine *engine, size_t floats)
{
  if (floats <= engine->padded_floats) return engine->padded;
  float *larger = allocate(floats);
  if (!larger) return NULL;
  free(engine->padded);
  engine->padded = larger;
  engine->padded_floats = floats;
  return larger;
}

static void release(Instance *instance)
{
  Engine *engine = &instance->engine;
  free(engine->pool);
  free(engine->packed);
  free(engine->scratch);
  free(engine->padded);
  free(instance);
}

/* A reference less; with the last one the instance ends. */
static void drop(Instance *instance)
{
  pthread_mutex_lock(&mutex);
  int isLast = --instance->references == 0;
  if (isLast) {
    Instance **place = &instances;
    while (*place != instance) place = &(*place)->next;
    *place = instance->next;
  }
  pthread_mutex_unlock(&mutex);
  if (isLast) release(instance);
}

/* The first reference. */
static void enter(Instance *instance)
{
  instance->references = 1;
  pthread_mutex_lock(&mutex);
  instance->id = ++last_id;
  instance->next = instances;
  instances = instance;
  pthread_mutex_unlock(&mutex);
}

/* ---- Which instruction set ---- */

static const Kernels *named(const char *name)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  int has2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int has512 = has2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
  if (has512 && (!*name || strcmp(name, kernels_avx512.name) == 0)) return &kernels_avx512;
  if (has2 && (!*name || strcmp(name, kernels_avx2.name) == 0)) return &kernels_avx2;
#endif
  return !*name || strcmp(name, kernels_base.name) == 0 ? &kernels_base : NULL;
}

/* ---- Arguments ---- */

typedef struct {
  Instance *instance;
  double values[MAX_ARGUMENTS];
} Call;

/* The instance and the numbers after it. */
static int read_call(napi_env env, napi_callback_info info, size_t numbers, Call *call)
{
  napi_value arguments[MAX_ARGUMENTS + 1];
  size_t count = numbers + 1;
  void *instance = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  int isWhole = count == numbers + 1 && napi_get_value_external(env, arguments[0], &instance) == napi_ok;
  for (size_t i = 0; isWhole && i < numbers; i++) {
    isWhole = napi_get_value_double(env, arguments[i + 1], &call->values[i]) == napi_ok;
  }
  call->instance = instance;
  if (isWhole) return 1;
  napi_throw_type_error(env, NULL, "internal: the native engine was called with other arguments");
  return 0;
}

static float *pointer(const Call *call, int index)
{
  return (float *)(call->instance->engine.heap + (size_t)call->values[index]);
}

/* An address where 0 stands for none. */
static const float *optional(const Call *call, int index)
{
  return call->values[index] == 0 ? NULL : pointer(call, index);
}

static const Geometry *geometry_of(const Call *call)
{
  return (const Geometry *)pointer(call, 0);
}

/* ---- Functions ---- */

/* gemm(engine, transA, transB, M, N, K, alpha, a, b, adds, c) */
static napi_value gemm(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 10, &call)) return NULL;
  const double *v = call.values;
  int isATransposed = v[0] != 0, isBTransposed = v[1] != 0;
  ptrdiff_t M = (ptrdiff_t)v[2], N = (ptrdiff_t)v[3], K = (ptrdiff_t)v[4];
  Gemm job = {
    .M = (int)M, .N = (int)N, .K = (int)K, .items = 1, .alpha = (float)v[5],
    .a = pointer(&call, 6), .a_row = isATransposed ? 1 : K, .a_column = isATransposed ? M : 1,
    .b = pointer(&call, 7), .b_row = isBTransposed ? 1 : N, .b_column = isBTransposed ? K : 1,
    .adds = v[8] != 0, .c = pointer(&call, 9),
  };
  call.instance->kernels->gemm(&call.instance->engine, &job);
  return NULL;
}

/* products(engine, items, transB, M, N, K, a, aStep, b, bStep, adds, c, cStep); the steps are in bytes */
static napi_value products(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 12, &call)) return NULL;
  const double *v = call.values;
  int isBTransposed = v[1] != 0;
  ptrdiff_t M = (ptrdiff_t)v[2], N = (ptrdiff_t)v[3], K = (ptrdiff_t)v[4];
  Gemm job = {
    .M = (int)M, .N = (int)N, .K = (int)K, .items = (int)v[0], .alpha = 1,
    .a = pointer(&call, 5), .a_row = K, .a_column = 1, .a_step = (ptrdiff_t)v[6] / 4,
    .b = pointer(&call, 7), .b_row = isBTransposed ? 1 : N, .b_column = isBTransposed ? K : 1,
    .b_step = (ptrdiff_t)v[8] / 4,
    .adds = v[9] != 0, .c = pointer(&call, 10), .c_step = (ptrdiff_t)v[11] / 4,
  };
  call.instance->kernels->gemm(&call.instance->engine, &job);
  return NULL;
}

/* prepare(engine, geometry): reserves memory. False where this engine has none for such a shape. */
static napi_value prepare(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 1, &call)) return NULL;
  napi_value result;
  napi_get_boolean(env, call.instance->kernels->prepare(&call.instance->engine, geometry_of(&call)), &result);
  return result;
}

/* correlate(engine, geometry, image, weight, bias, out) */
static napi_value correlate(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 5, &call)) return NULL;
  call.instance->kernels->correlate(&call.instance->engine, geometry_of(&call), pointer(&call, 1),
                                    pointer(&call, 2), optional(&call, 3), pointer(&call, 4));
  return NULL;
}

/* scatter(engine, geometry, out, weight, bias, image) */
static napi_value scatter(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 5, &call)) return NULL;
  call.instance->kernels->scatter(&call.instance->engine, geometry_of(&call), pointer(&call, 1),
                                  pointer(&call, 2), optional(&call, 3), pointer(&call, 4));
  return NULL;
}

/* weightGradient(engine, geometry, image, out, weightDiff, adds) */
static napi_value weight_gradient(napi_env env, napi_callback_info info)
{
  Call call;
  if (!read_call(env, info, 5, &call)) return NULL;
  call.instance->kernels->weight_gradient(&call.instance->engine, geometry_of(&call), pointer(&call, 1),
                                          pointer(&call, 2), pointer(&call, 3), call.values[4] != 0);
  return NULL;
}

/* stop(engine): from now on it works with the caller's thread alone. */
static napi_value stop(napi_env env, napi_callback_info info)
{
  Call call;
  if (read_call(env, info, 0, &call)) pool_stop(call.instance->engine.pool);
  return NULL;
}

/* nameOf(engine): the instruction set. */
static napi_value name_of(napi_env env, napi_callback_info info)
{
  Call call;
  napi_value result = NULL;
  if (read_call(env, info, 0, &call)) napi_create_string_utf8(env, call.instance->kernels->name, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* idOf(engine): by what other threads may `join` it. */
static napi_value id_of(napi_env env, napi_callback_info info)
{
  Call call;
  napi_value result = NULL;
  if (read_call(env, info, 0, &call)) napi_create_uint32(env, call.instance->id, &result);
  return result;
}

static void leave(napi_env env, void *data, void *hint)
{
  (void)env;
  (void)hint;
  drop(data);
}

/* join(id), on another thread: the engine for `help`, undefined where it has ended. */
static napi_value join(napi_env env, napi_callback_info info)
{
  napi_value argument, result = NULL;
  size_t count = 1;
  uint32_t id = 0;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  if (napi_get_value_uint32(env, argument, &id) != napi_ok) return NULL;
  pthread_mutex_lock(&mutex);
  Instance *instance = instances;
  while (instance && instance->id != id) instance = instance->next;
  if (instance) instance->references++;
  pthread_mutex_unlock(&mutex);
  if (instance) napi_create_external(env, instance, leave, NULL, &result);
  return result;
}

/* help(engine, thread): takes tasks until there are none. */
static napi_value help(napi_env env, napi_callback_info info)
{
  Call call;
  if (read_call(env, info, 1, &call)) pool_help(call.instance->engine.pool, (int)call.values[0]);
  return NULL;
}

static void finalize(napi_env env, void *data, void *hint)
{
  Instance *instance = data;
  (void)hint;
  napi_delete_reference(env, instance->view);
  napi_delete_reference(env, instance->rouse);
  drop(instance);
}

/* Starts or wakes the threads: only JavaScript can. */
static void rouse(void *host)
{
  Instance *instance = host;
  napi_handle_scope scope;
  napi_value function, receiver;
  napi_open_handle_scope(instance->env, &scope);
  napi_get_reference_value(instance->env, instance->rouse, &function);
  napi_get_undefined(instance->env, &receiver);
  napi_call_function(instance->env, receiver, function, 0, NULL, NULL);
  napi_close_handle_scope(instance->env, scope);
}

/*
 * open(view of the whole heap, threads, instruction set or "", address of the control block, function that
 * starts or wakes the threads): the engine, undefined where there is none.
 */
static napi_value open_engine(napi_env env, napi_callback_info info)
{
  napi_value arguments[5], result = NULL;
  size_t count = 5, length = 0, bytes = 0;
  uint32_t threads = 1;
  int64_t control = 0;
  char name[32];
  void *heap = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (napi_get_typedarray_info(env, arguments[0], NULL, &bytes, &heap, NULL, NULL) != napi_ok || !heap) return NULL;
  if (napi_get_value_uint32(env, arguments[1], &threads) != napi_ok) return NULL;
  if (napi_get_value_string_utf8(env, arguments[2], name, sizeof name, &length) != napi_ok) return NULL;
  if (napi_get_value_int64(env, arguments[3], &control) != napi_ok) return NULL;
  const Kernels *kernels = named(name);
  Instance *instance = kernels ? calloc(1, sizeof *instance) : NULL;
  if (!instance) return NULL;
  instance->kernels = kernels;
  instance->env = env;
  instance->engine = (Engine){
    .heap = heap, .pool = pool_create((char *)heap + control, (int)threads, rouse, instance),
    .threads = (int)threads, .packed = allocate(PACK_FLOATS), .scratch = allocate((size_t)threads * SCRATCH_FLOATS),
  };
  Engine *engine = &instance->engine;
  if (!engine->pool || !engine->packed || !engine->scratch) {
    release(instance);
    return NULL;
  }
#if defined(MADV_HUGEPAGE)
  /* Weights are read in strides of many pages; large pages spare the address translation. */
  madvise(heap, bytes, MADV_HUGEPAGE);
#endif
  napi_create_reference(env, arguments[0], 1, &instance->view);
  napi_create_reference(env, arguments[4], 1, &instance->rouse);
  enter(instance);
  napi_create_external(env, instance, finalize, NULL, &result);
  return result;
}

NAPI_MODULE_INIT(/* env, exports */)
{
  const napi_property_descriptor functions[] = {
    {"open", NULL, open_engine, NULL, NULL, NULL, napi_default, NULL},
    {"stop", NULL, stop, NULL, NULL, NULL, napi_default, NULL},
    {"idOf", NULL, id_of, NULL, NULL, NULL, napi_default, NULL},
    {"join", NULL, join, NULL, NULL, NULL, napi_default, NULL},
    {"help", NULL, help, NULL, NULL, NULL, napi_default, NULL},
    {"nameOf", NULL, name_of, NULL, NULL, NULL, napi_default, NULL},
    {"gemm", NULL, gemm, NULL, NULL, NULL, napi_default, NULL},
    {"products", NULL, products, NULL, NULL, NULL, napi_default, NULL},
    {"prepare", NULL, prepare, NULL, NULL, NULL, napi_default, NULL},
    {"correlate", NULL, correlate, NULL, NULL, NULL, napi_default, NULL},
    {"scatter", NULL, scatter, NULL, NULL, NULL, napi_default, NULL},
    {"weightGradient", NULL, weight_gradient, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
