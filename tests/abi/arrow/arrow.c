/* A connector that gives Arrow by hand: two batches of three rows, with nested columns and nulls.
 * The configuration {"case": "..."} says what nulls mean, or what is wrong with the second batch.
 */
#include "headwater_connector.h"
#include <stdlib.h>
#include <string.h>

/* As https://arrow.apache.org/docs/format/CDataInterface.html has them. */
#define ARROW_FLAG_NULLABLE 2
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

enum { NAME, DOMAINS, DESCRIPTION, ADDRESS, REVENUE, COLUMNS };
enum { ITEM = COLUMNS, CITY, COUNTRY, NODES };
#define ROWS 3
#define DEEP 100

/* What was made, what was released, and what was released that already was. */
static int made, released, released_again;
#if defined(__GNUC__)
#define VISIBLE __attribute__((visibility("default")))
#else
#define VISIBLE
#endif
VISIBLE int arrow_made(void);
VISIBLE int arrow_released(void);
VISIBLE int arrow_released_again(void);
int arrow_made(void) { return made; }
int arrow_released(void) { return released; }
int arrow_released_again(void) { return released_again; }

/* All that one batch owns; it stays when it is released, so that a second release is seen. */
typedef struct {
  struct ArrowSchema schemas[NODES], *schema_children[COLUMNS], *item_schema, *part_schemas[2];
  struct ArrowSchema deep[DEEP], *deep_children[DEEP];
  struct ArrowArray arrays[NODES], *array_children[COLUMNS], *item_array, *part_arrays[2];
  const void *buffers[NODES][3], *root_buffers[1];
  int32_t name_ends[ROWS + 1], list_ends[ROWS + 1], item_ends[5], description_ends[ROWS + 1];
  int32_t city_ends[ROWS + 1], country_ends[ROWS + 1];
  char names[16], items[40], descriptions[16], cities[8], countries[8];
  uint8_t description_valid, address_valid, city_valid, revenue_valid, root_valid;
  _Alignas(16) int64_t revenues[2 * ROWS];
  int array_is_released, schema_is_released;
} owned;

typedef struct {
  char what[64];
  headwater_stream_info info;
  headwater_field fields[COLUMNS];
} source;

typedef struct {
  const source *source;
  int at;
  uint64_t positions[ROWS];
  struct ArrowArray array;
  struct ArrowSchema schema;
} stream;

static headwater_str str(const char *s) { return (headwater_str){(const uint8_t *)s, strlen(s)}; }
static int is(const source *s, const char *what) { return strcmp(s->what, what) == 0; }

static void release_array(struct ArrowArray *array) {
  owned *o = array->private_data;
  released_again += o->array_is_released;
  o->array_is_released = 1;
  released++;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  owned *o = schema->private_data;
  released_again += o->schema_is_released;
  o->schema_is_released = 1;
  released++;
  schema->release = NULL;
}

static void release_child_array(struct ArrowArray *array) { array->release = NULL; }
static void release_child_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void column(owned *o, int node, const char *name, const char *format, int64_t length,
                   int64_t nulls, int64_t n_buffers) {
  o->schemas[node] = (struct ArrowSchema){.format = format,
                                          .name = name,
                                          .flags = ARROW_FLAG_NULLABLE,
                                          .release = release_child_schema};
  o->arrays[node] = (struct ArrowArray){.length = length,
                                        .null_count = nulls,
                                        .n_buffers = n_buffers,
                                        .buffers = o->buffers[node],
                                        .release = release_child_array};
}

static void text(owned *o, int node, int32_t *ends, char *bytes, const char *const *cells,
                 int count) {
  int32_t end = 0;
  ends[0] = 0;
  for (int i = 0; i < count; i++) {
    memcpy(bytes + end, cells[i], strlen(cells[i]));
    end += (int32_t)strlen(cells[i]);
    ends[i + 1] = end;
  }
  o->buffers[node][1] = ends;
  o->buffers[node][2] = bytes;
}

/* Fills a batch; without nulls where the configuration says full. */
static owned *fill(const source *by, int batch) {
  owned *o = calloc(1, sizeof *o);
  int full = is(by, "full");
  column(o, NAME, "name", "u", ROWS, 0, 3);
  column(o, DOMAINS, "domains", "+l", ROWS, 0, 2);
  column(o, DESCRIPTION, "description", "u", ROWS, full ? 0 : 1, 3);
  column(o, ADDRESS, "address", "+s", ROWS, 1, 1);
  column(o, REVENUE, "revenue", "d:20,2", ROWS, 1, 2);
  column(o, ITEM, "item", "u", 4, 0, 3);
  column(o, CITY, "city", "u", ROWS, -1, 3);
  column(o, COUNTRY, "country", "u", ROWS, 0, 3);

  text(o, NAME, o->name_ends, o->names, (const char *const[]){"Acme", "Bolt", "Cr\xc3\xbcx"}, ROWS);
  text(o, ITEM, o->item_ends, o->items,
       (const char *const[]){"acme.com", "acme.org", "bolt.io", "crux.dev"}, 4);
  text(o, DESCRIPTION, o->description_ends, o->descriptions,
       (const char *const[]){"one", "two", "three"}, ROWS);
  text(o, CITY, o->city_ends, o->cities, (const char *const[]){"Rome", "", "x"}, ROWS);
  text(o, COUNTRY, o->country_ends, o->countries, (const char *const[]){"IT", "FR", "y"}, ROWS);
  for (int i = 0; i < 4; i++) /* other domains in every batch */
    o->items[o->item_ends[i]] = (char)(o->items[o->item_ends[i]] + batch);
  memcpy(o->list_ends, (const int32_t[]){0, 2, 3, 4}, sizeof o->list_ends);
  o->buffers[DOMAINS][1] = o->list_ends;
  memcpy(o->revenues, (const int64_t[]){123450, 0, -1, -1, -5, -1}, sizeof o->revenues);
  o->buffers[REVENUE][1] = o->revenues;
  o->description_valid = full ? 7 : 5, o->buffers[DESCRIPTION][0] = &o->description_valid;
  o->address_valid = 3, o->buffers[ADDRESS][0] = &o->address_valid;
  o->city_valid = 1, o->buffers[CITY][0] = &o->city_valid;
  o->revenue_valid = 5, o->buffers[REVENUE][0] = &o->revenue_valid;

  for (int i = 0; i < COLUMNS; i++)
    o->schema_children[i] = &o->schemas[i], o->array_children[i] = &o->arrays[i];
  o->item_schema = &o->schemas[ITEM], o->item_array = &o->arrays[ITEM];
  o->schemas[DOMAINS].n_children = o->arrays[DOMAINS].n_children = 1;
  o->schemas[DOMAINS].children = &o->item_schema, o->arrays[DOMAINS].children = &o->item_array;
  for (int i = 0; i < 2; i++)
    o->part_schemas[i] = &o->schemas[CITY + i], o->part_arrays[i] = &o->arrays[CITY + i];
  o->schemas[ADDRESS].n_children = o->arrays[ADDRESS].n_children = 2;
  o->schemas[ADDRESS].children = o->part_schemas, o->arrays[ADDRESS].children = o->part_arrays;
  return o;
}

static void nest(owned *o) {
  for (int i = 0; i < DEEP; i++) {
    o->deep[i] = (struct ArrowSchema){.format = i + 1 < DEEP ? "+l" : "u",
                                      .n_children = i + 1 < DEEP,
                                      .children = &o->deep_children[i],
                                      .release = release_child_schema};
    o->deep_children[i] = &o->deep[i + 1 < DEEP ? i + 1 : i];
  }
  o->schema_children[NAME] = &o->deep[0];
}

/* What can be wrong inside of the two structs. */
static void spoil(owned *o, stream *s) {
  const source *by = s->source;
  if (is(by, "few buffers"))
    o->arrays[NAME].n_buffers = 2;
  if (is(by, "many buffers"))
    o->arrays[NAME].n_buffers = INT64_MAX;
  if (is(by, "NULL buffers"))
    o->arrays[NAME].buffers = NULL;
  if (is(by, "NULL buffer"))
    o->buffers[REVENUE][1] = NULL;
  if (is(by, "NULL text"))
    o->buffers[NAME][2] = NULL;
  if (is(by, "NULL offsets"))
    o->buffers[NAME][1] = NULL;
  if (is(by, "crooked offsets"))
    o->buffers[NAME][1] = (char *)o->name_ends + 1;
  if (is(by, "not UTF-8"))
    o->names[0] = '\xff';
  if (is(by, "cut character"))
    o->name_ends[2] = 11;
  if (is(by, "falling offsets"))
    o->name_ends[1] = 9;
  if (is(by, "negative offset"))
    o->name_ends[0] = -4;
  if (is(by, "negative end"))
    o->name_ends[ROWS] = -1;
  if (is(by, "list past its end"))
    o->list_ends[ROWS] = 99;
  if (is(by, "short child"))
    o->arrays[COUNTRY].length = 2;
  if (is(by, "negative length"))
    o->arrays[NAME].length = -1;
  if (is(by, "endless length"))
    s->array.length = INT64_MAX, s->array.offset = INT64_MAX;
  if (is(by, "wrong null count"))
    o->arrays[DESCRIPTION].null_count = 2;
  if (is(by, "nulls without bits"))
    o->buffers[DESCRIPTION][0] = NULL;
  if (is(by, "null rows"))
    o->root_valid = 5, o->root_buffers[0] = &o->root_valid, s->array.null_count = 1;
  if (is(by, "few children"))
    s->array.n_children = COLUMNS - 1;
  if (is(by, "NULL child"))
    o->array_children[ADDRESS] = NULL;
  if (is(by, "NULL schema child"))
    o->schema_children[ADDRESS] = NULL;
  if (is(by, "released child"))
    release_child_array(&o->arrays[ADDRESS]);
  if (is(by, "released schema child"))
    release_child_schema(&o->schemas[CITY]);
  if (is(by, "many fields"))
    s->schema.n_children = INT64_MAX;
  if (is(by, "childless list"))
    o->schemas[DOMAINS].n_children = 0;
  if (is(by, "dictionary"))
    o->arrays[NAME].dictionary = &o->arrays[ITEM];
  if (is(by, "dictionary of text"))
    o->schemas[NAME].dictionary = &o->schemas[ITEM];
  if (is(by, "deep"))
    nest(o);
  if (is(by, "no struct"))
    s->schema.format = "+l", s->schema.n_children = 1;
  if (is(by, "NULL format"))
    o->schemas[NAME].format = NULL;
  if (is(by, "unknown format"))
    o->schemas[NAME].format = "?";
  if (is(by, "negative size"))
    o->schemas[NAME].format = "w:-5";
  if (is(by, "name not UTF-8"))
    o->schemas[NAME].name = "\xff";
  if (is(by, "two names"))
    o->schemas[DESCRIPTION].name = "name";
  if (is(by, "other type"))
    o->schemas[REVENUE].format = "l";
  if (is(by, "other name"))
    o->schemas[NAME].name = "title";
  if (is(by, "one column more"))
    s->schema.n_children = s->array.n_children = COLUMNS - 1;
}

static int32_t arrow_describe(const headwater_call *call, headwater_description *out) {
  (void)call;
  out->name = str("arrow");
  out->version = str("1.0.0");
  out->config_schema = str("{\"type\":\"object\"}");
  return HEADWATER_OK;
}

static int32_t arrow_open(const headwater_call *call, headwater_str config, void **out) {
  (void)call;
  source *s = calloc(1, sizeof *s);
  const char *start = config.len > 9 ? (const char *)config.ptr + 9 : ""; /* {"case":"... */
  for (size_t i = 0; i + 1 < sizeof s->what && start[i] != '"' && start[i] != '\0'; i++)
    s->what[i] = start[i];
  *out = s;
  return HEADWATER_OK;
}

static int32_t arrow_check(const headwater_call *call, void *handle, headwater_discovery *out) {
  static const char *const names[] = {"name", "domains", "description", "address", "revenue"};
  source *s = handle;
  (void)call;
  for (int i = 0; i < COLUMNS; i++)
    s->fields[i] = (headwater_field){sizeof s->fields[i], str(names[i]), str(""), 0};
  s->info = (headwater_stream_info){.struct_size = sizeof s->info,
                                    .name = str("accounts"),
                                    .flags = HEADWATER_STREAM_FIELDS_COMPLETE,
                                    .fields = s->fields,
                                    .field_count = COLUMNS,
                                    .position_unit = str("row")};
  out->streams = &s->info;
  out->stream_count = 1;
  return HEADWATER_OK;
}

static int32_t arrow_read(const headwater_call *call, void *handle,
                          const headwater_request *request, void **out) {
  (void)call;
  if (!(request->payload_kinds & (1 << HEADWATER_PAYLOAD_ARROW)))
    return HEADWATER_E_INTERNAL_ERROR;
  stream *s = calloc(1, sizeof *s);
  s->source = handle;
  if (request->checkpoint.len == 1)
    s->at = request->checkpoint.ptr[0] - '0';
  *out = s;
  return HEADWATER_OK;
}

/* What was not moved out is still ours. */
static void release(stream *s) {
  if (s->array.release)
    s->array.release(&s->array);
  if (s->schema.release)
    s->schema.release(&s->schema);
}

static int32_t arrow_next(const headwater_call *call, void *handle, headwater_batch *out) {
  static const char *const checkpoints[] = {"1", "2"};
  stream *s = handle;
  (void)call;
  release(s);
  if (s->at == 2)
    return HEADWATER_DONE;
  owned *o = fill(s->source, s->at);
  s->array = (struct ArrowArray){.length = ROWS,
                                 .n_buffers = 1,
                                 .n_children = COLUMNS,
                                 .buffers = o->root_buffers,
                                 .children = o->array_children,
                                 .release = release_array,
                                 .private_data = o};
  s->schema = (struct ArrowSchema){.format = "+s",
                                   .n_children = COLUMNS,
                                   .children = o->schema_children,
                                   .release = release_schema,
                                   .private_data = o};
  made += 2;
  out->payload_kind = HEADWATER_PAYLOAD_ARROW;
  out->null_means = is(s->source, "absent") ? HEADWATER_NULL_IS_ABSENT : HEADWATER_NULL_IS_NULL;
  out->arrow_array = &s->array;
  out->arrow_schema = &s->schema;
  out->record_count = ROWS;
  for (int i = 0; i < ROWS; i++)
    s->positions[i] = (uint64_t)(s->at * ROWS + i + 1);
  out->positions = s->positions;
  out->checkpoint = str(checkpoints[s->at]);
  if (s->at++ == 0)
    return HEADWATER_OK;
  spoil(o, s);
  if (is(s->source, "more rows"))
    out->record_count = ROWS + 1;
  if (is(s->source, "null_means 0"))
    out->null_means = 0;
  if (is(s->source, "NULL array"))
    out->arrow_array = NULL;
  if (is(s->source, "NULL schema"))
    out->arrow_schema = NULL;
  if (is(s->source, "crooked array"))
    out->arrow_array = (char *)&s->array + 1;
  if (is(s->source, "released array"))
    s->array.release(&s->array);
  if (is(s->source, "NULL checkpoint"))
    out->checkpoint = (headwater_str){NULL, 9};
  return HEADWATER_OK;
}

static void arrow_close_stream(void *handle) {
  if (handle)
    release(handle);
  free(handle);
}

VISIBLE const headwater_connector *headwater_connector_v1(void);
const headwater_connector *headwater_connector_v1(void) {
  static const headwater_connector table = {sizeof table,
                                            HEADWATER_CONNECTOR_ABI_MAJOR,
                                            HEADWATER_CONNECTOR_ABI_MINOR,
                                            arrow_describe,
                                            arrow_open,
                                            arrow_check,
                                            arrow_read,
                                            arrow_next,
                                            arrow_close_stream,
                                            free};
  return &table;
}
