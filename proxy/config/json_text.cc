#include "proxy/config/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

// Follows the parser through the text and remembers the keys of the objects that are open.
class DuplicateKeys {
 public:
  ConfigProblems problems;

  void follow(Json::parse_event_t event, const Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start: open(false); break;
      case Json::parse_event_t::array_start: open(true); break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end: open_.pop_back(); break;
      case Json::parse_event_t::key: key(parsed.get_ref<const std::string&>()); break;
      case Json::parse_event_t::value: element(); break;
    }
  }

 private:
  struct Open {
    bool array = false;
    std::size_t elements = 0;  // of an array, so far
    std::set<std::string> keys;
    std::string path;     // of the object or array itself
    std::string current;  // path of the member being read
  };

  void element() {
    if (open_.empty() || !open_.back().array) return;
    auto& array = open_.back();
    array.current = array.path + "[" + std::to_string(array.elements++) + "]";
  }
  void open(bool array) {
    element();
    std::string path = open_.empty() ? "" : open_.back().current;
    open_.push_back({.array = array, .elements = 0, .keys = {}, .path = path, .current = path});
  }
  void key(const std::string& name) {
    auto& object = open_.back();
    object.current = object.path.empty() ? name : object.path + "." + name;
    if (!object.keys.insert(name).second) problems.push_back({object.current, "stands here twice; keep one of them"});
  }

  std::vector<Open> open_;
};

// `text` from behind the first `mark`, if it has one.
std::string_view behind(std::string_view mark, std::string_view text) {
  const auto at = text.find(mark);
  return at == std::string_view::npos ? text : text.substr(at + mark.size());
}

// "line 3, column 14: " and what the parser found there.
std::string place(std::string_view text, const Json::parse_error& error) {
  const auto before = text.substr(0, std::min(error.byte == 0 ? 0 : error.byte - 1, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto line_start = before.rfind('\n');
  const auto column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  const auto what = behind(": ", behind("column ", error.what()));
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + std::string(what);
}

}  // namespace

std::expected<Json, ConfigProblems> parse_json_text(std::string_view text) {
  DuplicateKeys duplicates;
  try {
    Json json = Json::parse(
        text.begin(), text.end(),
        [&](int, Json::parse_event_t event, Json& parsed) {
          duplicates.follow(event, parsed);
          return true;
        },
        true, true);
    if (!duplicates.problems.empty()) return std::unexpected(duplicates.problems);
    return json;
  } catch (const Json::parse_error& error) {
    return std::unexpected(ConfigProblems{{"", place(text, error)}});
  } catch (const Json::exception& error) {  // a number beyond all bounds
    return std::unexpected(ConfigProblems{{"", std::string(behind("] ", error.what()))}});
  }
}

}  // namespace proxy
