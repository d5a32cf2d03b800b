// A connector in C++ that gives columns: numbers up to `n`, three in a batch. Where fewer are left,
// it throws when it has set them. Up to 100000 it keeps the contract; beyond, it breaks it in one
// way.
#include <headwater_connector.hpp>

#include <atomic>
#include <cstdio>

using namespace headwater::connector;

namespace {

// Structs that were made and not released.
std::atomic<int> held;

struct Owned {
  std::int64_t numbers[3];
  const void *buffers[2] = {nullptr, numbers};
  const void *root_buffers[1] = {nullptr};
  ArrowArray column{};
  ArrowArray *columns[1] = {&column};
};

void release_column(ArrowArray *array) { array->release = nullptr; }

void release_root(ArrowArray *array) {
  auto *owned = static_cast<Owned *>(array->private_data);
  if (owned->column.release != nullptr)
    owned->column.release(&owned->column);
  delete owned;
  array->release = nullptr;
  held--;
}

void release_schema(ArrowSchema *schema) {
  schema->release = nullptr;
  held--;
}

ArrowArray array_from(unsigned long first) {
  auto *owned = new Owned;
  for (int i = 0; i < 3; i++)
    owned->numbers[i] = static_cast<std::int64_t>(first) + i;
  owned->column.length = 3;
  owned->column.n_buffers = 2;
  owned->column.buffers = owned->buffers;
  owned->column.release = release_column;
  ArrowArray root{};
  root.length = 3;
  root.n_buffers = 1;
  root.buffers = owned->root_buffers;
  root.n_children = 1;
  root.children = owned->columns;
  root.release = release_root;
  root.private_data = owned;
  held++;
  return root;
}

ArrowSchema schema_of_numbers() {
  static ArrowSchema column{}, *columns[1] = {&column};
  column.format = "l";
  column.name = "number";
  column.release = [](ArrowSchema *) {};
  ArrowSchema root{};
  root.format = "+s";
  root.name = "";
  root.n_children = 1;
  root.children = columns;
  root.release = release_schema;
  held++;
  return root;
}

enum : unsigned long { TWO_POSITIONS = 100001, LINES_TOO, NO_CODE };

class Numbers : public Reader {
public:
  Numbers(unsigned long at, unsigned long end) : at_(at), end_(end) {}

  bool next(const Call &, Batch &batch) override {
    if (at_ >= end_)
      return false;
    auto array = array_from(at_ + 1);
    auto schema = schema_of_numbers();
    batch.set(array, schema, HEADWATER_NULL_IS_NULL);
    if (end_ == TWO_POSITIONS)
      batch.positions = {1, 2};
    if (end_ == LINES_TOO)
      batch.add(R"({"number": 7})");
    if (end_ == NO_CODE)
      throw Failure(HEADWATER_DONE, "the source vanished");
    if (end_ - at_ < 3)
      throw Failure(HEADWATER_E_SOURCE_DATA_INVALID, "fewer than three are left");
    at_ += 3;
    batch.checkpoint = std::to_string(at_);
    return true;
  }

private:
  unsigned long at_, end_;
};

class Columns {
public:
  static Description describe() {
    return {"columns", "0.1.0", R"({"type": "object", "properties": {"n": {"type": "integer"}}})"};
  }

  explicit Columns(std::string_view config) {
    const std::string text(config);
    char key[32] = "n", after = 0;
    const int found =
        std::sscanf(text.c_str(), " { \"%31[^\"]\" : %lu %c \"%31[^\"]", key, &end_, &after, key);
    if (found != 3 || after != '}' || std::string_view(key) != "n")
      throw Failure(HEADWATER_E_CONFIG_INVALID, "expected {\"n\": a whole number}").at_field(key);
  }

  std::vector<Stream> check(const Call &) {
    return {Stream{"numbers", HEADWATER_STREAM_FIELDS_COMPLETE, {Field{"number", "number"}}}};
  }

  std::unique_ptr<Reader> read(const Call &, const Request &request) {
    if (request.stream != "numbers" || !request.takes_arrow)
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

} // namespace

extern "C" int columns_held(void);
extern "C" int columns_held(void) { return held; }

HEADWATER_EXPORT_CONNECTOR(Columns);
