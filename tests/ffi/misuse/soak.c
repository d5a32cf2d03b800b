/* Calls of every kind, as many as the second argument says: memory must stay where it is. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

static long resident(void) {
  long pages = 0, all = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &all, &pages) != 2)
    abort();
  fclose(file);
  return pages;
}

/* Ten calls, one of which fails. */
static void round_of_calls(int number) {
  char match[64], id[64] = "";
  int32_t action = 0;
  headwater_document *made = NULL, *again = NULL, *page = NULL, *outcomes = NULL;
  headwater_query *opened = NULL;
  headwater_error *error = NULL;
  snprintf(match, sizeof match, "{\"email\": \"p%d@acme.com\"}", number % 50);
  must(headwater_record_assert(workspace, headwater_text("contact"), headwater_text(match),
                               headwater_text("{\"title\": \"CEO\"}"), &action, &made, NULL));
  sscanf((const char *)headwater_document_text(made).ptr, "{\"id\":\"%36[^\"]", id);
  must(
      headwater_record_get(workspace, headwater_text("contact"), headwater_text(id), &again, NULL));
  must(headwater_query_open(workspace, headwater_text("contact"), headwater_text("{\"limit\": 5}"),
                            &opened, NULL));
  must(headwater_query_next(opened, &page, NULL));
  if (headwater_record_create(workspace, headwater_text("contact"), headwater_text(match),
                              &outcomes, &error) != HEADWATER_E_UNKNOWN_FIELD)
    complain("expected unknown_field", 0);
  must(headwater_batch_apply(workspace, headwater_text("{\"do\": \"nothing\"}\n"), NULL, &outcomes,
                             NULL));
  headwater_document_free(made);
  headwater_document_free(again);
  headwater_document_free(page);
  headwater_document_free(outcomes);
  headwater_query_free(opened);
  headwater_error_free(error);
}

int main(int count, char **arguments) {
  if (count != 3)
    return 2;
  open_all(arguments[1]);
  const int rounds = atoi(arguments[2]) / 10;
  begin("every kind of call", "many times");
  for (int i = 0; i < 50; i++)
    round_of_calls(i);
  const long before = resident();
  for (int i = 0; i < rounds; i++)
    round_of_calls(i);
  const long after = resident();
  if (after > before + before / 5 + 256)
    complain("memory grew by so many pages", (int32_t)(after - before));
  return end();
}
