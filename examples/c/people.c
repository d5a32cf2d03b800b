/* Opens a workspace, asserts a contact, runs a sync with progress, and queries what is there.
 * cc people.c $(pkg-config --cflags --libs headwater) -o people && ./people crm.db people.csv */
#include <headwater.h>
#include <stdio.h>

static headwater_error *error;

/* Says why a call failed and ends. */
static int failed(void) {
  headwater_document *text = NULL;
  headwater_error_describe(error, &text, NULL);
  fprintf(stderr, "%s\n", (const char *)headwater_document_text(text).ptr);
  headwater_document_free(text);
  headwater_error_free(error);
  return 1;
}

static int32_t show(void *context, const headwater_progress *progress) {
  (void)context;
  printf("%.*s: %llu read, %llu created, %llu rejected\n", (int)progress->source.len,
         (const char *)progress->source.ptr, (unsigned long long)progress->read,
         (unsigned long long)progress->created, (unsigned long long)progress->rejected);
  return 0; /* anything else stops the run */
}

static int sync_file(headwater_workspace *workspace, const char *file) {
  char job[1024];
  snprintf(job, sizeof job,
           "[source]\nconnector = \"csv\"\nconfig = { path = '%s' }\n[target]\nworkspace = \"-\"\n"
           "[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n",
           file);
  headwater_sync_options options = {.struct_size = sizeof options};
  options.workspace = workspace;
  options.progress = show;
  headwater_sync *sync = NULL;
  headwater_document *report = NULL;
  if (headwater_sync_open(headwater_text(job), headwater_text(""), &options, &sync, &error) != 0)
    return failed();
  int32_t status = headwater_sync_run(sync, &report, &error);
  headwater_document_free(report);
  headwater_sync_free(sync);
  return status == HEADWATER_OK ? 0 : failed();
}

int main(int count, char **arguments) {
  if (count != 3)
    return fprintf(stderr, "usage: people WORKSPACE CSV_FILE\n"), 2;
  headwater_open_options options = {.struct_size = sizeof options, .flags = HEADWATER_OPEN_CREATE};
  headwater_workspace *workspace = NULL;
  if (headwater_workspace_open(headwater_text(arguments[1]), &options, &workspace, &error) != 0)
    return failed();

  int32_t action = 0;
  headwater_document *record = NULL;
  if (headwater_record_assert(workspace, headwater_text("contact"),
                              headwater_text("{\"email\": \"sarah.chen@acme.com\"}"),
                              headwater_text("{\"title\": \"CEO\"}"), &action, &record,
                              &error) != 0)
    return failed();
  puts(action == HEADWATER_ACTION_CREATED ? "created Sarah" : "Sarah is there");
  headwater_document_free(record);

  if (sync_file(workspace, arguments[2]) != 0)
    return 1;

  headwater_query *query = NULL;
  if (headwater_query_open(workspace, headwater_text("contact"), headwater_text("{\"limit\": 2}"),
                           &query, &error) != 0)
    return failed();
  headwater_document *page = NULL;
  while (headwater_query_next(query, &page, &error) == HEADWATER_OK) {
    puts((const char *)headwater_document_text(page).ptr);
    headwater_document_free(page);
  }
  headwater_query_free(query);
  headwater_workspace_free(workspace);
  return error == NULL ? 0 : failed();
}
