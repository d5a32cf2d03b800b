// The testee in C++: answers the conformance cases through headwater.hpp, a JSON object a line.
#include "../c/json.h"
#include "headwater.hpp"

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>

namespace {

using headwater::Document;
using headwater::Outcome;
using std::string;
using std::string_view;

struct Unsupported {
  string verb;
};

class Request {
public:
  explicit Request(json_value object) : object_(object) {}

  json_value value(const char *name) const { return json_member(object_, name); }
  bool has(const char *name) const { return value(name).at != nullptr; }
  bool is(const char *name, const char *word) const { return json_is(value(name), word); }
  // As it stands there, for JSON.
  string_view raw(const char *name) const {
    json_value found = value(name);
    return {found.at, found.length};
  }
  string text(const char *name) const {
    json_value found = value(name);
    string text(found.length, '\0');
    text.resize(json_text(found, text.data()));
    return text;
  }
  // An object of those of these arguments that are given.
  string object_of(std::initializer_list<const char *> names) const {
    string made = "{";
    for (const char *name : names)
      if (has(name))
        made += (made.size() > 1 ? ",\"" : "\"") + string(name) + "\":" + string(raw(name));
    return made + "}";
  }

private:
  json_value object_;
};

string quoted(std::optional<string_view> text) {
  if (!text)
    return "null";
  json_writer writer = {nullptr, 0, 0};
  json_add_text(&writer, text->data(), text->size());
  string made(writer.text, writer.length);
  std::free(writer.text);
  return made;
}

string fault(const headwater::Error &error) {
  return "{\"code\":" + quoted(error.name()) + ",\"field\":" + quoted(error.field()) +
         ",\"message\":" + quoted(error.message());
}

string error_json(const headwater::Error &error) {
  string retry = "\"never\"", details = "{\"errors\":[" + fault(error) + "}";
  if (error.retry() == HEADWATER_RETRY_BACKOFF)
    retry = "\"backoff\"";
  else if (error.retry() == HEADWATER_RETRY_AFTER)
    retry =
        "{\"after_seconds\":" + std::to_string(double(error.retry_after().count()) / 1000) + "}";
  for (const auto &other : error.related())
    details += "," + fault(other) + "}";
  details += "]}";
  return fault(error) + ",\"record\":" + quoted(error.record()) +
         ",\"hint\":" + quoted(error.hint()) + ",\"retry\":" + retry + ",\"details\":" + details +
         "}";
}

string data(const Document &document) { return "{\"data\":" + document.str() + "}"; }

// The outcome of an assert or an update; the wire knows no `unchanged`.
string asserted(const Outcome &outcome) {
  const string_view text = outcome.document;
  const Request record(json_value{text.data(), text.size()});
  const char *action = outcome.action == HEADWATER_ACTION_CREATED ? "created" : "updated";
  return "{\"id\":" + string(record.raw("id")) + ",\"data\":" + string(text) +
         ",\"meta\":{\"action\":\"" + action + "\"}}";
}

string is_new(const Outcome &outcome) {
  return outcome.action == HEADWATER_ACTION_CREATED ? ",\"is_new\":true}" : ",\"is_new\":false}";
}

class Testee {
public:
  // Throws a headwater::Error, or Unsupported.
  string answer(const Request &request) {
    const string verb = request.text("do");
    const auto found = verbs_.find(verb);
    if (found == verbs_.end())
      throw Unsupported{verb};
    return found->second(request);
  }

private:
  headwater::Workspace &workspace() { return *workspace_; }

  string open(const string &path, const Request &settings, bool create) {
    headwater::OpenOptions options;
    options.create = create;
    if (settings.has("duplicates"))
      options.rejects_duplicates = settings.text("duplicates") == "reject";
    if (settings.has("history"))
      options.keeps_history = settings.text("history") == "on";
    workspace_.reset();
    workspace_.emplace(path, options);
    return "null";
  }

  string seed(const Request &request) {
    const Document seeded =
        workspace().seed(request.object_of({"record_type", "attributes", "relationships"}));
    const Request outcomes(json_value{seeded.text().data(), seeded.text().size()});
    const Request first(json_element(outcomes.value("records"), json_value{nullptr, 0}));
    return data(workspace().get(request.text("record_type"), first.text("id")));
  }

  string query(const Request &request) {
    auto query = workspace().query(request.text("record_type"), request.raw("body"));
    for (const Document &page : query)
      return page.str();
    return "null";
  }

  string apply(const Request &request) {
    string lines, answer = "{\"outcomes\":[";
    json_value at = {nullptr, 0};
    while ((at = json_element(request.value("operations"), at)).at != nullptr)
      lines += string(at.at, at.length) + "\n";
    const std::uint64_t flags =
        (request.text("mode") == "all_or_nothing" ? HEADWATER_BATCH_ALL_OR_NOTHING : 0) |
        (request.is("records", "false") ? 0 : HEADWATER_BATCH_RECORDS);
    const Document outcomes = workspace().apply(lines, flags);
    for (char byte : outcomes.text())
      answer += byte == '\n' ? ',' : byte;
    if (answer.back() == ',')
      answer.pop_back();
    return answer + "]}";
  }

  string sync(const Request &request) {
    headwater::SyncOptions options;
    options.full = request.is("full", "true");
    return headwater::Sync::open(request.text("job"), folder_, options).run().str();
  }

  string begin(const Request &request) {
    folder_ = request.text("folder");
    return open(folder_ + "/crm.db", Request(request.value("workspace")), true);
  }

  string done(headwater::Done) { return "null"; }

  std::optional<headwater::Workspace> workspace_;
  string folder_;

  using R = const Request &;
  const std::map<string, std::function<string(R)>> verbs_ = {
      {"begin", [this](R r) { return begin(r); }},
      {"open", [this](R r) { return open(r.text("workspace"), r, r.is("create", "true")); }},
      {"end",
       [this](R) {
         if (workspace_)
           workspace_->close();
         workspace_.reset();
         return string("null");
       }},
      {"declare", [this](R r) { return workspace().declare(r.raw("body")).str(); }},
      {"seed", [this](R r) { return seed(r); }},
      {"create",
       [this](R r) {
         return data(workspace().create(r.text("record_type"), r.raw("attributes")));
       }},
      {"get", [this](R r) { return data(workspace().get(r.text("record_type"), r.text("id"))); }},
      {"patch",
       [this](R r) {
         return data(workspace().patch(r.text("record_type"), r.text("id"), r.raw("attributes")));
       }},
      {"archive",
       [this](R r) { return done(workspace().archive(r.text("record_type"), r.text("id"))); }},
      {"restore",
       [this](R r) { return data(workspace().restore(r.text("record_type"), r.text("id"))); }},
      {"history",
       [this](R r) {
         return workspace()
             .history(r.text("record_type"), r.text("id"), r.object_of({"limit", "cursor"}))
             .str();
       }},
      {"assert",
       [this](R r) {
         return asserted(
             workspace().assert_(r.text("record_type"), r.raw("match"), r.raw("attributes")));
       }},
      {"update",
       [this](R r) {
         return asserted(
             workspace().update(r.text("record_type"), r.raw("match"), r.raw("attributes")));
       }},
      {"query", [this](R r) { return query(r); }},
      {"schema", [this](R r) { return workspace().schema(r.text("record_type")).str(); }},
      {"pipelines", [this](R) { return workspace().pipelines().str(); }},
      {"apply", [this](R r) { return apply(r); }},
      {"sync", [this](R r) { return sync(r); }},
      {"snapshot",
       [this](R) {
         std::remove((folder_ + "/snapshot.db").c_str());
         return done(workspace().copy_to(folder_ + "/snapshot.db"));
       }},
      {"reset", [this](R) { return done(workspace().return_to(folder_ + "/snapshot.db")); }},
      {"add_item",
       [this](R r) {
         const Outcome added = workspace().add_item(r.text("record_type"), r.text("id"),
                                                    r.text("attribute"), r.raw("body"));
         return "{\"data\":" + added.document.str() + is_new(added);
       }},
      {"update_item",
       [this](R r) {
         return data(workspace().update_item(r.text("record_type"), r.text("id"),
                                             r.text("attribute"), r.text("item"), r.raw("body")));
       }},
      {"remove_item",
       [this](R r) {
         return done(workspace().remove_item(r.text("record_type"), r.text("id"),
                                             r.text("attribute"), r.text("item")));
       }},
      {"edges",
       [this](R r) {
         return workspace()
             .edges(r.text("record_type"), r.text("id"), r.text("relationship"),
                    r.object_of({"limit", "cursor"}))
             .str();
       }},
      {"add_edge",
       [this](R r) {
         const Outcome added = workspace().add_edge(r.text("record_type"), r.text("id"),
                                                    r.text("relationship"), r.raw("body"));
         string edge = added.document.str();
         edge.pop_back();
         return edge + is_new(added);
       }},
      {"update_edge",
       [this](R r) {
         return workspace()
             .update_edge(r.text("record_type"), r.text("id"), r.text("relationship"),
                          r.text("target"), r.raw("body"))
             .str();
       }},
      {"remove_edge",
       [this](R r) {
         return done(workspace().remove_edge(r.text("record_type"), r.text("id"),
                                             r.text("relationship"), r.text("target")));
       }},
  };
};

} // namespace

int main() {
  Testee testee;
  for (string line; std::getline(std::cin, line);) {
    const Request request(json_value{line.data(), line.size()});
    string response;
    try {
      response = "{\"ok\":" + testee.answer(request) + "}";
    } catch (const headwater::Error &error) {
      response = "{\"error\":" + error_json(error) + "}";
    } catch (const Unsupported &unknown) {
      response = "{\"unsupported\":" + quoted(unknown.verb) + "}";
    }
    std::cout << response << std::endl;
  }
  return 0;
}
