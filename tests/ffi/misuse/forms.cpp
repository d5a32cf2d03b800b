// Calls on jobs and connectors fail in both forms alike: one throws what the other gives.
#include <headwater.hpp>

#include <cstdio>

static int complaints;

template <class Throwing, class Giving>
static void alike(const char *what, std::int32_t code, Throwing throwing, Giving giving) {
  std::int32_t thrown = HEADWATER_OK;
  try {
    throwing();
  } catch (const headwater::Error &error) {
    thrown = error.code();
  }
  const headwater::Result<headwater::Document> given = giving();
  const std::int32_t found = given ? HEADWATER_OK : given.error().code();
  if (thrown == code && found == code)
    return;
  std::fprintf(stderr, "%s: threw %d, gave %d, expected %d\n", what, thrown, found, code);
  complaints++;
}

int main(int, char **arguments) {
  const headwater::Connectors none{std::string_view(arguments[1])};
  alike(
      "search_path", HEADWATER_OK, [&] { none.search_path(); },
      [&] { return none.try_search_path(); });
  alike("list", HEADWATER_OK, [&] { none.list(); }, [&] { return none.try_list(); });
  alike(
      "test", HEADWATER_E_CONNECTOR_NOT_FOUND, [&] { none.test("nowhere"); },
      [&] { return none.try_test("nowhere"); });

  headwater::SyncOptions options;
  options.connectors = &none;
  auto sync = headwater::Sync::open("[source]\nconnector = \"nowhere\"\n[target]\nworkspace = "
                                    "\"job.db\"\n[[streams]]\nrecord_type = \"contact\"\nmatch = "
                                    "\"primary_email\"\n",
                                    arguments[1], options);
  const auto lost = HEADWATER_E_CONNECTOR_NOT_FOUND;
  alike("check", lost, [&] { sync.check(); }, [&] { return sync.try_check(); });
  alike("discover", lost, [&] { sync.discover(); }, [&] { return sync.try_discover(); });
  alike("estimate", lost, [&] { sync.estimate(); }, [&] { return sync.try_estimate(); });
  alike(
      "verify", HEADWATER_E_OPERATION_NOT_SUPPORTED, [&] { sync.verify(); },
      [&] { return sync.try_verify(); });
  return complaints;
}
