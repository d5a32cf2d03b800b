/* A remote workspace: how it is reached, what is refused before anything is sent, a sync's estimate
 * and what it delivered. The arguments are a folder, the address of a record API and its key. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <math.h>

static const char *folder, *url, *key;

/* Opens a workspace that must be refused at a field, with a message that does not quote the key. */
static void refused(const char *what, const char *address, headwater_remote_options options,
                    const char *field) {
  headwater_workspace *opened = NULL;
  headwater_error *error = NULL;
  begin("headwater_workspace_open_remote", what);
  options.struct_size = sizeof options;
  int32_t status =
      headwater_workspace_open_remote(headwater_text(address), &options, &opened, &error);
  if (status != HEADWATER_E_CONFIG_INVALID || opened != NULL)
    complain(message_of(error), status);
  if (!is(headwater_error_field(error), field))
    complain("another field is at fault", status);
  if (strstr(message_of(error), "hunter2") != NULL)
    complain("the key is quoted", status);
  headwater_error_free(error);
}

static void all_refused(void) {
  headwater_remote_options none = {.struct_size = 0}, options = none;
  refused("a secret in the address", "https://hunter2@crm.example/api/v2", none, "workspace");
  refused("no address", "https://", none, "workspace");
  options.api_key = headwater_text("hunter2\nhunter2");
  refused("what no key is", url, options, "api_key");
  options.api_key = headwater_text("hunter2");
  refused("a key that others can read", "http://crm.example/api/v2", options, "workspace");
  const double rates[] = {0.01, -1.0, NAN, INFINITY};
  for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
    options = none, options.requests_per_second = rates[i];
    refused("a rate that none can be kept at", url, options, "requests_per_second");
  }
}

static int32_t assert_sarah(const headwater_remote_options *options, headwater_workspace **opened) {
  headwater_document *record = NULL;
  int32_t action = 0;
  must(headwater_workspace_open_remote(headwater_text(url), options, opened, NULL));
  int32_t status = headwater_record_assert(
      *opened, headwater_text("contact"), headwater_text("{\"email\": \"sarah@acme.com\"}"),
      headwater_text("{\"title\": \"CEO\"}"), &action, &record, NULL);
  headwater_document_free(record);
  return status;
}

/* What a call on a sync gives has this text. */
static void gives(const char *name,
                  int32_t (*call)(headwater_sync *, headwater_document **, headwater_error **),
                  headwater_sync *job, const char *text) {
  headwater_document *made = NULL;
  headwater_error *error = NULL;
  begin(name, "with a remote workspace");
  int32_t status = call(job, &made, &error);
  if (status != HEADWATER_OK)
    complain(message_of(error), status);
  else if (strstr((const char *)headwater_document_text(made).ptr, text) == NULL)
    complain((const char *)headwater_document_text(made).ptr, status);
  headwater_document_free(made);
  headwater_error_free(error);
}

static void delivered(const headwater_workspace *remote) {
  char file[600], job[1600];
  headwater_sync_options options = {.struct_size = sizeof options, .workspace = remote};
  headwater_sync *opened = NULL;
  snprintf(file, sizeof file, "%s/rows.jsonl", folder);
  FILE *rows = fopen(file, "w");
  if (rows == NULL)
    abort();
  fputs("{\"primary_email\": \"a@acme.com\"}\n{\"primary_email\": \"b@acme.com\"}\n", rows);
  fclose(rows);
  snprintf(job, sizeof job,
           "[source]\nconnector = \"json\"\nconfig = { path = \"%s\" }\n[target]\n"
           "workspace = \"-\"\n[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n",
           file);
  must(headwater_sync_open(headwater_text(job), headwater_text(folder), &options, &opened, NULL));
  gives("headwater_sync_estimate", headwater_sync_estimate, opened, "\"rows\":2");
  gives("headwater_sync_run", headwater_sync_run, opened, "\"created\":2");
  gives("headwater_sync_estimate", headwater_sync_estimate, opened, "\"unchanged\":2");
  gives("headwater_sync_verify", headwater_sync_verify, opened, "\"drifts\":[{");
  headwater_sync_free(opened);
}

int main(int count, char **arguments) {
  headwater_remote_options options = {.struct_size = sizeof options};
  headwater_workspace *remote = NULL;
  char ledger[600];
  if (count != 4)
    return 2;
  folder = arguments[1], url = arguments[2], key = arguments[3];
  open_all(folder);
  all_refused();

  begin("headwater_workspace_open_remote", "with another key");
  options.api_key = headwater_text("hw_another");
  int32_t status = assert_sarah(&options, &remote);
  if (status != HEADWATER_E_UNAUTHORIZED)
    complain("expected unauthorized", status);
  headwater_workspace_free(remote);

  begin("headwater_workspace_open_remote", "with everything set");
  snprintf(ledger, sizeof ledger, "%s/delivered.db", folder);
  options.api_key = headwater_text(key), options.ledger = headwater_text(ledger);
  options.requests_per_second = 200, options.concurrency = 2, options.patience_ms = 5000;
  status = assert_sarah(&options, &remote);
  if (status != HEADWATER_OK)
    complain("the assert failed", status);
  delivered(remote);
  FILE *file = fopen(ledger, "r");
  if (file == NULL)
    complain("there is no ledger where it was asked for", 0);
  else
    fclose(file);
  headwater_workspace_free(remote);
  return end();
}
