/* A connector in C11: the accounts of a Unix password file, see passwd(5).
 * Configuration: {"path": "/etc/passwd"}. Checkpoint: "<byte offset> <lines before it>". */
#define _POSIX_C_SOURCE 200809L
#include "headwater_connector.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 7, MAX_ROWS = 4096 };
static const char *const names[] = {"login", "password", "uid", "gid", "name", "home", "shell"};

typedef struct { /* lent by check, so it lives in the source */
  char path[4096];
  headwater_stream_info info;
  headwater_field fields[FIELDS];
} source;

typedef struct { /* `rows` writes into `data`; lent by next, so it lives in the stream */
  FILE *file, *rows;
  char *line, *data, checkpoint[48];
  size_t line_size, data_size, limit;
  uint64_t lines, positions[MAX_ROWS];
  headwater_bad_row bad;
} stream;

static headwater_str str(const char *s) {
  return (headwater_str){(const uint8_t *)s, s ? strlen(s) : 0};
}

static int32_t fail(const headwater_call *call, int32_t code, const char *field,
                    const char *message, const char *hint) {
  headwater_failure f = {.struct_size = sizeof f,
                         .code = code,
                         .message = str(message),
                         .field = str(field),
                         .hint = str(hint)};
  if (code == HEADWATER_E_SOURCE_UNAVAILABLE)
    f.retry = HEADWATER_RETRY_BACKOFF;
  call->fail(call->context, &f); /* copied before it returns, so locals may be lent */
  return code;
}

static int32_t unavailable(const headwater_call *call) {
  return fail(call, HEADWATER_E_SOURCE_UNAVAILABLE, "path", "the file cannot be read",
              "check the path and its permissions");
}

static int32_t passwd_describe(const headwater_call *call, headwater_description *out) {
  (void)call;
  out->name = str("passwd");
  out->version = str("0.1.0");
  out->config_schema =
      str("{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"path\"],"
          "\"properties\":{\"path\":{\"type\":\"string\",\"format\":\"path\"}}}");
  return HEADWATER_OK;
}

/* As much JSON as an object of texts needs; a real connector brings a parser along. */
static int32_t passwd_open(const headwater_call *call, headwater_str config, void **out_source) {
  const char *hint = "write {\"path\": \"/etc/passwd\"}";
  char text[4400] = "", key[64], path[4096] = "", next = '{';
  const char *at = text;
  if (config.len > 0 && config.len < sizeof text)
    memcpy(text, config.ptr, config.len);
  for (int n; next != '}'; at += n) {
    n = 0;
    if (sscanf(at, next == '{' ? " { \"%63[^\"]\" : %n" : " , \"%63[^\"]\" : %n", key, &n) != 1 ||
        n == 0)
      break;
    if (strcmp(key, "path") != 0)
      return fail(call, HEADWATER_E_CONFIG_INVALID, key, "unknown key", hint);
    at += n, n = 0;
    if (sscanf(at, "\"%4095[^\"\\]\" %n", path, &n) != 1 || n == 0)
      break;
    next = at[n] == '}' ? '}' : ',';
  }
  if (next != '}' || at[1 + strspn(at + 1, " \n")] != '\0')
    return fail(call, HEADWATER_E_CONFIG_INVALID, "path",
                "expected an object with a text without backslashes", hint);
  source *s = calloc(1, sizeof *s);
  if (!s)
    return fail(call, HEADWATER_E_INTERNAL_ERROR, NULL, "out of memory", NULL);
  strcpy(s->path, path);
  *out_source = s;
  return HEADWATER_OK;
}

static int32_t passwd_check(const headwater_call *call, void *handle, headwater_discovery *out) {
  source *s = handle;
  FILE *file = fopen(s->path, "r");
  if (!file)
    return unavailable(call);
  fclose(file);
  for (int i = 0; i < FIELDS; i++)
    s->fields[i] = (headwater_field){sizeof s->fields[i], str(names[i]), str("string"),
                                     i == 0 ? HEADWATER_FIELD_KEY : 0};
  s->info =
      (headwater_stream_info){sizeof s->info, str("accounts"), HEADWATER_STREAM_FIELDS_COMPLETE,
                              s->fields,      FIELDS,          str("line")};
  out->streams = &s->info;
  out->stream_count = 1;
  return HEADWATER_OK;
}

static void passwd_close_stream(void *handle) {
  stream *s = handle;
  if (s && s->file)
    fclose(s->file);
  if (s && s->rows)
    fclose(s->rows);
  if (s)
    free(s->data), free(s->line);
  free(s);
}

static int32_t passwd_read(const headwater_call *call, void *handle,
                           const headwater_request *request, void **out_stream) {
  if (request->stream.len != 8 || memcmp(request->stream.ptr, "accounts", 8) != 0)
    return fail(call, HEADWATER_E_CONFIG_INVALID, "source", "expected the stream `accounts`", NULL);
  stream *s = calloc(1, sizeof *s);
  if (s)
    s->file = fopen(((source *)handle)->path, "r");
  if (s)
    s->rows = open_memstream(&s->data, &s->data_size);
  if (!s || !s->file || !s->rows)
    return passwd_close_stream(s), unavailable(call);
  s->limit = request->batch_rows > 0 && request->batch_rows < MAX_ROWS ? (size_t)request->batch_rows
                                                                       : MAX_ROWS;
  headwater_str from = request->checkpoint;
  if (from.len > 0) { /* it fits if a line, or the file, ends just before it */
    long at = -1;
    if (from.len < sizeof s->checkpoint)
      memcpy(s->checkpoint, from.ptr, from.len);
    if (sscanf(s->checkpoint, "%ld %" SCNu64, &at, &s->lines) != 2 || at < 1 ||
        fseek(s->file, at - 1, SEEK_SET) || (fgetc(s->file) != '\n' && fgetc(s->file) != EOF) ||
        fseek(s->file, at, SEEK_SET))
      return passwd_close_stream(s),
             fail(call, HEADWATER_E_CHECKPOINT_INVALID, NULL, "no line starts at the checkpoint",
                  "start over with a full run: --full, in Python full=True, in C "
                  "HEADWATER_SYNC_FULL");
  }
  *out_stream = s;
  return HEADWATER_OK;
}

/* Writes the line as a JSON object, or says what is wrong with it. */
static const char *write_row(stream *s) {
  int colons = 0, field = 0;
  for (const char *c = s->line; *c; colons += *c++ == ':')
    if (*c & 0x80)
      return "expected ASCII"; /* rows must be UTF-8, and ASCII is */
  if (colons != FIELDS - 1)
    return "expected 7 fields, separated by `:`";
  fprintf(s->rows, "{\"%s\":\"", names[field]);
  for (const char *c = s->line; *c; c++)
    if (*c == ':')
      fprintf(s->rows, "\",\"%s\":\"", names[++field]);
    else
      fprintf(s->rows, *c < 0x20 ? "\\u%04x" : *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
  fputs("\"}\n", s->rows);
  return NULL;
}

static int32_t passwd_next(const headwater_call *call, void *handle, headwater_batch *out) {
  stream *s = handle;
  size_t count = 0, bad = 0;
  rewind(s->rows);
  while (count < s->limit && bad == 0) { /* a bad row ends its batch, so there is one at most */
    if (call->cancelled(call->context))
      return fail(call, HEADWATER_E_CANCELLED, NULL, "cancelled", NULL);
    ssize_t n = getline(&s->line, &s->line_size, s->file);
    if (n < 0)
      break;
    if (s->line[n - 1] == '\n')
      s->line[--n] = '\0';
    s->lines++;
    const char *fault = strlen(s->line) == (size_t)n ? write_row(s) : "expected no NUL";
    if (!fault)
      s->positions[count++] = s->lines;
    else
      bad = 1,
      s->bad = (headwater_bad_row){
          sizeof s->bad,           HEADWATER_E_SOURCE_DATA_INVALID, s->lines, str(fault), str(NULL),
          str("correct the line"), {(uint8_t *)s->line, (size_t)n}};
  }
  if (ferror(s->file))
    return unavailable(call);
  if (count + bad == 0)
    return HEADWATER_DONE;
  fflush(s->rows); /* sets data and data_size */
  snprintf(s->checkpoint, sizeof s->checkpoint, "%ld %" PRIu64, ftell(s->file), s->lines);
  out->payload_kind = HEADWATER_PAYLOAD_JSON_LINES;
  out->data = (headwater_str){(const uint8_t *)s->data, count ? s->data_size : 0};
  out->record_count = count;
  out->positions = s->positions;
  out->bad_rows = &s->bad;
  out->bad_row_count = bad;
  out->checkpoint = str(s->checkpoint);
  return HEADWATER_OK;
}

const headwater_connector *headwater_connector_v1(void) {
  static const headwater_connector table = {sizeof table,
                                            HEADWATER_CONNECTOR_ABI_MAJOR,
                                            HEADWATER_CONNECTOR_ABI_MINOR,
                                            passwd_describe,
                                            passwd_open,
                                            passwd_check,
                                            passwd_read,
                                            passwd_next,
                                            passwd_close_stream,
                                            free};
  return &table;
}
