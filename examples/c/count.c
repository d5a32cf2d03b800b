/* A connector in C: counts to `n`. Needs the header alone.
 * cc -fPIC -shared count.c $(pkg-config --cflags headwater) -o libheadwater_connector_count.so */
#include <headwater_connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct {
  unsigned long at, end;
  char row[64], checkpoint[32];
} counter; /* a source is one that has not counted yet */

static headwater_str str(const char *s) { return (headwater_str){(const uint8_t *)s, strlen(s)}; }
/* A copy that ends with a NUL; empty where it does not fit. */
static void copy(char *to, size_t size, headwater_str from) {
  memset(to, 0, size);
  if (from.len > 0 && from.len < size)
    memcpy(to, from.ptr, from.len);
}

static int32_t refuse(const headwater_call *call, int32_t code, const char *field) {
  headwater_failure failure = {.struct_size = sizeof failure, .code = code, .field = str(field)};
  failure.message = str("count takes {\"n\": a whole number}, and memory; its stream is numbers");
  call->fail(call->context, &failure); /* copied before it returns */
  return code;
}

static int32_t give(const headwater_call *call, counter made, void **out) {
  if ((*out = malloc(sizeof made)) == NULL)
    return refuse(call, HEADWATER_E_INTERNAL_ERROR, "");
  return memcpy(*out, &made, sizeof made), HEADWATER_OK;
}

static int32_t describe(const headwater_call *call, headwater_description *out) {
  (void)call, out->name = str("count"), out->version = str("0.1.0");
  out->config_schema = str("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}");
  return HEADWATER_OK;
}
static int32_t open_source(const headwater_call *call, headwater_str config, void **out_source) {
  counter made = {.at = 0};
  char text[64], key[32] = "n", after = 0;
  copy(text, sizeof text, config);
  int found = sscanf(text, " { \"%31[^\"]\" : %lu %c \"%31[^\"]", key, &made.end, &after, key);
  if (found == 3 && after == '}' && strcmp(key, "n") == 0)
    return give(call, made, out_source);
  return refuse(call, HEADWATER_E_CONFIG_INVALID, key);
}
static int32_t check(const headwater_call *call, void *source, headwater_discovery *out) {
  static const headwater_stream_info numbers = {.struct_size = sizeof numbers,
                                                .name = {(const uint8_t *)"numbers", 7}};
  (void)call, (void)source;
  return out->streams = &numbers, out->stream_count = 1, HEADWATER_OK;
}
static int32_t read_stream(const headwater_call *call, void *source, const headwater_request *asked,
                           void **out_stream) {
  counter made = *(counter *)source;
  copy(made.checkpoint, sizeof made.checkpoint, asked->checkpoint);
  if (asked->stream.len != 7 || memcmp(asked->stream.ptr, "numbers", 7) != 0)
    return refuse(call, HEADWATER_E_CONFIG_INVALID, "source");
  if (asked->checkpoint.len > 0 && sscanf(made.checkpoint, "%lu", &made.at) != 1)
    return refuse(call, HEADWATER_E_CHECKPOINT_INVALID, "");
  return give(call, made, out_stream);
}
static int32_t next(const headwater_call *call, void *stream, headwater_batch *out) {
  counter *c = stream;
  (void)call; /* too quick to poll call->cancelled */
  if (c->at >= c->end)
    return HEADWATER_DONE;
  snprintf(c->row, sizeof c->row, "{\"number\": %lu}\n", ++c->at);
  snprintf(c->checkpoint, sizeof c->checkpoint, "%lu", c->at);
  out->payload_kind = HEADWATER_PAYLOAD_JSON_LINES, out->record_count = 1;
  out->data = str(c->row), out->checkpoint = str(c->checkpoint);
  return HEADWATER_OK;
}
const headwater_connector *headwater_connector_v1(void) {
  static const headwater_connector table = {sizeof table, 1,           0,    describe, open_source,
                                            check,        read_stream, next, free,     free};
  return &table;
}
