// A connector in C++: counts to `n`. Needs the headers alone.
//
//   c++ -std=c++17 -fPIC -shared count.cpp $(pkg-config --cflags headwater)
//     -o libheadwater_connector_count.so
#include <cstdio>
#include <headwater_connector.hpp>

using namespace headwater::connector;

class Numbers : public Reader {
public:
  Numbers(unsigned long at, unsigned long end) : at_(at), end_(end) {}

  bool next(const Call &call, Batch &batch) override {
    call.throw_if_cancelled();
    while (at_ < end_ && batch.count < 1000)
      batch.add("{\"number\": " + std::to_string(++at_) + "}");
    batch.checkpoint = std::to_string(at_);
    return batch.count > 0;
  }

private:
  unsigned long at_, end_;
};

class Count {
public:
  static Description describe() {
    return {"count", "0.1.0", R"({"type": "object", "properties": {"n": {"type": "integer"}}})"};
  }

  explicit Count(std::string_view config) {
    const std::string text(config);
    char key[32] = "n", after = 0;
    const int found = std::sscanf(text.c_str(), " { \"%31[^\"]\" : %lu %c", key, &end_, &after);
    if (found != 3 || std::string_view(key) != "n")
      throw Failure(HEADWATER_E_CONFIG_INVALID, "expected {\"n\": a whole number}").at_field(key);
    if (after != '}') {
      std::sscanf(text.c_str(), " { %*[^,] , \"%31[^\"]", key);
      throw Failure(HEADWATER_E_CONFIG_INVALID, "unknown key").at_field(key);
    }
  }

  std::vector<Stream> check(const Call &) {
    return {Stream{"numbers", HEADWATER_STREAM_FIELDS_COMPLETE, {Field{"number", "number"}}}};
  }

  std::unique_ptr<Reader> read(const Call &, const Request &request) {
    if (request.stream != "numbers")
      throw Failure(HEADWATER_E_CONFIG_INVALID, "expected the stream numbers").at_field("source");
    unsigned long at = 0;
    const std::string from(request.checkpoint);
    if (!from.empty() && std::sscanf(from.c_str(), "%lu", &at) != 1)
      throw Failure(HEADWATER_E_CHECKPOINT_INVALID, "the checkpoint is not one of this stream");
    return std::make_unique<Numbers>(at, end_);
  }

private:
  unsigned long end_ = 0;
};

HEADWATER_EXPORT_CONNECTOR(Count);
