/* Rows in bulk: JSON Lines and hand-made Arrow in, outcomes out, streams that fail or are wrong. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

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

/* What is wrong with the arrays of the made stream. */
enum wrong {
  NOTHING,
  OFFSETS_GO_BACK,
  BAD_TEXT,
  COLUMN_OF_LENGTH_MINUS_ONE,
  LAST_OFFSET_MINUS_ONE,
  A_CHILD_TOO_FEW,
  A_BUFFER_TOO_FEW,
  NO_BUFFERS,
  NO_CHILDREN,
  A_NULL_CHILD,
  A_NULL_ROW
};
/* What the made stream does, and how often it was released. */
static int batches, fails, released;
/* The field that the last error named. */
static char field[40];
static enum wrong wrong;

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static struct ArrowSchema columns[2], *children[2] = {&columns[0], &columns[1]};
  static const char *const names[2] = {"primary_email", "title"};
  (void)stream;
  for (int i = 0; i < 2; i++)
    columns[i] = (struct ArrowSchema){
        .format = "u", .name = names[i], .flags = 2, .release = release_schema};
  *out = (struct ArrowSchema){
      .format = "+s", .name = "", .n_children = 2, .children = children, .release = release_schema};
  return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static const int32_t emails[4] = {0, 9, 18, 20}, back[4] = {0, 9, 4, 20},
                       negative[4] = {0, 9, 18, -1}, titles[4] = {0, 3, 3, 6};
  static const uint8_t valid[1] = {5}; /* the second title is null */
  static const void *buffers[2][3], *validity[1];
  static struct ArrowArray columns[2], *children[2];
  (void)stream;
  if (fails)
    return 5;
  if (batches-- <= 0) {
    memset(out, 0, sizeof *out);
    return 0;
  }
  validity[0] = wrong == A_NULL_ROW ? valid : NULL;
  buffers[0][1] = wrong == OFFSETS_GO_BACK         ? back
                  : wrong == LAST_OFFSET_MINUS_ONE ? negative
                                                   : emails;
  buffers[0][2] = wrong == BAD_TEXT ? "a@acme.\xff\xff"
                                      "b@acme.comno"
                                    : "a@acme.cob@acme.cono";
  buffers[1][0] = valid, buffers[1][1] = titles, buffers[1][2] = "CEOCFO";
  for (int i = 0; i < 2; i++) {
    columns[i] = (struct ArrowArray){.length = 3,
                                     .null_count = i,
                                     .n_buffers = 3,
                                     .buffers = buffers[i],
                                     .release = release_array};
    children[i] = &columns[i];
  }
  if (wrong == COLUMN_OF_LENGTH_MINUS_ONE)
    columns[0].length = -1;
  if (wrong == A_BUFFER_TOO_FEW)
    columns[0].n_buffers = 2;
  if (wrong == NO_BUFFERS)
    columns[0].buffers = NULL;
  if (wrong == A_NULL_CHILD)
    children[1] = NULL;
  *out = (struct ArrowArray){.length = 3,
                             .null_count = wrong == A_NULL_ROW,
                             .n_buffers = 1,
                             .n_children = wrong == A_CHILD_TOO_FEW ? 1 : 2,
                             .buffers = validity,
                             .children = wrong == NO_CHILDREN ? NULL : children,
                             .release = release_array};
  return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the line is dead";
}

static void release_stream(struct ArrowArrayStream *stream) {
  released++;
  stream->release = NULL;
}

static struct ArrowArrayStream stream_of(int count) {
  batches = count, fails = released = 0, wrong = NOTHING;
  return (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, NULL};
}

static headwater_bulk_options contacts(void) {
  headwater_bulk_options options = {.struct_size = sizeof options};
  options.record_type = headwater_text("contact");
  options.match_by = headwater_text("primary_email");
  return options;
}

static void lines(void) {
  headwater_bulk_options options = contacts();
  headwater_document *outcomes = NULL, *report = NULL;
  begin("headwater_bulk_lines", "two good rows and a bad one");
  must(
      headwater_bulk_lines(workspace, &options,
                           headwater_text("{\"primary_email\": \"x@acme.com\"}\n"
                                          "{\"primary_email\": 7}\n"
                                          "{\"primary_email\": \"y@acme.com\", \"title\": null}\n"),
                           &outcomes, &report, NULL));
  const char *text = (const char *)headwater_document_text(outcomes).ptr;
  if (strstr(text, "{\"row\":1,\"error\":{\"code\":\"field_value_invalid\"") == NULL ||
      strstr(text, "{\"row\":2,\"action\":\"created\",\"id\":\"") == NULL)
    complain(text, 0);
  text = (const char *)headwater_document_text(report).ptr;
  if (strstr(text, "\"read\":3,\"created\":2") == NULL)
    complain(text, 0);
  headwater_document_free(outcomes);
  headwater_document_free(report);
}

/* Rows find their columns as those of a frame: by id, by any spelling, and by the name that was
 * said. */
static void lines_by_id(void) {
  headwater_bulk_options options = contacts();
  headwater_document *outcomes = NULL, *report = NULL;
  begin("headwater_bulk_lines", "a row by id");
  must(headwater_bulk_lines(workspace, &options,
                            headwater_text("{\"Primary Email\": \"id@acme.com\"}"), &outcomes,
                            &report, NULL));
  const char *id = strstr((const char *)headwater_document_text(outcomes).ptr, "\"id\":\"");
  if (id == NULL)
    complain("no row was created", 0);
  char row[200] = "";
  if (id != NULL)
    snprintf(row, sizeof row, "{\"id\": \"%.36s\", \"Town\": \"Oslo\"}", id + 6);
  headwater_document_free(outcomes);
  headwater_document_free(report);
  options.mode = HEADWATER_BULK_UPDATE;
  options.match_by = headwater_text("id");
  options.columns = headwater_text("{\"Town\": {\"attribute\": \"address.city\"}}");
  must(headwater_bulk_lines(workspace, &options, headwater_text(row), &outcomes, &report, NULL));
  const char *text = (const char *)headwater_document_text(report).ptr;
  if (strstr(text, "\"updated\":1") == NULL)
    complain(text, 0);
  headwater_document_free(outcomes);
  headwater_document_free(report);
}

/* Applies the stream; gives the status and checks that it was released once. */
static int32_t apply(struct ArrowArrayStream rows, const headwater_bulk_options *options,
                     struct ArrowArrayStream *outcomes, headwater_document **report,
                     headwater_error **error) {
  int32_t status = headwater_bulk_arrow(workspace, options, &rows, outcomes, report, error);
  if (released != 1 || rows.release != NULL)
    complain("the stream was not released once", status);
  return status;
}

static void arrow(void) {
  headwater_bulk_options options = contacts();
  struct ArrowArrayStream outcomes;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  headwater_document *report = NULL;
  begin("headwater_bulk_arrow", "two batches");
  must(apply(stream_of(2), &options, &outcomes, &report, NULL));
  const char *text = (const char *)headwater_document_text(report).ptr;
  if (strstr(text, "\"read\":6,\"created\":2") == NULL || strstr(text, "\"rejected\":2") == NULL)
    complain(text, 0);
  headwater_document_free(report);
  if (outcomes.get_schema(&outcomes, &schema) != 0 || schema.n_children != 8 ||
      strcmp(schema.children[1]->name, "action") != 0)
    complain("the outcomes have other columns", 0);
  schema.release(&schema);
  if (outcomes.get_next(&outcomes, &batch) != 0 || batch.length != 6 ||
      memcmp(batch.children[1]->buffers[2], "createdcreatedrejected", 22) != 0 ||
      ((const uint64_t *)batch.children[0]->buffers[1])[5] != 5)
    complain("the outcomes are others", 0);
  batch.release(&batch);
  if (outcomes.get_next(&outcomes, &batch) != 0 || batch.release != NULL)
    complain("the outcomes do not end", 0);
  outcomes.release(&outcomes);
}

/* Where the work began there are outcomes and a report, whatever came of it. */
static void expect(const char *what, struct ArrowArrayStream rows,
                   const headwater_bulk_options *options, int32_t wanted, int has_begun) {
  struct ArrowArrayStream outcomes;
  headwater_document *report = NULL;
  headwater_error *error = NULL;
  begin("headwater_bulk_arrow", what);
  int32_t status = apply(rows, options, &outcomes, &report, &error);
  if (status != wanted)
    complain(message_of(error), status);
  headwater_str named = headwater_error_field(error);
  snprintf(field, sizeof field, "%.*s", (int)named.len, (const char *)named.ptr);
  if ((outcomes.release != NULL) != has_begun || (report != NULL) != has_begun)
    complain("outcomes and report are both there where the work began, and else neither", status);
  if (outcomes.release != NULL)
    outcomes.release(&outcomes);
  headwater_document_free(report);
  headwater_error_free(error);
}

static void wrong_arrays(const headwater_bulk_options *options) {
  static const struct {
    enum wrong wrong;
    const char *what, *field;
  } all[] = {{OFFSETS_GO_BACK, "offsets that go back", "primary_email"},
             {BAD_TEXT, "text that is not UTF-8", "primary_email"},
             {COLUMN_OF_LENGTH_MINUS_ONE, "a column of length -1", "primary_email"},
             {LAST_OFFSET_MINUS_ONE, "a last offset of -1", "primary_email"},
             {A_CHILD_TOO_FEW, "a child too few", "rows"},
             {A_BUFFER_TOO_FEW, "a buffer too few", "primary_email"},
             {NO_BUFFERS, "buffers that are NULL", "primary_email"},
             {NO_CHILDREN, "children that are NULL", "rows"},
             {A_NULL_CHILD, "a child that is NULL", "rows"},
             {A_NULL_ROW, "a null row", "rows"}};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    struct ArrowArrayStream rows = stream_of(1);
    wrong = all[i].wrong;
    expect(all[i].what, rows, options, HEADWATER_E_SOURCE_DATA_INVALID, 1);
    if (strcmp(field, all[i].field) != 0)
      complain(field, 0);
  }
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  open_all(arguments[1]);
  lines();
  lines_by_id();
  arrow();
  headwater_bulk_options options = contacts();
  struct ArrowArrayStream rows = stream_of(1);
  fails = 1;
  expect("a stream that fails", rows, &options, HEADWATER_E_SOURCE_DATA_INVALID, 1);
  wrong_arrays(&options);
  rows = stream_of(1);
  expect("no options", rows, NULL, HEADWATER_E_INVALID_REQUEST, 0);
  rows = stream_of(1), rows.get_next = NULL;
  expect("no functions", rows, &options, HEADWATER_E_SOURCE_DATA_INVALID, 0);
  options.mode = 9, rows = stream_of(1);
  expect("no such mode", rows, &options, HEADWATER_E_INVALID_REQUEST, 0);
  options = contacts(), options.reserved = 1, rows = stream_of(1);
  expect("what is reserved", rows, &options, HEADWATER_E_INVALID_REQUEST, 0);
  options = contacts(), options.columns = headwater_text("{\"title\": \"keep\"}");
  rows = stream_of(1);
  expect("columns of another shape", rows, &options, HEADWATER_E_INVALID_REQUEST, 0);
  options.columns =
      headwater_text("{\"title\": {\"attribute\": \"department\", \"null\": \"keep\"}}");
  rows = stream_of(1);
  expect("a renamed column", rows, &options, HEADWATER_OK, 1);
  options = contacts(), options.flags = HEADWATER_BULK_ALL_OR_NOTHING, rows = stream_of(1);
  expect("all or nothing", rows, &options, HEADWATER_E_FIELD_VALUE_INVALID, 1);
  return end();
}
