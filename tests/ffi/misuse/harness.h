/* What the generated calls of the misuse tests stand on. */
#ifndef MISUSE_HARNESS_H
#define MISUSE_HARNESS_H

#include "headwater.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static headwater_workspace *workspace;
static headwater_query *query;
static headwater_sync *sync;
static headwater_connectors *connectors;
static headwater_error *an_error;
static headwater_document *a_document;
static char path[512];
static _Atomic int checks, failures;
static _Thread_local const char *function, *variant;

enum { TOGETHER = 4, REPEATS = 10 };

static void begin(const char *function_, const char *variant_) {
  function = function_, variant = variant_, checks++;
}

static void complain(const char *why, int32_t status) {
  fprintf(stderr, "%s, %s: %s (status %d)\n", function, variant, why, status);
  failures++;
}

static int is(headwater_str text, const char *word) {
  return text.ptr != NULL && text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* The message of an error, as a C string that is there until the next call. */
static const char *message_of(const headwater_error *error) {
  static _Thread_local char text[512];
  headwater_str message = headwater_error_message(error);
  size_t length = message.len < sizeof text ? message.len : sizeof text - 1;
  if (length > 0)
    memcpy(text, message.ptr, length);
  text[length] = 0;
  return text;
}

/* Status and error say the same; the error is freed. `field` is who must be at fault, or NULL. */
static void judge(int32_t status, headwater_error *error, int is_refused, const char *field) {
  if (headwater_error_code(error) != (status == HEADWATER_DONE ? HEADWATER_OK : status))
    complain("the error has another code than the status", status);
  if (is_refused && status != HEADWATER_E_INVALID_REQUEST)
    complain("expected invalid_request", status);
  if (is_refused && field != NULL && !is(headwater_error_field(error), field))
    complain("another field is at fault", status);
  headwater_error_free(error);
}

/* A planted panic came out as an error. */
static void panicked(int32_t status, headwater_error *error) {
  if (status != HEADWATER_E_INTERNAL_ERROR || strstr(message_of(error), "planted") == NULL)
    complain("no panic came out", status);
  headwater_error_free(error);
}

static void start(pthread_t *thread, void *(*work)(void *), void *argument) {
  if (pthread_create(thread, NULL, work, argument) != 0)
    abort();
}

/* Does the same on several threads at the same time. */
static void together(void *(*work)(void *)) {
  pthread_t threads[TOGETHER];
  for (int i = 0; i < TOGETHER; i++)
    start(&threads[i], work, NULL);
  for (int i = 0; i < TOGETHER; i++)
    pthread_join(threads[i], NULL);
}

static void must(int32_t status) {
  if (status != HEADWATER_OK)
    abort();
}

static void open_all(const char *folder) {
  static const char job[] = "[source]\nconnector = \"nowhere\"\n[target]\nworkspace = \"job.db\"\n"
                            "[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n";
  headwater_open_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.flags = HEADWATER_OPEN_CREATE;
  snprintf(path, sizeof path, "%s/crm.db", folder);
  must(headwater_workspace_open(headwater_text(path), &options, &workspace, NULL));
  must(
      headwater_query_open(workspace, headwater_text("contact"), headwater_text(""), &query, NULL));
  must(headwater_sync_open(headwater_text(job), headwater_text(folder), NULL, &sync, NULL));
  must(headwater_connectors_open(headwater_text(folder), &connectors, NULL));
  must(headwater_schema_list(workspace, &a_document, NULL));
  if (headwater_record_create(workspace, headwater_text("contact"),
                              headwater_text("{\"a\": 1, \"b\": 2}"), NULL, &an_error) == 0)
    abort();
}

static int end(void) {
  headwater_document_free(a_document);
  headwater_error_free(an_error);
  headwater_connectors_free(connectors);
  headwater_sync_free(sync);
  headwater_query_free(query);
  headwater_workspace_free(workspace);
  printf("%d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}

#endif
