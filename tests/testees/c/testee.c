/* The testee in C: answers the conformance cases through libheadwater, a JSON object a line. */
#define _POSIX_C_SOURCE 200809L
#include "headwater.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static headwater_workspace *workspace;
/* The case's folder, and the texts of one request, freed with it. */
static char folder[4096];
static json_value request;
static char *texts[32];
static size_t text_count;
static json_writer answer;

/* What a call gave; at most one of both is not NULL. */
static headwater_document *document;
static headwater_error *error;

static void add(const char *text) { json_add(&answer, text, strlen(text)); }

static void add_str(headwater_str text) { json_add(&answer, (const char *)text.ptr, text.len); }

/* A text, or null where it is absent. */
static void add_text(headwater_str text) {
  if (text.ptr == NULL)
    add("null");
  else
    json_add_text(&answer, (const char *)text.ptr, text.len);
}

static headwater_str bytes(const char *at, size_t length) {
  return (headwater_str){(const uint8_t *)at, length};
}

/* An argument of the request as it stands there, for JSON. */
static headwater_str raw(const char *name) {
  json_value value = json_member(request, name);
  return bytes(value.at, value.length);
}

/* An argument of the request that is text. */
static headwater_str text(const char *name) {
  json_value value = json_member(request, name);
  if (value.at == NULL)
    return bytes(NULL, 0);
  char *copy = malloc(value.length + 1);
  if (copy == NULL || text_count == sizeof texts / sizeof *texts)
    abort();
  texts[text_count++] = copy;
  size_t length = json_text(value, copy);
  copy[length] = '\0';
  return bytes(copy, length);
}

/* An object of those arguments that are given; kept like a text. */
static headwater_str object_of(const char *const *names) {
  json_writer made = {NULL, 0, 0};
  json_add(&made, "{", 1);
  for (; *names != NULL; names++) {
    json_value value = json_member(request, *names);
    if (value.at == NULL)
      continue;
    if (made.length > 1)
      json_add(&made, ",", 1);
    json_add_text(&made, *names, strlen(*names));
    json_add(&made, ":", 1);
    json_add(&made, value.at, value.length);
  }
  json_add(&made, "}", 1);
  texts[text_count++] = made.text;
  return bytes(made.text, made.length);
}

static int is(headwater_str given, const char *word) {
  return given.len == strlen(word) && memcmp(given.ptr, word, given.len) == 0;
}

static void add_fault(const headwater_error *fault) {
  add("{\"code\":");
  add_text(headwater_error_name(fault));
  add(",\"field\":");
  add_text(headwater_error_field(fault));
  add(",\"message\":");
  add_text(headwater_error_message(fault));
}

static void add_error(void) {
  add("{\"error\":");
  add_fault(error);
  add(",\"record\":");
  add_text(headwater_error_record(error));
  add(",\"hint\":");
  add_text(headwater_error_hint(error));
  switch (headwater_error_retry(error)) {
  case HEADWATER_RETRY_NEVER:
    add(",\"retry\":\"never\"");
    break;
  case HEADWATER_RETRY_BACKOFF:
    add(",\"retry\":\"backoff\"");
    break;
  default: {
    char seconds[64];
    snprintf(seconds, sizeof seconds, ",\"retry\":{\"after_seconds\":%g}",
             (double)headwater_error_retry_after_ms(error) / 1000);
    add(seconds);
  }
  }
  size_t related = headwater_error_related_count(error);
  add(",\"details\":{\"errors\":[");
  add_fault(error);
  for (size_t i = 0; i < related; i++) {
    add("},");
    add_fault(headwater_error_related(error, i));
  }
  add("}]}}}");
}

/* Answers with what stands around the document, or with the error. */
static void finish(int32_t status, const char *before, const char *after) {
  if (status != headwater_error_code(error) || (status != HEADWATER_OK && error == NULL)) {
    fprintf(stderr, "the status %d and the error %d differ\n", status, headwater_error_code(error));
    abort();
  }
  if (error != NULL) {
    add_error();
  } else {
    add("{\"ok\":");
    add(before);
    if (document == NULL)
      add("null");
    else
      add_str(headwater_document_text(document));
    add(after);
    add("}");
  }
}

static void finish_data(int32_t status) { finish(status, "{\"data\":", "}"); }

static const char *action_name(int32_t action) {
  /* The wire knows no `unchanged`. */
  return action == HEADWATER_ACTION_CREATED ? "created" : "updated";
}

static void open_at(headwater_str path, json_value settings, int create) {
  headwater_workspace_free(workspace);
  headwater_open_options options = {.struct_size = sizeof options};
  json_value outer = request;
  request = settings;
  headwater_str duplicates = text("duplicates"), history = text("history");
  request = outer;
  options.flags = create ? HEADWATER_OPEN_CREATE : 0;
  if (duplicates.ptr != NULL)
    options.rejects_duplicates =
        is(duplicates, "reject") ? HEADWATER_SETTING_ON : HEADWATER_SETTING_OFF;
  if (history.ptr != NULL)
    options.keeps_history = is(history, "on") ? HEADWATER_SETTING_ON : HEADWATER_SETTING_OFF;
  finish(headwater_workspace_open(path, &options, &workspace, &error), "", "");
}

static void begin(void) {
  char path[4200];
  headwater_str given = text("folder");
  snprintf(folder, sizeof folder, "%s", (const char *)given.ptr);
  snprintf(path, sizeof path, "%s/crm.db", folder);
  open_at(headwater_text(path), json_member(request, "workspace"), 1);
}

static void apply(void) {
  json_writer lines = {NULL, 0, 0};
  json_value list = json_member(request, "operations"), at = {NULL, 0};
  while ((at = json_element(list, at)).at != NULL) {
    json_add(&lines, at.at, at.length);
    json_add(&lines, "\n", 1);
  }
  texts[text_count++] = lines.text;
  headwater_batch_options options = {.struct_size = sizeof options};
  if (is(text("mode"), "all_or_nothing"))
    options.flags |= HEADWATER_BATCH_ALL_OR_NOTHING;
  if (!json_is(json_member(request, "records"), "false"))
    options.flags |= HEADWATER_BATCH_RECORDS;
  int32_t status = headwater_batch_apply(workspace, bytes(lines.text, lines.length), &options,
                                         &document, &error);
  if (error != NULL) {
    finish(status, "", "");
    return;
  }
  add("{\"ok\":{\"outcomes\":[");
  headwater_str outcomes = headwater_document_text(document);
  for (size_t i = 0; i < outcomes.len; i++) {
    const char *byte = (const char *)outcomes.ptr + i;
    if (*byte != '\n')
      json_add(&answer, byte, 1);
    else if (i + 1 < outcomes.len)
      add(",");
  }
  add("]}}");
}

static void seed(void) {
  const char *const names[] = {"record_type", "attributes", "relationships", NULL};
  int32_t status = headwater_workspace_seed(workspace, object_of(names), &document, &error);
  if (error == NULL) {
    headwater_str seeded = headwater_document_text(document);
    json_value outcomes = {(const char *)seeded.ptr, seeded.len};
    json_value first = json_element(json_member(outcomes, "records"), (json_value){NULL, 0});
    char id[64];
    size_t length = json_text(json_member(first, "id"), id);
    headwater_document_free(document);
    status =
        headwater_record_get(workspace, text("record_type"), bytes(id, length), &document, &error);
  }
  finish_data(status);
}

static void query(void) {
  headwater_query *opened = NULL;
  int32_t status =
      headwater_query_open(workspace, text("record_type"), raw("body"), &opened, &error);
  if (status == HEADWATER_OK)
    status = headwater_query_next(opened, &document, &error);
  headwater_query_free(opened);
  finish(status, "", "");
}

static void sync_job(void) {
  headwater_sync *sync = NULL;
  headwater_sync_options options = {.struct_size = sizeof options};
  options.flags = json_is(json_member(request, "full"), "true") ? HEADWATER_SYNC_FULL : 0;
  int32_t status =
      headwater_sync_open(text("job"), headwater_text(folder), &options, &sync, &error);
  if (status == HEADWATER_OK)
    status = headwater_sync_run(sync, &document, &error);
  headwater_sync_free(sync);
  finish(status, "", "");
}

static void keep_state(int is_return) {
  char path[4200];
  snprintf(path, sizeof path, "%s/snapshot.db", folder);
  if (!is_return)
    remove(path);
  finish(is_return ? headwater_workspace_return_to(workspace, headwater_text(path), &error)
                   : headwater_workspace_copy_to(workspace, headwater_text(path), &error),
         "", "");
}

static void asserted(int is_update) {
  int32_t action = 0;
  char before[128], after[64];
  headwater_str type = text("record_type"), match = raw("match"), attributes = raw("attributes");
  int32_t status =
      is_update
          ? headwater_record_update(workspace, type, match, attributes, &action, &document, &error)
          : headwater_record_assert(workspace, type, match, attributes, &action, &document, &error);
  snprintf(after, sizeof after, ",\"meta\":{\"action\":\"%s\"}}", action_name(action));
  headwater_str record = headwater_document_text(document);
  json_value id = json_member((json_value){(const char *)record.ptr, record.len}, "id");
  snprintf(before, sizeof before, "{\"id\":%.*s,\"data\":", (int)id.length, id.at);
  finish(status, before, after);
}

static void add_item(void) {
  int32_t action = 0;
  int32_t status = headwater_item_add(workspace, text("record_type"), text("id"), text("attribute"),
                                      raw("body"), &action, &document, &error);
  finish(status, "{\"data\":",
         action == HEADWATER_ACTION_CREATED ? ",\"is_new\":true}" : ",\"is_new\":false}");
}

static void add_edge(void) {
  int32_t action = 0;
  int32_t status =
      headwater_edge_add(workspace, text("record_type"), text("id"), text("relationship"),
                         raw("body"), &action, &document, &error);
  finish(status, "", "");
  if (error == NULL) {
    answer.length -= 2; /* into the edge itself */
    add(action == HEADWATER_ACTION_CREATED ? ",\"is_new\":true}}" : ",\"is_new\":false}}");
  }
}

static void page_of(int is_history) {
  const char *const names[] = {"limit", "cursor", NULL};
  headwater_str type = text("record_type"), id = text("id"), parameters = object_of(names);
  finish(is_history ? headwater_record_history(workspace, type, id, parameters, &document, &error)
                    : headwater_edge_list(workspace, type, id, text("relationship"), parameters,
                                          &document, &error),
         "", "");
}

static int respond(headwater_str verb) {
  headwater_str type = text("record_type"), id = text("id"), attribute = text("attribute"),
                item = text("item"), relationship = text("relationship"), target = text("target");
  if (is(verb, "begin"))
    begin();
  else if (is(verb, "end")) {
    int32_t status = headwater_workspace_close(workspace, &error);
    headwater_workspace_free(workspace);
    workspace = NULL;
    finish(status, "", "");
  } else if (is(verb, "open"))
    open_at(text("workspace"), request, json_is(json_member(request, "create"), "true"));
  else if (is(verb, "declare"))
    finish(headwater_schema_declare(workspace, raw("body"), &document, &error), "", "");
  else if (is(verb, "seed"))
    seed();
  else if (is(verb, "create"))
    finish_data(headwater_record_create(workspace, type, raw("attributes"), &document, &error));
  else if (is(verb, "get"))
    finish_data(headwater_record_get(workspace, type, id, &document, &error));
  else if (is(verb, "patch"))
    finish_data(headwater_record_patch(workspace, type, id, raw("attributes"), &document, &error));
  else if (is(verb, "archive"))
    finish(headwater_record_archive(workspace, type, id, &error), "", "");
  else if (is(verb, "restore"))
    finish_data(headwater_record_restore(workspace, type, id, &document, &error));
  else if (is(verb, "history") || is(verb, "edges"))
    page_of(is(verb, "history"));
  else if (is(verb, "assert") || is(verb, "update"))
    asserted(is(verb, "update"));
  else if (is(verb, "add_item"))
    add_item();
  else if (is(verb, "update_item"))
    finish_data(headwater_item_update(workspace, type, id, attribute, item, raw("body"), &document,
                                      &error));
  else if (is(verb, "remove_item"))
    finish(headwater_item_remove(workspace, type, id, attribute, item, &error), "", "");
  else if (is(verb, "add_edge"))
    add_edge();
  else if (is(verb, "update_edge"))
    finish(headwater_edge_update(workspace, type, id, relationship, target, raw("body"), &document,
                                 &error),
           "", "");
  else if (is(verb, "remove_edge"))
    finish(headwater_edge_remove(workspace, type, id, relationship, target, &error), "", "");
  else if (is(verb, "apply"))
    apply();
  else if (is(verb, "schema"))
    finish(headwater_schema_get(workspace, type, &document, &error), "", "");
  else if (is(verb, "pipelines"))
    finish(headwater_schema_pipelines(workspace, &document, &error), "", "");
  else if (is(verb, "query"))
    query();
  else if (is(verb, "sync"))
    sync_job();
  else if (is(verb, "snapshot") || is(verb, "reset"))
    keep_state(is(verb, "reset"));
  else
    return 0;
  return 1;
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&line, &room, stdin)) > 0) {
    request = (json_value){line, (size_t)length};
    answer.length = 0;
    headwater_str verb = text("do");
    if (!respond(verb)) {
      add("{\"unsupported\":");
      add_text(verb);
      add("}");
    }
    add("\n");
    fwrite(answer.text, 1, answer.length, stdout);
    fflush(stdout);
    headwater_document_free(document);
    headwater_error_free(error);
    document = NULL;
    error = NULL;
    while (text_count > 0)
      free(texts[--text_count]);
  }
  headwater_workspace_free(workspace);
  free(line);
  free(answer.text);
  return 0;
}
