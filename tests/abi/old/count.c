/* The first connector, as it was written for connector ABI 1.0, with the header of that day beside
 * it: neither is ever changed, and every later host loads it. */
#include "headwater_connector.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  unsigned long at, end;
  char row[64], checkpoint[32];
} counter;
static headwater_stream_info stream;

static headwater_str str(const char *text) {
  return (headwater_str){(const uint8_t *)text, strlen(text)};
}

static int32_t describe(const headwater_call *call, headwater_description *out) {
  (void)call;
  out->name = str("count");
  out->version = str("0.1.0");
  out->config_schema =
      str("{\"type\": \"object\", \"properties\": {\"n\": {\"type\": \"integer\"}}}");
  return HEADWATER_OK;
}

static int32_t refuse(const headwater_call *call, int32_t code, const char *field,
                      const char *message) {
  headwater_failure failure = {.struct_size = sizeof failure,
                               .code = code,
                               .field = str(field),
                               .message = str(message),
                               .hint = str("for example {\"n\": 3}")};
  call->fail(call->context, &failure); /* copied before it returns */
  return code;
}

static int32_t open_source(const headwater_call *call, headwater_str config, void **out_source) {
  char text[128] = {0}, key[32] = "n", other[32] = "";
  unsigned long end;
  int used = 0;
  if (config.len < sizeof text)
    memcpy(text, config.ptr, config.len);
  int found = sscanf(text, " { \"%31[^\"]\" : %lu %n, \"%31[^\"]", key, &end, &used, other);
  if (found == 3)
    return refuse(call, HEADWATER_E_CONFIG_INVALID, other, "unknown key");
  if (found != 2 || strcmp(key, "n") != 0 || text[used] != '}')
    return refuse(call, HEADWATER_E_CONFIG_INVALID, key, "expected {\"n\": a whole number}");
  unsigned long *source = malloc(sizeof *source);
  *source = end;
  *out_source = source;
  return HEADWATER_OK;
}

static int32_t check(const headwater_call *call, void *source, headwater_discovery *out) {
  (void)call, (void)source;
  stream = (headwater_stream_info){.struct_size = sizeof stream, .name = str("numbers")};
  out->streams = &stream;
  out->stream_count = 1;
  return HEADWATER_OK;
}

static int32_t read_stream(const headwater_call *call, void *source,
                           const headwater_request *request, void **out_stream) {
  headwater_str name = request->stream, from = request->checkpoint;
  if (name.len != 7 || memcmp(name.ptr, "numbers", 7) != 0)
    return refuse(call, HEADWATER_E_CONFIG_INVALID, "source", "expected the stream numbers");
  counter *c = calloc(1, sizeof *c);
  c->end = *(unsigned long *)source;
  if (from.len > 0) { /* resume, if it is a checkpoint of ours */
    int used = 0;
    if (from.len < sizeof c->checkpoint)
      memcpy(c->checkpoint, from.ptr, from.len);
    if (sscanf(c->checkpoint, "%lu%n", &c->at, &used) != 1 || (size_t)used != from.len ||
        c->at > c->end) {
      free(c);
      return refuse(call, HEADWATER_E_CHECKPOINT_INVALID, "",
                    "the checkpoint is not one of this stream");
    }
  }
  *out_stream = c;
  return HEADWATER_OK;
}

static int32_t next(const headwater_call *call, void *handle, headwater_batch *out) {
  (void)call; /* too quick to poll call->cancelled */
  counter *c = handle;
  if (c->at >= c->end)
    return HEADWATER_DONE;
  c->at++;
  int length = snprintf(c->row, sizeof c->row, "{\"number\": %lu}\n", c->at);
  snprintf(c->checkpoint, sizeof c->checkpoint, "%lu", c->at);
  out->payload_kind = HEADWATER_PAYLOAD_JSON_LINES;
  out->data = (headwater_str){(const uint8_t *)c->row, (size_t)length};
  out->record_count = 1;
  out->checkpoint = str(c->checkpoint);
  return HEADWATER_OK;
}

const headwater_connector *headwater_connector_v1(void) {
  static const headwater_connector table = {sizeof table,
                                            HEADWATER_CONNECTOR_ABI_MAJOR,
                                            HEADWATER_CONNECTOR_ABI_MINOR,
                                            describe,
                                            open_source,
                                            check,
                                            read_stream,
                                            next,
                                            free,
                                            free};
  return &table;
}
