// A connector of somebody else's, without any stream.
#include <headwater_connector.hpp>

struct Empty {
  static headwater::connector::Description describe() { return {"empty", "1.0.0", "{}"}; }
  explicit Empty(std::string_view) {}
  std::vector<headwater::connector::Stream> check(const headwater::connector::Call &) { return {}; }
  std::unique_ptr<headwater::connector::Reader> read(const headwater::connector::Call &,
                                                     const headwater::connector::Request &) {
    throw headwater::connector::Failure(HEADWATER_E_CONFIG_INVALID, "there is no stream");
  }
};

HEADWATER_EXPORT_CONNECTOR(Empty);
