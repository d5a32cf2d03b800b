/* A panic while an object is used: later calls on it are refused, others go on, freeing works. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSIDE "HEADWATER_PLANTED_PANIC_INSIDE"

static void expect(int32_t status, headwater_error *error, int32_t wanted, const char *text) {
  if (status != wanted || strstr(message_of(error), text) == NULL)
    complain(message_of(error), status);
  headwater_error_free(error);
}

static int32_t schema(headwater_workspace *of, headwater_error **error) {
  headwater_document *made = NULL;
  int32_t status = headwater_schema_list(of, &made, error);
  headwater_document_free(made);
  return status;
}

/* Bytes that came to stderr since `quiet_from` put a file in its place. */
static int quiet_from(const char *folder) {
  char name[512];
  const int kept = dup(2);
  snprintf(name, sizeof name, "%s/stderr", folder);
  const int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (kept < 0 || file < 0 || dup2(file, 2) < 0)
    abort();
  close(file);
  return kept;
}

static long quiet_until(int kept) {
  struct stat now;
  if (fstat(2, &now) != 0 || dup2(kept, 2) < 0)
    abort();
  close(kept);
  return (long)now.st_size;
}

/* On the thread that reads the rows: the call has its text, and no object is closed by it. */
static void panic_of_a_thread(const char *folder) {
  headwater_bulk_options options = {.struct_size = sizeof options};
  headwater_document *outcomes = NULL, *report = NULL;
  headwater_error *error = NULL;
  options.record_type = headwater_text("contact");
  options.match_by = headwater_text("primary_email");
  begin("headwater_bulk_lines", "a panic on another thread");
  setenv(INSIDE, "rows", 1);
  const int kept = quiet_from(folder);
  int32_t status = headwater_bulk_lines(workspace, &options,
                                        headwater_text("{\"primary_email\": \"a@acme.com\"}\n"),
                                        &outcomes, &report, &error);
  const long said = quiet_until(kept);
  unsetenv(INSIDE);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "planted");
  if (said != 0)
    complain("bytes came to stderr", (int32_t)said);
  status = schema(workspace, &error);
  expect(status, error, HEADWATER_OK, "");
  headwater_document_free(outcomes);
  headwater_document_free(report);
}

/* While a query uses its workspace: both are closed by it. */
static void panic_in_a_page(void) {
  headwater_workspace *used = NULL;
  headwater_query *records = NULL;
  headwater_document *page = NULL;
  headwater_error *error = NULL;
  must(headwater_workspace_open(headwater_text(path), NULL, &used, NULL));
  must(headwater_query_open(used, headwater_text("contact"), headwater_text(""), &records, NULL));
  begin("headwater_query_next", "a panic while it uses its workspace");
  setenv(INSIDE, "page", 1);
  int32_t status = headwater_query_next(records, &page, &error);
  unsetenv(INSIDE);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "planted");
  status = schema(used, &error);
  expect(status, error, HEADWATER_E_INTERNAL_ERROR, "an earlier call panicked");
  headwater_query_free(records);
  headwater_workspace_free(used);
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

  panic_of_a_thread(arguments[1]);
  panic_in_a_page();

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
