/* Structs of a program that knows more fields than the library; what is made from a workspace that
 * is closed, or freed. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

struct more_options {
  headwater_open_options known;
  uint64_t more;
};

struct more_code {
  headwater_code known;
  uint64_t more[2];
};

static void larger(const char *folder) {
  struct more_options options = {.known = {.struct_size = sizeof options}};
  struct more_code code;
  char other[512];
  headwater_workspace *opened = NULL;

  begin("headwater_workspace_open", "a larger struct, all zero");
  options.known.flags = HEADWATER_OPEN_CREATE;
  snprintf(other, sizeof other, "%s/other.db", folder);
  int32_t status = headwater_workspace_open(headwater_text(other), &options.known, &opened, NULL);
  if (status != HEADWATER_OK)
    complain("refused", status);
  headwater_workspace_free(opened);

  begin("headwater_code_describe", "a larger struct");
  memset(&code, 0xff, sizeof code);
  code.known.struct_size = sizeof code;
  must(headwater_code_describe(HEADWATER_E_STORE_BUSY, &code.known, NULL));
  if (code.known.number != HEADWATER_E_STORE_BUSY || code.known.reserved != 0 ||
      code.known.struct_size != sizeof code || code.more[0] != 0 || code.more[1] != 0)
    complain("what the library does not know is not zero", 0);

  begin("headwater_code_describe", "a failure");
  status = headwater_code_describe(12345, &code.known, NULL);
  if (status != HEADWATER_E_INVALID_REQUEST || code.known.number != 0 ||
      code.known.name.ptr != NULL || code.known.struct_size != sizeof code)
    complain("the failed struct is not zero", status);
}

static void refused(int32_t status, headwater_error *error) {
  if (status != HEADWATER_E_INVALID_REQUEST || !is(headwater_error_field(error), "workspace"))
    complain("expected the workspace to be refused", status);
  headwater_error_free(error);
}

/* A query and a sync are there still, and are refused. */
static void after(const char *folder, const char *how, int is_freed) {
  headwater_sync_options options = {.struct_size = sizeof options};
  headwater_workspace *one = NULL;
  headwater_query *records = NULL;
  headwater_sync *job = NULL;
  headwater_document *page = NULL;
  headwater_error *error = NULL;
  char text[1024];
  must(headwater_workspace_open(headwater_text(path), NULL, &one, NULL));
  must(headwater_query_open(one, headwater_text("contact"), headwater_text(""), &records, NULL));
  snprintf(text, sizeof text,
           "[source]\nconnector = \"nowhere\"\n[target]\nworkspace = \"job.db\"\n"
           "[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n");
  options.workspace = one;
  must(headwater_sync_open(headwater_text(text), headwater_text(folder), &options, &job, NULL));
  if (is_freed)
    headwater_workspace_free(one);
  else
    must(headwater_workspace_close(one, NULL));
  begin("headwater_query_next", how);
  int32_t status = headwater_query_next(records, &page, &error);
  refused(status, error);
  begin("headwater_sync_verify", how);
  status = headwater_sync_verify(job, &page, &error);
  refused(status, error);
  headwater_query_free(records);
  headwater_sync_free(job);
  if (!is_freed)
    headwater_workspace_free(one);
}

/* A local workspace has nothing to verify; a remote one is opened as the job says. */
static void verified(const char *folder) {
  static const struct {
    const char *target, *what;
    int32_t wanted;
  } all[] = {{"job.db\"", "a local workspace", HEADWATER_E_OPERATION_NOT_SUPPORTED},
             {"http://127.0.0.1:9/api/v2\"\nduplicates = \"reject\"",
              "a remote one with a local setting", HEADWATER_E_CONFIG_INVALID}};
  for (int i = 0; i < 2; i++) {
    headwater_sync *job = NULL;
    headwater_document *drifts = NULL;
    headwater_error *error = NULL;
    char text[1024];
    snprintf(text, sizeof text,
             "[source]\nconnector = \"nowhere\"\n[target]\nworkspace = \"%s\n"
             "[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n",
             all[i].target);
    must(headwater_sync_open(headwater_text(text), headwater_text(folder), NULL, &job, NULL));
    begin("headwater_sync_verify", all[i].what);
    int32_t status = headwater_sync_verify(job, &drifts, &error);
    if (status != all[i].wanted)
      complain(message_of(error), status);
    headwater_error_free(error);
    headwater_document_free(drifts);
    headwater_sync_free(job);
  }
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  open_all(arguments[1]);
  larger(arguments[1]);
  after(arguments[1], "after the workspace was closed", 0);
  after(arguments[1], "after the workspace was freed", 1);
  verified(arguments[1]);
  return end();
}
