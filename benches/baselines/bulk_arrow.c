/* The product from C: a bulk assert of contacts that are in memory already, as Arrow.
 *
 * bulk_arrow FILE DATABASE
 *
 * Says on stdout, in JSON, how many seconds the assert and the closing took, and what the report
 * is; the reading of the file, which is CSV without line breaks in its cells, is not counted. An
 * empty cell is null. */
#define _POSIX_C_SOURCE 200809L
#include <headwater.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As the Arrow C Data and Stream Interfaces have them. */
struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

enum { ROWS = 65536, COLUMNS = 16, BATCHES = 1024 };

typedef struct {
  int32_t ends[ROWS + 1];
  uint8_t valid[ROWS / 8];
  char *bytes;
  size_t room;
  const void *buffers[3];
} column;

typedef struct {
  column columns[COLUMNS];
  struct ArrowArray arrays[COLUMNS], *children[COLUMNS];
  const void *none[1];
  int64_t rows;
} batch;

static struct {
  char names[COLUMNS][64];
  struct ArrowSchema schemas[COLUMNS], *schema_children[COLUMNS];
  int columns, batches, given;
  batch *all[BATCHES];
} table;

static void must(int is_right, const char *what) {
  if (is_right)
    return;
  fprintf(stderr, "bulk_arrow: %s\n", what);
  exit(1);
}

static void *made(void *memory) {
  must(memory != NULL, "there is no memory left");
  return memory;
}

/* Reads a cell to the end of `to`, and gives what stands after it. */
static const char *read_cell(const char *at, column *to, int64_t row) {
  size_t used = (size_t)to->ends[row];
  const int is_quoted = *at == '"';
  at += is_quoted;
  while (*at != 0) {
    if (is_quoted ? *at == '"' : *at == ',' || *at == '\n' || *at == '\r') {
      if (!is_quoted || *++at != '"')
        break;
    }
    if (used + 1 > to->room)
      to->bytes = made(realloc(to->bytes, to->room = 2 * to->room + ROWS * 16));
    to->bytes[used++] = *at++;
  }
  if (used > (size_t)to->ends[row])
    to->valid[row / 8] = (uint8_t)(to->valid[row / 8] | 1 << row % 8);
  to->ends[row + 1] = (int32_t)used;
  at += *at == ',';
  return at;
}

static const char *end_line(const char *at) {
  at += *at == '\r';
  must(*at == '\n' || *at == 0, "a line has more cells than the first");
  return at + (*at == '\n');
}

static const char *read_names(const char *at) {
  while (*at != '\n' && *at != '\r' && *at != 0) {
    const size_t length = strcspn(at, ",\r\n");
    must(table.columns < COLUMNS && length < sizeof table.names[0], "more columns than expected");
    memcpy(table.names[table.columns++], at, length);
    at += length + (at[length] == ',');
  }
  return end_line(at);
}

static const char *read_batch(const char *at) {
  must(table.batches < BATCHES, "more rows than expected");
  batch *to = table.all[table.batches++] = made(calloc(1, sizeof *to));
  for (; to->rows < ROWS && *at != 0; to->rows++) {
    for (int i = 0; i < table.columns; i++)
      at = read_cell(at, &to->columns[i], to->rows);
    at = end_line(at);
  }
  return at;
}

static void read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  must(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
  const long size = ftell(file);
  char *text = made(malloc((size_t)size + 1));
  rewind(file);
  must(fread(text, 1, (size_t)size, file) == (size_t)size, path);
  fclose(file);
  text[size] = 0;
  const char *at = read_names(text);
  while (*at != 0)
    at = read_batch(at);
  free(text);
}

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_stream(struct ArrowArrayStream *stream) { stream->release = NULL; }
static void release_child(struct ArrowArray *array) { array->release = NULL; }
static void release_batch(struct ArrowArray *array) {
  batch *of = array->private_data;
  for (int i = 0; i < table.columns; i++)
    free(of->columns[i].bytes);
  free(of);
  array->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  for (int i = 0; i < table.columns; i++) {
    table.schema_children[i] = &table.schemas[i];
    table.schemas[i] = (struct ArrowSchema){
        .format = "u", .name = table.names[i], .flags = 2, .release = release_schema};
  }
  *out = (struct ArrowSchema){.format = "+s",
                              .name = "",
                              .n_children = table.columns,
                              .children = table.schema_children,
                              .release = release_schema};
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  memset(out, 0, sizeof *out);
  if (table.given == table.batches)
    return 0;
  batch *next = table.all[table.given++];
  for (int i = 0; i < table.columns; i++) {
    column *of = &next->columns[i];
    of->buffers[0] = of->valid, of->buffers[1] = of->ends, of->buffers[2] = of->bytes;
    next->arrays[i] = (struct ArrowArray){.length = next->rows,
                                          .null_count = -1,
                                          .n_buffers = 3,
                                          .buffers = of->buffers,
                                          .release = release_child};
    next->children[i] = &next->arrays[i];
  }
  *out = (struct ArrowArray){.length = next->rows,
                             .n_buffers = 1,
                             .n_children = table.columns,
                             .buffers = next->none,
                             .children = next->children,
                             .release = release_batch,
                             .private_data = next};
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
  must(count == 3, "usage: bulk_arrow FILE DATABASE");
  read_file(arguments[1]);
  struct ArrowArrayStream rows = {get_schema, get_next, get_last_error, release_stream, NULL};
  struct ArrowArrayStream outcomes;
  headwater_open_options options = {.struct_size = sizeof options, .flags = HEADWATER_OPEN_CREATE};
  headwater_bulk_options bulk = {.struct_size = sizeof bulk, .flags = HEADWATER_BULK_KEEP_NULLS};
  headwater_workspace *workspace = NULL;
  headwater_document *report = NULL;
  bulk.record_type = headwater_text("contact"), bulk.match_by = headwater_text("primary_email");
  must(headwater_workspace_open(headwater_text(arguments[2]), &options, &workspace, NULL) == 0,
       "the workspace cannot be opened");
  const double start = now();
  must(headwater_bulk_arrow(workspace, &bulk, &rows, &outcomes, &report, NULL) == 0,
       "the rows cannot be applied");
  must(headwater_workspace_close(workspace, NULL) == 0, "the workspace cannot be closed");
  const double seconds = now() - start;
  outcomes.release(&outcomes);
  printf("{\"seconds\": %.6f, \"report\": %s}\n", seconds,
         (const char *)headwater_document_text(report).ptr);
  headwater_document_free(report);
  headwater_workspace_free(workspace);
  return 0;
}
