/* A panic while an object is used: later calls on it are refused, others go on, freeing works. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#define INSIDE "HEADWATER_PLANTED_PANIC_INSIDE"

static void expect(int32_t status, headwater_error *error, int32_t wanted, const char *text) {
  headwater_str message = headwater_error_message(error);
  char copy[512] = "";
  if (message.ptr != NULL)
    memcpy(copy, message.ptr, message.len < 511 ? message.len : 511);
  if (status != wanted || strstr(copy, text) == NULL)
    complain(copy, status);
  headwater_error_free(error);
}

static int32_t schema(headwater_workspace *of, headwater_error **error) {
  headwater_document *made = NULL;
  int32_t status = headwater_schema_list(of, &made, error);
  headwater_document_free(made);
  return status;
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  open_all(arguments[1]);
  headwater_workspace *other = NULL;
  headwater_query *second = NULL;
  headwater_document *page = NULL;
  headwater_error *error = NULL;
  must(headwater_workspace_open(headwater_text(path), NULL, &other, NULL));
  must(headwater_query_open(other, headwater_text("contact"), headwater_text(""), &second, NULL));

  begin("headwater_query_next", "a panic inside");
  setenv(INSIDE, "headwater_query_next", 1);
  int32_t status = headwater_query_next(second, &page, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "planted");
  unsetenv(INSIDE);
  status = headwater_query_next(second, &page, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "an earlier call panicked");

  begin("headwater_schema_list", "a panic inside");
  setenv(INSIDE, "headwater_schema_list", 1);
  status = schema(workspace, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "planted");
  unsetenv(INSIDE);
  status = schema(workspace, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "an earlier call panicked");
  status = schema(other, &error);
  expect(status, error, HEADWATER_OK, "");

  begin("headwater_sync_run", "a panic inside");
  setenv(INSIDE, "headwater_sync_run", 1);
  status = headwater_sync_run(sync, &page, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "planted");
  unsetenv(INSIDE);
  status = headwater_sync_run(sync, &page, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "an earlier call panicked");

  headwater_query_free(second);
  headwater_workspace_free(other);
  return end();
}
