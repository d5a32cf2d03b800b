// Assigning to a Sync frees the old job before what its callbacks lead to.
#include <headwater.hpp>

#include <cstdio>
#include <dlfcn.h>
#include <string>

static std::string order;

// Stands before the library's: notes the call and passes it on.
extern "C" void headwater_sync_free(headwater_sync *sync) {
  order += "job ";
  reinterpret_cast<void (*)(headwater_sync *)>(dlsym(RTLD_NEXT, "headwater_sync_free"))(sync);
}

struct Noted {
  ~Noted() { order += "callbacks "; }
};

static headwater::Sync made(const char *folder) {
  headwater::SyncOptions options;
  options.log = [noted = std::make_shared<Noted>()](std::int32_t, std::string_view) {};
  return headwater::Sync::open("[source]\nconnector = \"nowhere\"\n[target]\nworkspace = "
                               "\"job.db\"\n[[streams]]\nrecord_type = \"contact\"\nmatch = "
                               "\"primary_email\"\n",
                               folder, std::move(options));
}

int main(int, char **arguments) {
  auto one = made(arguments[1]);
  auto other = made(arguments[1]);
  order.clear();
  one = std::move(other);
  if (order != "job callbacks ") {
    std::fprintf(stderr, "the order was: %s\n", order.c_str());
    return 1;
  }
  return 0;
}
