// What was done by work that fails: the error of the C++ wrapper has it, thrown or given.
#include <headwater.hpp>

#include <cstdio>
#include <string>
#include <type_traits>

static int failures = 0;

static void expect(bool is_so, const char *what) {
  if (is_so)
    return;
  std::fprintf(stderr, "%s\n", what);
  failures++;
}

static bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// One refused row keeps both from being written: each has an outcome that says so.
static void is_told(const headwater::Error &error) {
  expect(error.code() == HEADWATER_E_FIELD_VALUE_INVALID, "another error");
  const headwater::Unfinished *done = error.unfinished();
  if (done == nullptr || !done->outcomes)
    return expect(false, "nothing is said of what was done");
  expect(has(*done->outcomes, "{\"row\":1,\"error\":{\"code\":\"field_value_invalid\""),
         "the outcome of the refused row is lost");
  expect(has(done->report, "\"rejected\":1"), done->report.str().c_str());
}

static void bulk(const headwater::Workspace &workspace) {
  headwater_bulk_options options{};
  options.struct_size = sizeof options;
  options.flags = HEADWATER_BULK_ALL_OR_NOTHING;
  options.record_type = headwater::lend("contact");
  options.match_by = headwater::lend("primary_email");
  const char *rows = "{\"primary_email\": \"a@acme.com\"}\n{\"primary_email\": 7}\n";
  try {
    (void)workspace.bulk(options, rows);
    expect(false, "nothing was thrown");
  } catch (const headwater::Error &error) {
    is_told(error);
  }
  const auto result = workspace.attempt().bulk(options, rows);
  expect(!result, "it did not fail");
  is_told(result.error());

  options.mode = 99;
  const auto refused = workspace.attempt().bulk(options, rows);
  expect(!refused && refused.error().unfinished() == nullptr, "of what was refused, too");
}

static void run(const headwater::Workspace &workspace, const std::string &folder) {
  const std::string file = folder + "/rows.jsonl";
  std::FILE *rows = std::fopen(file.c_str(), "w");
  for (int i = 0; i < 5000; i++)
    std::fprintf(rows, "{\"primary_email\": \"r%d@acme.com\"}\n", i);
  std::fclose(rows);
  headwater::SyncOptions options;
  options.workspace = &workspace;
  options.progress = [](const headwater::Progress &) { return false; };
  const std::string job = "[source]\nconnector = \"json\"\nconfig = { path = '" + file +
                          "' }\n[target]\nworkspace = \"-\"\ncommit_rows = 100\n[[streams]]\n"
                          "record_type = \"contact\"\nmatch = \"primary_email\"\n";
  auto sync = headwater::Sync::open(job, folder, options);
  const auto result = sync.try_run();
  expect(!result && result.error().code() == HEADWATER_E_CANCELLED, "the run was not stopped");
  const auto *done = result ? nullptr : result.error().unfinished();
  expect(done != nullptr && has(done->report, "\"stopped\""), "the report of the run is lost");
}

// Text of a document that is not kept is a copy.
static_assert(std::is_same_v<decltype(std::declval<headwater::Document>().text()), std::string>);
static_assert(
    std::is_same_v<decltype(std::declval<const headwater::Document &>().text()), std::string_view>);

int main(int, char **arguments) try {
  const std::string folder = arguments[1];
  headwater::OpenOptions options;
  options.create = true;
  const headwater::Workspace workspace(folder + "/crm.db", options);
  bulk(workspace);
  run(workspace, folder);
  return failures == 0 ? 0 : 1;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
