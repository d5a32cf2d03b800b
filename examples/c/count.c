/* A connector in C: counts to `n`. Needs the header alone.
 * cc -fPIC -shared count.c $(pkg-config --cflags headwater) -o libheadwater_connector_count.so */
#include <headwater_connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct {
  unsigned long at, end;
  char row[64], checkpoint[32];
} counter;

static headwater_str str(const char *text) {
  return (headwater_str){(const uint8_t *)text, strlen(text)};
}

static int32_t refuse(const headwater_call *call, int32_t code, const char *field) {
  headwater_failure failure = {.struct_size = sizeof failure, .code = code, .field = str(field)};
  failure.message =
      str("the connector count knows {\"n\": a whole number}, and one stream: numbers");
  call->fail(call->context, &failure); /* copied before it returns */
  return code;
}

static int32_t describe(const headwater_call *call, headwater_description *out) {
  (void)call, out->name = str("count"), out->version = str("0.1.0");
  out->config_schema = str("{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}");
  return HEADWATER_OK;
}

static int32_t open_source(const headwater_call *call, headwater_str config, void **out_source) {
  char text[64] = "", key[32] = "n", after = 0;
  unsigned long *end = calloc(1, sizeof *end);
  memcpy(text, config.ptr, config.len < sizeof text ? config.len : sizeof text - 1);
  int found = sscanf(text, " { \"%31[^\"]\" : %lu %c \"%31[^\"]", key, end, &after, key);
  if (end != NULL && found == 3 && after == '}' && strcmp(key, "n") == 0)
    return *out_source = end, HEADWATER_OK;
  free(end);
  return refuse(call, HEADWATER_E_CONFIG_INVALID, key);
}

static int32_t check(const headwater_call *call, void *source, headwater_discovery *out) {
  static headwater_stream_info numbers = {.struct_size = sizeof numbers};
  (void)call, (void)source;
  numbers.name = str("numbers");
  out->streams = &numbers, out->stream_count = 1;
  return HEADWATER_OK;
}

static int32_t read_stream(const headwater_call *call, void *source, const headwater_request *asked,
                           void **out_stream) {
  headwater_str from = asked->checkpoint;
  if (asked->stream.len != 7 || memcmp(asked->stream.ptr, "numbers", 7) != 0)
    return refuse(call, HEADWATER_E_CONFIG_INVALID, "source");
  counter *c = calloc(1, sizeof *c);
  c->end = *(unsigned long *)source;
  memcpy(c->checkpoint, from.ptr, from.len < sizeof c->checkpoint ? from.len : 0);
  if (from.len == 0 || sscanf(c->checkpoint, "%lu", &c->at) == 1)
    return *out_stream = c, HEADWATER_OK;
  free(c);
  return refuse(call, HEADWATER_E_CHECKPOINT_INVALID, "");
}

static int32_t next(const headwater_call *call, void *stream, headwater_batch *out) {
  (void)call; /* too quick to poll call->cancelled */
  counter *c = stream;
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
