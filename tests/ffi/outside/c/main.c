/* A program of somebody else's: keeps a contact in a workspace. */
#include <headwater.h>
#include <stdio.h>

int main(int count, char **arguments) {
  headwater_open_options options;
  headwater_workspace *workspace = NULL;
  headwater_document *record = NULL;
  headwater_error *error = NULL;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.flags = HEADWATER_OPEN_CREATE;
  if (count != 2 || headwater_library_version_number() != HEADWATER_VERSION_NUMBER)
    return 2;
  if (headwater_workspace_open(headwater_text(arguments[1]), &options, &workspace, &error) != 0 ||
      headwater_record_create(workspace, headwater_text("contact"),
                              headwater_text("{\"first_name\": \"Sarah\"}"), &record, &error) != 0)
    return 1;
  puts((const char *)headwater_document_text(record).ptr);
  headwater_document_free(record);
  headwater_workspace_free(workspace);
  return 0;
}
