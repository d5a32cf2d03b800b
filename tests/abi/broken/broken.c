/* A connector that breaks the contract in one way: at load time as the -D flags say, later as the
 * configuration {"case": "..."} says. With no flag and the case "good" it keeps every rule. */
#define _POSIX_C_SOURCE 200809L
#include "headwater_connector.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(headwater_connector)
#endif
#ifndef MAJOR
#define MAJOR HEADWATER_CONNECTOR_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR HEADWATER_CONNECTOR_ABI_MINOR
#endif
#ifndef NAME
#define NAME "broken"
#endif
#ifndef SCHEMA
#define SCHEMA "{\"type\":\"object\"}"
#endif
static void nap(long millis) {
  nanosleep(&(struct timespec){millis / 1000, millis % 1000 * 1000000}, NULL);
}
#define FOREVER                                                                                    \
  for (;;)                                                                                         \
  nap(1000)

typedef struct {
  char what[64];
  headwater_stream_info streams[2];
  headwater_field field;
} source;
typedef struct {
  source *source;
  int calls;
  headwater_bad_row bad;
  uint64_t position;
} stream;
static char big[HEADWATER_MAX_CHECKPOINT_BYTES + 1];

static headwater_str str(const char *s) { return (headwater_str){(const uint8_t *)s, strlen(s)}; }
static headwater_str null_of(size_t length) { return (headwater_str){NULL, length}; }
static int is(const source *s, const char *what) { return strcmp(s->what, what) == 0; }

static int32_t fail(const headwater_call *call, int32_t code, const char *message) {
  headwater_failure f = {
      .struct_size = sizeof f, .code = code, .message = str(message), .field = str("case")};
  call->fail(call->context, &f);
  return code;
}

/* What every function can do wrong in its status; 0 goes on. */
static int32_t status(const headwater_call *call, const source *s, const char *function) {
  char what[64];
  headwater_failure f = {.struct_size = 8, .code = HEADWATER_E_SOURCE_UNAVAILABLE};
#define CASE(name) (snprintf(what, sizeof what, "%s %s", function, name), is(s, what))
  if (CASE("without a reason"))
    return HEADWATER_E_SOURCE_UNAVAILABLE;
  if (CASE("negative status"))
    return -7;
  if (CASE("done"))
    return HEADWATER_DONE;
  if (CASE("failure and OK"))
    return fail(call, HEADWATER_E_SOURCE_DATA_INVALID, "page 3 is broken"), HEADWATER_OK;
  if (CASE("failure and done"))
    return fail(call, HEADWATER_E_SOURCE_DATA_INVALID, "page 3 is broken"), HEADWATER_DONE;
  if (CASE("unknown code"))
    return fail(call, 9999, "a code of my own");
  if (CASE("message not UTF-8"))
    return fail(call, HEADWATER_E_CONFIG_INVALID, "caf\xe9");
  if (CASE("short failure"))
    return call->fail(call->context, &f), f.code;
  if (CASE("NULL failure"))
    return call->fail(call->context, NULL), f.code;
  if (CASE("hang"))
    FOREVER;
  if (CASE("deaf"))
    for (;;)
      call->cancelled(call->context), nap(1);
  if (CASE("chatter"))
    for (;;)
      call->log(call->context, HEADWATER_LOG_INFO, str("busy"));
  if (CASE("slow"))
    for (int i = 0; i < 60; i++)
      call->cancelled(call->context), nap(20);
  if (CASE("bad log"))
    call->log(call->context, 77, null_of(5)), call->log(NULL, 1, str("x"));
  return HEADWATER_OK;
}

static int32_t broken_describe(const headwater_call *call, headwater_description *out) {
#ifdef HANG_IN_DESCRIBE
  FOREVER;
#endif
#ifdef FAIL_IN_DESCRIBE
  return fail(call, HEADWATER_E_INTERNAL_ERROR, "not today");
#endif
  (void)call;
  out->name = str(NAME);
  out->version = str("1.0.0");
  out->config_schema = str(SCHEMA);
  return HEADWATER_OK;
}

static int32_t broken_open(const headwater_call *call, headwater_str config, void **out) {
  source *s = calloc(1, sizeof *s);
  const char *start = config.len > 9 ? (const char *)config.ptr + 9 : ""; /* {"case":"... */
  for (size_t i = 0; i + 1 < sizeof s->what && start[i] != '"' && start[i] != '\0'; i++)
    s->what[i] = start[i];
  *out = is(s, "open NULL") ? NULL : (void *)s;
  int32_t code = status(call, s, "open");
  if (code != HEADWATER_OK)
    *out = (void *)8; /* what a failed call leaves there must not matter */
  return code;
}

static int32_t broken_check(const headwater_call *call, void *handle, headwater_discovery *out) {
  source *s = handle;
  int32_t code = status(call, s, "check");
  if (code != HEADWATER_OK)
    return code;
  s->field = (headwater_field){sizeof s->field, str("n"), str("number"), 0};
  for (int i = 0; i < 2; i++)
    s->streams[i] =
        (headwater_stream_info){sizeof s->streams[i], str(i ? "b" : "a"), 0, &s->field, 1, str("")};
  if (is(s, "check name not UTF-8"))
    s->streams[0].name = str("caf\xe9");
  if (is(s, "check name NULL"))
    s->streams[0].name = null_of(5);
  if (is(s, "check two names"))
    s->streams[1].name = str("a");
  if (is(s, "check short stream"))
    s->streams[0].struct_size = 8;
  if (is(s, "check mixed sizes"))
    s->streams[1].struct_size = 8;
  if (is(s, "check short field"))
    s->field.struct_size = 8;
  if (is(s, "check NULL fields"))
    s->streams[0].fields = NULL;
  out->streams = is(s, "check NULL streams") ? NULL : s->streams;
  out->stream_count = is(s, "check endless streams") ? (size_t)-1 : 2;
  return HEADWATER_OK;
}

static int32_t broken_read(const headwater_call *call, void *handle,
                           const headwater_request *request, void **out) {
  stream *s = calloc(1, sizeof *s);
  (void)request;
  s->source = handle;
  *out = is(s->source, "read NULL") ? NULL : (void *)s;
  return status(call, s->source, "read");
}

static int32_t broken_next(const headwater_call *call, void *handle, headwater_batch *out) {
  stream *s = handle;
  const source *by = s->source;
  int32_t code = status(call, by, "next");
  if (code != HEADWATER_OK)
    return code;
  if (s->calls++ == (is(by, "next no checkpoint after rows") ? 2 : 1))
    return HEADWATER_DONE;
  if (is(by, "next nothing"))
    return HEADWATER_OK;
  out->payload_kind = is(by, "next arrow") ? HEADWATER_PAYLOAD_ARROW : HEADWATER_PAYLOAD_JSON_LINES;
  out->data = str("{\"n\":1}\n{\"n\":2}\n");
  out->record_count = is(by, "next more")      ? 3
                      : is(by, "next fewer")   ? 1
                      : is(by, "next endless") ? UINT64_MAX
                                               : 2;
  out->checkpoint = str("2");
  if (is(by, "next no newline"))
    out->data = str("{\"n\":1}\n{\"n\":2}");
  if (is(by, "next empty line"))
    out->data = str("{\"n\":1}\n\n");
  if (is(by, "next not UTF-8"))
    out->data = str("{\"n\":\"\xff\"}\n{}\n");
  if (is(by, "next NULL data"))
    out->data = null_of(9);
  if (is(by, "next nothing at NULL"))
    out->data = null_of(0), out->record_count = 0;
  if (is(by, "next big checkpoint"))
    out->checkpoint = (headwater_str){(const uint8_t *)big, sizeof big};
  if (is(by, "next largest checkpoint"))
    out->checkpoint = (headwater_str){(const uint8_t *)big, sizeof big - 1};
  if (is(by, "next NULL checkpoint"))
    out->checkpoint = null_of(9);
  if (is(by, "next no checkpoint"))
    out->checkpoint = null_of(0);
  if (is(by, "next no checkpoint after rows") && s->calls == 2)
    out->data = null_of(0), out->record_count = 0, out->checkpoint = null_of(0);
  if (is(by, "next no checkpoint yet"))
    out->data = null_of(0), out->record_count = 0, out->checkpoint = null_of(0);
  if (is(by, "next crooked positions"))
    out->positions = (const uint64_t *)((const char *)&s->position + 1);
  s->bad = (headwater_bad_row){.struct_size = sizeof s->bad,
                               .code = HEADWATER_E_SOURCE_DATA_INVALID,
                               .position = 3,
                               .message = str("bad"),
                               .raw = str("\xff")};
  static const uint64_t far[] = {1, UINT64_MAX};
  if (is(by, "next endless position"))
    out->positions = far;
  if (is(by, "next endless bad row"))
    s->bad.position = UINT64_MAX;
  if (is(by, "next short bad row"))
    s->bad.struct_size = 8;
  if (is(by, "next bad row of unknown code"))
    s->bad.code = 9999;
  out->bad_rows = is(by, "next NULL bad rows") ? NULL : &s->bad;
  out->bad_row_count = 1;
  if (out->checkpoint.len == 0 && out->data.len == 0)
    out->bad_row_count = 0;
  if (is(by, "next no checkpoint for a bad row"))
    out->data = null_of(0), out->record_count = 0, out->checkpoint = null_of(0);
  return HEADWATER_OK;
}

static void broken_close_stream(void *handle) {
  stream *s = handle;
  if (s && is(s->source, "close_stream hang"))
    FOREVER;
  free(s);
}

static void broken_close(void *handle) {
  if (handle && is(handle, "close hang"))
    FOREVER;
  free(handle);
}

#ifdef UNRESOLVED
extern int no_such_function_anywhere(void);
int keep_it(void);
int keep_it(void) { return no_such_function_anywhere(); }
#endif

#ifndef EXPORT
#define EXPORT headwater_connector_v1
#endif
const headwater_connector *EXPORT(void);
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const headwater_connector *EXPORT(void) {
  static headwater_connector table = {
      TABLE_SIZE,   MAJOR,       MINOR,       broken_describe,     broken_open,
      broken_check, broken_read, broken_next, broken_close_stream, broken_close};
#ifdef WITHOUT
  table.WITHOUT = NULL;
#endif
#ifdef NO_TABLE
  return NULL;
#endif
  return &table;
}
