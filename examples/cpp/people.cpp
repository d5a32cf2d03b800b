// Opens a workspace, asserts a contact, runs a sync with progress, and queries what is there.
//
//   c++ -std=c++17 people.cpp $(pkg-config --cflags --libs headwater) -o people
//   ./people crm.db people.csv
#include <headwater.hpp>
#include <iostream>

int main(int count, char **arguments) try {
  if (count != 3) {
    std::cerr << "usage: people WORKSPACE CSV_FILE\n";
    return 2;
  }
  headwater::OpenOptions options;
  options.create = true;
  const headwater::Workspace workspace(arguments[1], options);

  const auto sarah =
      workspace.assert_("contact", R"({"email": "sarah.chen@acme.com"})", R"({"title": "CEO"})");
  const bool is_new = sarah.action == HEADWATER_ACTION_CREATED;
  std::cout << (is_new ? "created Sarah" : "Sarah is there") << '\n';

  const std::string job = R"([source]
connector = "csv"
config = { path = ')" + std::string(arguments[2]) +
                          R"(' }
[target]
workspace = "-"
[[streams]]
record_type = "contact"
match = "primary_email"
)";
  headwater::SyncOptions running;
  running.workspace = &workspace;
  running.progress = [](const headwater::Progress &progress) {
    std::cout << headwater::view(progress.source) << ": " << progress.read << " read, "
              << progress.created << " created, " << progress.rejected << " rejected\n";
    return true; // false stops the run
  };
  headwater::Sync::open(job, "", running).run();

  for (const auto &page : workspace.query("contact", R"({"limit": 2})"))
    std::cout << page.text() << '\n';

  // The same calls without exceptions.
  if (const auto nobody = workspace.attempt().get("contact", "nobody"); !nobody)
    std::cout << nobody.error().name() << " at " << nobody.error().field().value_or("") << '\n';
  return 0;
} catch (const headwater::Error &error) {
  std::cerr << error.what() << "\nhint: " << error.hint() << '\n';
  return 1;
}
