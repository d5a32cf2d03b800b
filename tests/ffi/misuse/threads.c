/* Threads on one workspace, on one query, on one sync that they use and cancel; a close while
 * others work. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

enum { THREADS = 8, CALLS = 40 };

/* Asserts one contact with all others, and one of its own. */
static void *work(void *argument) {
  char match[64];
  int *made = argument;
  for (int i = 0; i < CALLS; i++) {
    int32_t action = 0;
    headwater_document *record = NULL;
    snprintf(match, sizeof match, "{\"email\": \"p%d@acme.com\"}", i);
    if (headwater_record_assert(workspace, headwater_text("contact"), headwater_text(match),
                                headwater_text("{\"title\": \"CEO\"}"), &action, &record,
                                NULL) != 0)
      return NULL;
    made[i] += action == HEADWATER_ACTION_CREATED;
    headwater_document_free(record);
  }
  return NULL;
}

/* Reads until the workspace is closed. */
static void *read_on(void *argument) {
  int32_t status = HEADWATER_OK;
  headwater_error *error = NULL;
  while (status == HEADWATER_OK) {
    headwater_document *record = NULL;
    status = headwater_schema_get(workspace, headwater_text("contact"), &record, &error);
    headwater_document_free(record);
    if (status != HEADWATER_OK)
      break;
  }
  *(int32_t *)argument = status;
  headwater_error_free(error);
  return NULL;
}

static headwater_query *shared;
static _Atomic int records;

/* Counts the records of one query, a page each, together with others. */
static void *read_together(void *unused) {
  (void)unused;
  for (;;) {
    headwater_document *page = NULL;
    headwater_error *error = NULL;
    int32_t status = headwater_query_next(shared, &page, &error);
    if (status == HEADWATER_OK) {
      if (strstr((const char *)headwater_document_text(page).ptr, "\"data\":[{") != NULL)
        records++;
      headwater_document_free(page);
    } else if (status == HEADWATER_DONE) {
      return NULL;
    } else { /* the others are reading it */
      judge(status, error, 1, "query");
    }
  }
}

static void one_query(void) {
  must(headwater_query_open(workspace, headwater_text("contact"), headwater_text("{\"limit\": 1}"),
                            &shared, NULL));
  begin("headwater_query_next", "by several threads on one query");
  together(read_together);
  if (records != CALLS)
    complain("a record was not read once", records);
  headwater_query_free(shared);
}

static headwater_sync *running;

/* While a run is going on, nothing else is done with its sync, but it is cancelled. */
static void *meddle(void *argument) {
  headwater_document *report = NULL;
  headwater_error *error = NULL;
  begin("headwater_sync_run", "while another thread runs it");
  int32_t status = headwater_sync_run(running, &report, &error);
  judge(status, error, 1, "sync");
  begin("headwater_sync_check", "while another thread runs it");
  status = headwater_sync_check(running, &report, &error);
  judge(status, error, 1, "sync");
  headwater_sync_cancel(running);
  return argument;
}

static int32_t cancel_it(void *context, const headwater_progress *progress) {
  pthread_t other;
  (void)progress;
  /* From another thread, while the run is in this call. */
  start(&other, meddle, context);
  pthread_join(other, NULL);
  return 0;
}

static void cancelled_run(const char *folder) {
  char file[600], job[1200];
  snprintf(file, sizeof file, "%s/rows.jsonl", folder);
  FILE *rows = fopen(file, "w");
  if (rows == NULL)
    abort();
  for (int i = 0; i < 5000; i++)
    fprintf(rows, "{\"primary_email\": \"r%d@acme.com\"}\n", i);
  fclose(rows);
  snprintf(job, sizeof job,
           "[source]\nconnector = \"json\"\nconfig = { path = \"%s\" }\n[target]\n"
           "workspace = \"-\"\ncommit_rows = 100\n[[streams]]\nrecord_type = \"contact\"\n"
           "match = \"primary_email\"\n",
           file);
  headwater_sync_options options = {.struct_size = sizeof options, .workspace = workspace};
  options.progress = cancel_it;
  headwater_document *report = NULL;
  headwater_error *error = NULL;
  begin("headwater_sync_run", "cancelled from another thread");
  must(headwater_sync_open(headwater_text(job), headwater_text(folder), &options, &running, NULL));
  int32_t status = headwater_sync_run(running, &report, &error);
  if (status != HEADWATER_E_CANCELLED || headwater_error_code(error) != status)
    complain("expected cancelled", status);
  if (strstr((const char *)headwater_document_text(report).ptr, "\"stopped\"") == NULL)
    complain("there is no report of what was committed", status);
  headwater_document_free(report);
  headwater_error_free(error);
  headwater_sync_free(running);
}

int main(int count, char **arguments) {
  static int made[THREADS][CALLS];
  pthread_t threads[THREADS];
  int32_t ends[THREADS];
  if (count != 2)
    return 2;
  open_all(arguments[1]);

  begin("headwater_record_assert", "by several threads");
  for (int i = 0; i < THREADS; i++)
    start(&threads[i], work, made[i]);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  for (int call = 0; call < CALLS; call++) {
    int created = 0;
    for (int i = 0; i < THREADS; i++)
      created += made[i][call];
    if (created != 1)
      complain("a contact was not made once", created);
  }

  one_query();
  cancelled_run(arguments[1]);

  begin("headwater_workspace_close", "while others read");
  for (int i = 0; i < THREADS; i++)
    start(&threads[i], read_on, &ends[i]);
  must(headwater_workspace_close(workspace, NULL));
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    if (ends[i] != HEADWATER_E_INVALID_REQUEST)
      complain("a reader ended otherwise", ends[i]);
  }
  return end();
}
